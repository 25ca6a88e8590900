//! The loss of significance, ΔZ, on its three normals: both cases, beside cross-entropy and what is possible.

use std::fmt::Write as _;

use serde_json::{Value, json};
use zstat_core::normal::upper_tail;
use zstat_report::figure::{Axis, Colour, Dash, Ellipse, Figure, Legend, Panel, Series};

use super::figures::{self, Table};
use super::lab::Lab;
use super::page;
use crate::reproduce::Setting;

/// Events expected, and means: of the signal and of both backgrounds. Covariances are the unit matrix.
const MEANS: [[f64; 2]; 3] = [[4.0, 7.0], [2.0, 5.0], [2.0, 10.0]];
const CASES: [(&str, &str, [f64; 3]); 2] =
    [("delta-z", "Case 1", [300.0, 3e3, 3e5]), ("delta-z-2", "Case 2", [300.0, 3e5, 3e3])];

/// What is trained: how it is told, and the label of its run.
const LOSSES: [(&str, &str); 3] =
    [("ΔZ, ε = S", "usual"), ("ΔZ, ε = 100 S", "large"), ("cross-entropy", "bce")];

/// Events of the background that the best cuts leave at least: as in the paper.
const LEAST: f64 = 5.0;

/// Makes the section.
pub fn run(setting: &Setting) -> anyhow::Result<()> {
    let lab = Lab::new(setting)?;
    let mut text = String::from(
        "## ΔZ\n\n`delta-z`, from `specs/delta-z.yaml` and `specs/delta-z-2.yaml`: a linear classifier of two features, 50 000 events of each process,\n15 epochs of RAdam on the features as they are, Z = s/√b. F is the score. Cross-entropy is that of all events by their yields\n(`balanced: false`), as in the paper. The means are read off the published figures, unit covariances are assumed. The best cut is the one with\nthe largest Z<sub>A</sub> on validation events (with 10 effective ones of the background at least); what it is worth is measured on other events.\nThe best cuts there are have the largest s/√b with 5 expected events of the background or more.\n",
    );
    for (name, title, yields) in CASES {
        writeln!(
            text,
            "\n### {title}\n\n| loss | boundary F = 0 | Z at F = 0 (efficiency) | Z of the best cut (efficiency) | of b1, b2 | Z<sub>A</sub> there |\n|---|---|---|---|---|---|"
        )?;
        let mut warned = Vec::new();
        for (what, label) in LOSSES {
            let mut spec = lab.spec(name)?;
            spec["train"]["loss"] = match label {
                "usual" => json!({"type": "delta_z"}),
                "large" => json!({"type": "delta_z", "epsilon": 100.0 * yields[0]}),
                _ => json!({"type": "bce", "balanced": false}),
            };
            let result = lab.changed(&format!("{name}-{label}"), &spec, &[])?;
            writeln!(text, "| {what} | {} |", row(&lab, &format!("{name}-{label}"), &result, yields)?)?;
            let warnings = result["status"]["warnings"].as_array().cloned().unwrap_or_default();
            let told =
                warnings.iter().filter_map(Value::as_str).map(|w| w.strip_prefix("delta_z: ").unwrap_or(w));
            warned.extend(told.map(|w| format!("- {what}: {w}\n")));
        }
        let (best, efficiency) = best_line(yields);
        writeln!(text, "| *best linear cut there is* | | | {best:.2} ({efficiency:.2}) | | |")?;
        let (best, efficiency) = best_region(yields);
        writeln!(text, "| *best cut on the ratio of densities* | | | {best:.1} ({efficiency:.2}) | | |")?;
        writeln!(text, "\nWhat the runs say:\n\n{}", warned.concat())?;
    }
    text.push_str(
        "\nPublished, read off figures: case 1 ΔZ 4.52 at efficiency 0.50, boundary of slope 1.51; cross-entropy 4.22 at 0.18. Without any cut Z is\n0.545.\n",
    );
    text.push_str(&figures::put(setting, "delta-z-boundaries", &boundaries(&lab)?)?);
    text.push_str(&figures::put(setting, "delta-z-cuts", &cuts(&lab)?)?);
    page::put(setting, "delta-z", &text)
}

