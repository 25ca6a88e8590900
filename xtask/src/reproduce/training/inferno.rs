//! The mixture of INFERNO: trained for B2 and for B4, against cross-entropy, against what is possible.

use std::fmt::Write as _;

use serde_json::Value;

use super::lab::{Lab, cell, measurement};
use super::page;
use crate::reproduce::Setting;

const BENCHMARKS: [&str; 5] = ["B0", "B1", "B2", "B3", "B4"];
/// Medians of the paper, as printed.
const PUBLISHED: [(&str, [f64; 5]); 5] = [
    ("cross-entropy", [14.99, 18.94, 23.94, 21.54, 26.71]),
    ("for B2", [15.71, 16.87, 16.95, 16.88, 18.67]),
    ("for B4", [15.71, 16.89, 16.95, 16.88, 18.68]),
    ("exact classifier, 10 bins", [14.97, 19.12, 24.93, 22.13, 27.98]),
    ("unbinned likelihood", [14.71, 15.52, 15.65, 15.62, 16.89]),
];

/// Makes the section.
pub fn run(setting: &Setting) -> anyhow::Result<()> {
    let lab = Lab::new(setting)?;
    let bce = lab.shipped("inferno-bce", "inferno-bce", &["--seeds", "10"])?;
    let b2 = lab.shipped("inferno-b2", "inferno", &["--seeds", "10"])?;
    let b4 = lab.shipped("inferno-b4", "inferno", &["--seeds", "10", "--measurement", "B4"])?;
    let mut text = String::from(
        "## INFERNO's mixture\n\n`inferno`, from `specs/inferno.yaml` and `specs/inferno-bce.yaml`: standard deviation of the signal (50 events over 1000) on the five\nbenchmarks, 24 epochs of 200 000 events of each process, 10 seeds, counted with 500 000 others.\n\n\
         | | B0 | B1 | B2 | B3 | B4 |\n|---|---|---|---|---|---|\n",
    );
    for (name, of, published) in
        [("cross-entropy, 10 uniform bins", &bce, 0), ("trained for B2", &b2, 1), ("trained for B4", &b4, 2)]
    {
        let cells = BENCHMARKS.map(|b| cell(measurement(of, Some(b)), "sigma_poi", 2));
        writeln!(text, "| {name} | {} |", cells.join(" | "))?;
        writeln!(text, "| *published* | {} |", printed(published))?;
    }
    for (name, key, published) in [
        ("exact classifier, 10 uniform bins", "optimal_classifier", 3),
        ("unbinned likelihood", "analytical", 4),
    ] {
        let limit = |b: &str| measurement(&b2, Some(b))["limits"][key].as_f64();
        let cells = BENCHMARKS.map(|b| limit(b).map_or("n/a".to_owned(), |limit| format!("{limit:.2}")));
        writeln!(text, "| {name} | {} |", cells.join(" | "))?;
        writeln!(text, "| *published* | {} |", printed(published))?;
    }
    text.push_str(&cross_check(&lab, &b2)?);
    text.push_str(&losses(&b2));
    page::put(setting, "inferno", &text)
}

fn printed(row: usize) -> String {
    PUBLISHED[row].1.map(|sigma| format!("{sigma:.2}")).join(" | ")
}

/// The width of a fit of the workspace that the first seed left.
fn cross_check(lab: &Lab, result: &Value) -> anyhow::Result<String> {
    let first = &result["evaluation"]["seeds"][0];
    let seed = first["seed"].as_u64().unwrap_or(1);
    let workspace = lab.run_folder("inferno-b2").join(format!("seed-{seed}/workspace.yaml"));
    let workspace = workspace.display().to_string();
    let mut worst = 0.0_f64;
    for benchmark in BENCHMARKS {
        let fit = lab.command(&["fit", &workspace, "--measurement", benchmark])?;
        let parameters = fit["parameters"].as_array().cloned().unwrap_or_default();
        let s = parameters.iter().find(|parameter| parameter["name"] == "s");
        let width = s.and_then(|s| s["uncertainty"].as_f64()).unwrap_or(f64::NAN);
        let all = first["measurements"].as_array().cloned().unwrap_or_default();
        let told = all.iter().find(|of| of["measurement"] == benchmark);
        let told = told.and_then(|of| of["metrics"]["sigma_poi"]["value"].as_f64()).unwrap_or(f64::NAN);
        let off = (width / told - 1.0).abs();
        worst = if off.is_nan() { f64::NAN } else { worst.max(off) };
    }
    Ok(format!(
        "\n`zstat fit` of the workspace that seed {seed} left gives the same five widths, to {worst:.0e} of themselves at worst.\n"
    ))
}

/// The loss of training, which is never the result.
fn losses(result: &Value) -> String {
    let last = result["loss"]["final"].as_f64().unwrap_or(f64::NAN);
    let sigma =
        result["evaluation"]["seeds"][0]["metrics"]["sigma_poi"]["value"].as_f64().unwrap_or(f64::NAN);
    format!(
        "The mean loss of the last epoch's steps, as a standard deviation, is {:.2} for that seed, where the independent value is {sigma:.2}.\n",
        (0.5 * last).exp()
    )
}
