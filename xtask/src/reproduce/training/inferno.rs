//! The mixture of INFERNO: trained for B2 and for B4, against cross-entropy, against what is possible.

use std::fmt::Write as _;

use serde_json::Value;
use zstat_report::figure::{Axis, Colour, Dash, Figure, Marker, Panel, Point, Series};

use super::figures::{self, Table};
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
        "## INFERNO's mixture\n\n`inferno`, from `specs/inferno.yaml` and `specs/inferno-bce.yaml`: standard deviation of the signal, in events\n(50 over a background of 1000), on the five benchmarks, 24 epochs, 10 seeds, counted with 500 000 events of each process that training\nnever saw. In B0 nothing else is free, in B1 the shift r of the background, in B2 r and the rate λ of its third feature, in B3 both with\nconstraints, in B4 its number of events, too, to 10 %. Cross-entropy is trained with 100 000 events of each process, as in the paper\n(with 200 000 it comes nearer to the exact classifier, which is worse on B2 to B4), `inferno` with 200 000.\n\n\
         | | B0 | B1 | B2 | B3 | B4 |\n|---|---|---|---|---|---|\n",
    );
    for (name, of, published) in
        [("cross-entropy, 10 uniform bins", &bce, 0), ("trained for B2", &b2, 1), ("trained for B4", &b4, 2)]
    {
        let cells = BENCHMARKS.map(|b| cell(measurement(of, Some(b)), "sigma_poi", 2));
        writeln!(text, "| {name} | {} |", cells.join(" | "))?;
        writeln!(text, "| *published* | {} |", printed(published))?;
    }
    let exact = |b: &str| {
        let sigma = &measurement(&b2, Some(b))["optimal_classifier"]["sigma_poi"];
        match (sigma["value"].as_f64(), sigma["mc_error"].as_f64()) {
            (Some(value), Some(error)) => format!("{value:.2} ± {error:.2}"),
            (Some(value), None) => format!("{value:.2}"),
            _ => "n/a".to_owned(),
        }
    };
    let unbinned = |b: &str| {
        let limit = measurement(&b2, Some(b))["limits"]["analytical"].as_f64();
        limit.map_or("n/a".to_owned(), |limit| format!("{limit:.2}"))
    };
    writeln!(text, "| exact classifier, 10 uniform bins | {} |", BENCHMARKS.map(exact).join(" | "))?;
    writeln!(text, "| *published* | {} |", printed(3))?;
    writeln!(text, "| unbinned likelihood | {} |", BENCHMARKS.map(unbinned).join(" | "))?;
    writeln!(text, "| *published* | {} |", printed(4))?;
    text.push_str(&figures::put(setting, "inferno-benchmarks", &benchmarks(&bce, &b2, &b4))?);
    text.push_str(&figures::put(setting, "inferno-training", &trainings(&lab, &b2)?)?);
    text.push_str("\nThe validation events are a fifth of the training's, and fewer than those of the result: their σ(s) scatters by as much as the lines do.\n");
    text.push_str(&cross_check(&lab, &b2)?);
    text.push_str(&losses(&b2));
    page::put(setting, "inferno", &text)
}

/// Medians with their bands on all benchmarks, beside the published ones and what is possible.
fn benchmarks(bce: &Value, b2: &Value, b4: &Value) -> Figure {
    let mut series = Vec::new();
    let all =
        [("cross-entropy", bce, 0, -0.12), ("trained for B2", b2, 1, 0.0), ("trained for B4", b4, 2, 0.12)];
    for (at, (name, of, published, aside)) in all.into_iter().enumerate() {
        let point = |(x, benchmark): (usize, &str)| {
            let metric = &measurement(of, Some(benchmark))["metrics"]["sigma_poi"];
            let [value, low, high] =
                ["value", "low", "high"].map(|key| metric[key].as_f64().unwrap_or(f64::NAN));
            Point { x: x as f64 + aside, y: value, down: value - low, up: high - value }
        };
        let found = BENCHMARKS.into_iter().enumerate().map(point).collect();
        let printed = PUBLISHED[published].1.iter().enumerate();
        let printed = printed.map(|(x, y)| Point::new(x as f64 + aside + 0.05, *y)).collect();
        let colour = Colour::Palette(at);
        series.push(Series { colour, ..Series::points(name, found) });
        let label = format!("{name}, published");
        series.push(Series {
            colour,
            filled: false,
            marker: Marker::Square,
            ..Series::points(&label, printed)
        });
    }
    let limit = |b: &str| measurement(b2, Some(b))["limits"]["analytical"].as_f64().unwrap_or(f64::NAN);
    let limits = BENCHMARKS.into_iter().enumerate().map(|(x, b)| (x as f64, limit(b))).collect();
    series.push(Series {
        colour: Colour::GREY,
        dash: Dash::Dashed,
        ..Series::line("unbinned likelihood", limits)
    });
    let (x, y) = (Axis::categories("benchmark", &BENCHMARKS), Axis::linear("σ(s) [events]"));
    let title = "σ(s) of INFERNO's mixture on its benchmarks: medians and middle 68 % of ten seeds";
    Figure::new(title, vec![Panel { x, y, series, ..Panel::default() }])
}

/// σ(s) of the validation events along ten trainings for B2.
fn trainings(lab: &Lab, b2: &Value) -> anyhow::Result<Figure> {
    let mut series = Vec::new();
    for seed in 1..=10 {
        let table = Table::read(&lab.run_folder("inferno-b2").join(format!("seed-{seed}/curves.csv")))?;
        let name = if seed == 1 { "validation events, ten seeds" } else { "" };
        let line = Series::line(name, table.pairs("epoch", "validation.sigma_poi"));
        series.push(Series { width: 1.0, colour: Colour::Palette(0), ..line });
    }
    let published = PUBLISHED[1].1[2];
    series.push(Series {
        dash: Dash::Dashed,
        ..Series::horizontal("published median of the result", published)
    });
    let limit = measurement(b2, Some("B2"))["limits"]["analytical"].as_f64().unwrap_or(f64::NAN);
    let limit = Series::horizontal("unbinned likelihood", limit);
    series.push(Series { colour: Colour::GREY, dash: Dash::Dotted, ..limit });
    let (x, y) = (Axis::linear("epoch"), Axis::linear("σ(s) on B2 [events]"));
    let title = "σ(s) on B2 of the validation events, in hard bins, along the training for B2";
    Ok(Figure::new(title, vec![Panel { x, y, series, ..Panel::default() }]))
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