/// Where the score is 0, over contours of the three normals.
fn boundaries(lab: &Lab) -> anyhow::Result<Figure> {
    let mut panels = Vec::new();
    for (name, title, yields) in CASES {
        let mut series = Vec::new();
        for ((centre, process), colour) in MEANS.iter().zip(["signal", "b1", "b2"]).zip([5, 4, 3]) {
            let rings =
                [1.0, 2.0].map(|radius| Ellipse { centre: (centre[0], centre[1]), radii: (radius, radius) });
            let colour = Colour::Palette(colour);
            series.push(Series { colour, ..Series::ellipses(process, rings.to_vec()) });
        }
        for (at, (what, label)) in LOSSES.into_iter().enumerate() {
            let [w1, w2, c] = plane(lab, &format!("{name}-{label}"))?;
            let line = [-2.0, 8.0].map(|x| (x, -(w1 * x + c) / w2)).to_vec();
            let dash = if at == 2 { Dash::Dashed } else { Dash::Solid };
            series.push(Series { colour: Colour::Palette(at), dash, ..Series::line(what, line) });
        }
        let events: Vec<String> = yields.iter().map(|n| format!("{n:.0}")).collect();
        let title = format!("{title}: {} events", events.join(", "));
        let x = Axis { range: Some((-2.0, 8.0)), ..Axis::linear("x1") };
        let y = Axis { range: Some((1.0, 14.0)), ..Axis::linear("x2") };
        let legend = if panels.is_empty() { Legend::Hidden } else { Legend::Right };
        panels.push(Panel { title, x, y, series, legend });
    }
    Ok(Figure::new(
        "Decision boundaries of ΔZ and cross-entropy (kept is what lies right of them and below) over one and two standard deviations of the signal, b1 and b2, whose events stand above",
        panels,
    ))
}

/// Z of every cut on the score, by the efficiency of the signal.
fn cuts(lab: &Lab) -> anyhow::Result<Figure> {
    let mut panels = Vec::new();
    for (name, title, _) in CASES {
        let mut series = Vec::new();
        for (at, (what, label)) in LOSSES.into_iter().enumerate() {
            let path = lab.run_folder(&format!("{name}-{label}")).join("thresholds.csv");
            let line = Table::read(&path)?.only("events", "evaluation").pairs("efficiency", "s_over_sqrt_b");
            let line = line.into_iter().filter(|(efficiency, _)| *efficiency > 0.02).collect();
            let dash = if at == 2 { Dash::Dashed } else { Dash::Solid };
            series.push(Series { colour: Colour::Palette(at), dash, ..Series::line(what, line) });
        }
        let x = Axis { range: Some((0.0, 1.0)), ..Axis::linear("efficiency of the signal") };
        let legend = if panels.is_empty() { Legend::Hidden } else { Legend::Right };
        panels.push(Panel { title: title.to_owned(), x, y: Axis::linear("s/√b"), series, legend });
    }
    Ok(Figure::new("s/√b of cuts on the score, from events that training never saw", panels))
}

fn row(lab: &Lab, label: &str, result: &Value, yields: [f64; 3]) -> anyhow::Result<String> {
    let plane = plane(lab, label)?;
    let (z, efficiency) = at_line(plane, yields);
    let cut = &result["evaluation"]["seeds"][0]["cut"]["z_asimov"]["evaluation"];
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    let of = |name: &str| number(&cut["efficiencies"][name]);
    let [w1, w2, c] = plane;
    Ok(format!(
        "x2 = {:.2} x1 {} {:.2} | {z:.2} ({efficiency:.2}) | {:.3} ± {:.3} ({:.2}) | {:.3}, {:.4} | {:.2}",
        -w1 / w2,
        if c / w2 > 0.0 { "−" } else { "+" },
        (c / w2).abs(),
        number(&cut["s_over_sqrt_b"]["value"]),
        number(&cut["s_over_sqrt_b"]["mc_error"]),
        number(&cut["efficiency"]),
        of("b1"),
        of("b2"),
        number(&cut["z_asimov"]["value"]),
    ))
}

