//! The two-dimensional mixture after the poster of 2018.

use std::fmt::Write as _;

use serde_json::json;

use super::lab::{Lab, cell, measurement};
use super::page;
use crate::reproduce::Setting;

const MEASUREMENTS: [&str; 3] = ["known", "free", "constrained"];

/// Makes the section.
pub fn run(setting: &Setting) -> anyhow::Result<()> {
    let lab = Lab::new(setting)?;
    let inferno = lab.shipped("mixture-2d", "mixture-2d", &["--seeds", "10"])?;
    let mut spec = lab.spec("mixture-2d")?;
    spec["train"]["loss"] = json!("bce");
    spec["train"]["summary"] = json!({"type": "sigmoid_edges", "bins": 10});
    let bce = lab.changed("mixture-2d-bce", &spec, &["--seeds", "10"])?;
    let mut text = String::from(
        "## Two-dimensional mixture\n\n`mixture-2d`, from `specs/mixture-2d.yaml`: a reconstruction of a poster's example, whose parameters were not published. σ(μ) with the\nshift of the background known, free, and constrained to ± 0.4 in units of the feature; 10 seeds.\n\n\
         | | known | free | constrained |\n|---|---|---|---|\n",
    );
    for (name, of) in [("cross-entropy, 10 uniform bins", &bce), ("`inferno`, trained for free", &inferno)] {
        let cells = MEASUREMENTS.map(|m| cell(measurement(of, Some(m)), "sigma_poi", 4));
        writeln!(text, "| {name} | {} |", cells.join(" | "))?;
    }
    for (name, key) in
        [("exact classifier, 10 uniform bins", "optimal_classifier"), ("unbinned likelihood", "analytical")]
    {
        let limit = |m: &str| measurement(&inferno, Some(m))["limits"][key].as_f64().unwrap_or(f64::NAN);
        writeln!(text, "| {name} | {} |", MEASUREMENTS.map(|m| format!("{:.4}", limit(m))).join(" | "))?;
    }
    text.push_str(
        "\nThe poster has 0.444 ± 0.003 for cross-entropy and 0.437 ± 0.008 for `inferno`, a difference of 0.8 standard deviations.\n",
    );
    page::put(setting, "mixture-2d", &text)
}
