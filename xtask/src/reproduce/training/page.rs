//! The page: sections between marks, each replaced by itself.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::reproduce::Setting;

/// All sections, in order.
const SECTIONS: &[&str] =
    &["inferno", "neos", "delta-z", "mixture-2d", "closed-forms", "cross-table", "training-speed"];

const HEAD: &str = "# Results of trainings

Each section is made by `cargo xtask reproduce NAME` from a spec under `specs/`, with the name that stands in its first line. Numbers of
trainings are of events that the training never saw, counted in hard bins; ± is the error from the limited number of these events, and
square brackets are the range of the middle 68 % of the seeds. Published numbers are the medians of the papers where nothing else is
said.
";

/// Puts a section in its place.
pub fn put(setting: &Setting, name: &str, text: &str) -> anyhow::Result<()> {
    let path = path(setting);
    let old = fs::read_to_string(&path).unwrap_or_default();
    let mut page = HEAD.to_owned();
    for section in SECTIONS {
        let content = if *section == name { Some(text.trim()) } else { between(&old, section) };
        if let Some(content) = content {
            page.push_str(&format!("\n{}\n{content}\n{}\n", begin(section), end(section)));
        }
    }
    fs::write(&path, page).with_context(|| format!("{}", path.display()))
}

fn path(setting: &Setting) -> PathBuf {
    setting.root.join("docs/src/results/training.md")
}

fn begin(section: &str) -> String {
    format!("<!-- {section} -->")
}

fn end(section: &str) -> String {
    format!("<!-- end of {section} -->")
}

fn between<'t>(page: &'t str, section: &str) -> Option<&'t str> {
    let from = page.find(&begin(section))? + begin(section).len();
    let to = page.find(&end(section))?;
    page.get(from..to).map(str::trim)
}
