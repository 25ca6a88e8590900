//! README.md and every page of the guide: what they show is what this build does.

use std::fs;
use std::path::PathBuf;

use super::markdown::Page;
use super::support::{bless, root, same};

fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    let mut folders = vec![root().join("docs/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(ending) if ending == "md" => pages.push(path),
                _ => {}
            }
        }
    }
    pages.sort();
    pages
}

#[test]
fn pages_show_what_this_build_does() {
    let mut commands = 0;
    let mut faults = Vec::new();
    for path in pages() {
        let outcome = Page::read(&path).run();
        commands += outcome.commands;
        faults.extend(outcome.faults);
        if same(&outcome.kept, &outcome.text) {
            continue;
        }
        if bless() {
            fs::write(&path, outcome.text).unwrap();
        } else {
            let name = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
            faults.push(format!(
                "{name}: first difference: {}",
                first_difference(&outcome.kept, &outcome.text)
            ));
        }
    }
    assert!(faults.is_empty(), "{}\n(ZSTAT_BLESS=1 rewrites the outputs)", faults.join("\n"));
    assert!(commands > 30, "only {commands} commands were run");
}

fn first_difference(kept: &str, now: &str) -> String {
    let different = kept.lines().zip(now.lines()).enumerate().find(|(_, (kept, now))| !same(kept, now));
    match different {
        Some((line, (kept, now))) => format!("line {}\n  shown  {kept}\n  now    {now}", line + 1),
        None => format!("{} lines shown, {} now", kept.lines().count(), now.lines().count()),
    }
}

#[test]
fn every_page_is_in_the_summary_and_every_link_leads_somewhere() {
    let folder = root().join("docs/src");
    let summary = fs::read_to_string(folder.join("SUMMARY.md")).unwrap();
    for path in pages().into_iter().filter(|path| path.starts_with(&folder)) {
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        assert!(
            name == "SUMMARY.md" || summary.contains(&format!("({name})")),
            "{name} is not in the summary"
        );
        let text = fs::read_to_string(&path).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = target.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            assert!(path.parent().unwrap().join(target).exists(), "{name}: no {target}");
        }
    }
}

#[test]
fn every_command_and_every_modifier_has_a_page() {
    for command in super::help::COMMANDS {
        assert!(root().join(format!("docs/src/commands/{command}.md")).exists(), "{command}");
    }
    let schema: serde_json::Value = super::support::run("schema workspace").exits(0).json();
    let kinds = schema["$defs"]["Modifier"]["properties"]["type"]["oneOf"].as_array().unwrap().clone();
    assert_eq!(kinds.len(), 7);
    for kind in kinds.iter().map(|kind| &kind["const"]) {
        let page = root().join(format!("docs/src/modifiers/{}.md", kind.as_str().unwrap()));
        let text = fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        for section in ["## Formula", "## Parameters", "## Dialects", "## Example"] {
            assert!(text.contains(section), "{}: no {section}", page.display());
        }
    }
}
