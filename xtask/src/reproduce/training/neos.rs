//! The blobs of neos.

use std::fmt::Write as _;

use serde_json::{Value, json};
use zstat_report::figure::{Axis, Colour, Dash, Figure, Legend, Panel, Series};

use super::figures::{self, Table};
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
    text.push_str(&figures::put(setting, "neos-training", &trainings(&lab)?)?);
    text.push_str("\nThe validation events of the figure are few, 1500 of each blob, where the table has 100 000: bins with nearly no background are off by\nmuch. Published are the best of a training's steps, here the last.\n");
    let seeds = both["evaluation"]["seeds"].as_array().cloned().unwrap_or_default();
    let cls = seeds.iter().filter_map(|seed| seed["metrics"]["cls"]["value"].as_f64());
    if let Some(worst) = cls.max_by(f64::total_cmp) {
        writeln!(text, "The worst of the ten seeds ends at a CLs of {}, still on its way.", small(worst))?;
    }
    page::put(setting, "neos", &text)
}

/// CLs and σ(μ) of the validation events along ten trainings on both.
fn trainings(lab: &Lab) -> anyhow::Result<Figure> {
    let panel = |column: &str, y: Axis, published: f64| {
        let mut series = Vec::new();
        for seed in 1..=10 {
            let table = Table::read(&lab.run_folder("neos").join(format!("seed-{seed}/curves.csv")))?;
            let name = if seed == 1 { "validation events, ten seeds" } else { "" };
            let line = Series::line(name, table.pairs("epoch", column));
            series.push(Series { width: 1.0, colour: Colour::Palette(0), ..line });
        }
        let published = Series::horizontal("published", published);
        series.push(Series { colour: Colour::GREY, dash: Dash::Dashed, ..published });
        Ok(Panel {
            x: Axis::linear("epoch of three steps"),
            y,
            series,
            legend: Legend::Auto,
            ..Panel::default()
        })
    };
    let panels: anyhow::Result<Vec<Panel>> = [
        panel("validation.cls", Axis::log("CLs"), 8.6e-7),
        panel("validation.sigma_poi", Axis::linear("σ(μ)"), 0.263),
    ]
    .into_iter()
    .collect();
    Ok(Figure::new("CLs and σ(μ) of the blobs of neos along the training on both", panels?))
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