/// w1, w2 and c of the score w1 x1 + w2 x2 + c, from three corners of the grid that the run left.
fn plane(lab: &Lab, label: &str) -> anyhow::Result<[f64; 3]> {
    let text = std::fs::read_to_string(lab.run_folder(label).join("boundary.csv"))?;
    let rows: Vec<[f64; 3]> = text
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut numbers = line.split(',').map(|cell| cell.parse().unwrap_or(f64::NAN));
            Some([numbers.next()?, numbers.next()?, numbers.next()?])
        })
        .collect();
    let [first, last] = [rows.first(), rows.last()].map(|row| row.copied().unwrap_or([f64::NAN; 3]));
    let corner = |x: f64, y: f64| rows.iter().find(|row| row[0] == x && row[1] == y);
    let [right, up] =
        [corner(last[0], first[1]), corner(first[0], last[1])].map(|row| row.map_or(f64::NAN, |row| row[2]));
    let (w1, w2) = ((right - first[2]) / (last[0] - first[0]), (up - first[2]) / (last[1] - first[1]));
    Ok([w1, w2, first[2] - w1 * first[0] - w2 * first[1]])
}

/// Z and the efficiency of the signal where w1 x1 + w2 x2 + c is positive: normal tails.
fn at_line([w1, w2, c]: [f64; 3], yields: [f64; 3]) -> (f64, f64) {
    let size = w1.hypot(w2);
    let part = |mean: [f64; 2]| upper_tail(-(w1 * mean[0] + w2 * mean[1] + c) / size);
    let [s, b1, b2] = MEANS.map(part);
    (s * yields[0] / (b1 * yields[1] + b2 * yields[2]).sqrt(), s)
}

/// The best of all half-planes, by looking at all directions and places.
fn best_line(yields: [f64; 3]) -> (f64, f64) {
    let mut best = (0.0, 0.0);
    for degree in 0..3600 {
        let angle = f64::from(degree) * std::f64::consts::PI / 1800.0;
        let (w1, w2) = (angle.cos(), angle.sin());
        for place in 0..400 {
            let at = w1 * MEANS[0][0] + w2 * MEANS[0][1] - 3.0 + 0.015 * f64::from(place);
            let found = at_line([w1, w2, -at], yields);
            let background = (found.1 * yields[0] / found.0).powi(2);
            if found.0 > best.0 && background >= LEAST {
                best = found;
            }
        }
    }
    best
}

/// The best of all regions: cells of a fine grid in the order of signal over background.
fn best_region(yields: [f64; 3]) -> (f64, f64) {
    let step = 0.02;
    let mut cells = Vec::new();
    for i in 0..700 {
        for j in 0..900 {
            let x = [-4.0 + step * (f64::from(i) + 0.5), -1.0 + step * (f64::from(j) + 0.5)];
            let density = |mean: [f64; 2]| {
                let r2 = (x[0] - mean[0]).powi(2) + (x[1] - mean[1]).powi(2);
                step * step * (-0.5 * r2).exp() / std::f64::consts::TAU
            };
            let [s, b1, b2] = MEANS.map(density);
            let cell = [yields[0] * s, yields[1] * b1 + yields[2] * b2];
            // Far out both are 0.
            cells.push((cell, cell[0] / cell[1].max(f64::MIN_POSITIVE)));
        }
    }
    cells.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let (mut s, mut b, mut best) = (0.0, 0.0, (0.0, 0.0));
    for (cell, _) in cells {
        s += cell[0];
        b += cell[1];
        let z = s / b.sqrt();
        if z > best.0 && b >= LEAST {
            best = (z, s / yields[0]);
        }
    }
    best
}
