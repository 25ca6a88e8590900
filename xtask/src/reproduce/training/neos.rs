//! The blobs of neos.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::lab::{Lab, small};
use super::page;
use crate::reproduce::Setting;

/// Makes the section.
pub fn run(setting: &Setting) -> anyhow::Result<()> {
    let lab = Lab::new(setting)?;
    let mut text = String::from(
        "## neos\n\n`neos`, from `specs/neos.yaml`: three blobs, four learnt bins, 150 steps, 10 seeds.\n\n\
         | trained on | CLs | σ(μ) | Z of a discovery |\n|---|---|---|---|\n",
    );
    let mut spec = lab.spec("neos")?;
    let both = lab.changed("neos", &spec, &["--seeds", "10"])?;
    for (what, loss) in [("CLs alone", "cls"), ("σ(μ) alone", "inferno"), ("a discovery alone", "discovery")]
    {
        spec["train"]["loss"] = json!({ "type": loss });
        let result = lab.changed(&format!("neos-{loss}"), &spec, &["--seeds", "10"])?;
        writeln!(text, "| {what} | {} |", row(&result))?;
    }
    writeln!(text, "| CLs and σ(μ), as in the spec | {} |", row(&both))?;
    text.push_str("| *published, best of 60 steps* | 8.6e-7 | 0.263 | 3.64 (trained for it) |\n");
    text.push_str("| no background at all | 2.5e-10 | 0.2236 | |\n");
    let sigma = &both["evaluation"]["measurements"][0]["optimal_classifier"];
    if let Some(sigma) = sigma["sigma_poi"]["value"].as_f64() {
        writeln!(
            text,
            "\nThe exact classifier of the nominal blobs in four uniform bins has σ(μ) = {sigma:.4}."
        )?;
    }
    page::put(setting, "neos", &text)
}

/// Medians and bands.
fn row(result: &Value) -> String {
    let metrics = &result["evaluation"]["metrics"];
    let of = |name: &str| ["value", "low", "high"].map(|key| metrics[name][key].as_f64().unwrap_or(f64::NAN));
    let [cls, cls_low, cls_high] = of("cls").map(small);
    let [sigma, sigma_low, sigma_high] = of("sigma_poi");
    let [z, z_low, z_high] = of("z0");
    format!(
        "{cls} [{cls_low}, {cls_high}] | {sigma:.4} [{sigma_low:.4}, {sigma_high:.4}] | {z:.2} [{z_low:.2}, {z_high:.2}]"
    )
}
