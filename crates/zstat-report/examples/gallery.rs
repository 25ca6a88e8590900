//! Writes figures of every kind to a folder, to be looked at: `cargo run -p zstat-report --example gallery -- FOLDER`.

use std::path::PathBuf;
use std::{env, fs, io};

use zstat_report::figure::{
    Axis, Colour, Dash, Ellipse, Figure, Legend, Mark, Marker, Panel, Point, Scale, Series, Side,
};

fn main() -> io::Result<()> {
    let Some(folder) = env::args_os().nth(1).map(PathBuf::from) else {
        return Err(io::Error::other("say into which folder the figures go"));
    };
    fs::create_dir_all(&folder)?;
    let figures = [
        ("scan", scan()),
        ("training", training()),
        ("histogram", histogram()),
        ("benchmarks", benchmarks()),
        ("names", names()),
        ("densities", densities()),
        ("convergence", convergence()),
        ("crowded", crowded()),
        ("empty", empty()),
        ("large", large()),
    ];
    for (name, figure) in figures {
        fs::write(folder.join(name).with_extension("svg"), figure.svg())?;
    }
    Ok(())
}

fn curve(from: f64, to: f64, of: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let at = |i: i32| from + (to - from) * f64::from(i) / 100.0;
    (0..=100).map(|i| (at(i), of(at(i)))).collect()
}

/// Profile likelihoods.
fn scan() -> Figure {
    let label = |height: f64, text: &str| Series {
        colour: Colour::GREY,
        mark: Mark::Label { at: (3.8, height), side: Side::Above, text: text.to_owned() },
        ..Series::label(0.0, 0.0, "")
    };
    let panel = Panel {
        x: Axis { range: Some((-0.5, 4.0)), ..Axis::linear("signal strength μ") },
        y: Axis { range: Some((0.0, 9.0)), ..Axis::linear("−2Δ ln L") },
        series: vec![
            Series::horizontal("", 1.0),
            Series::horizontal("", 4.0),
            label(1.0, "68 %"),
            label(4.0, "95 %"),
            Series::line("observed", curve(-0.5, 4.0, |mu| ((mu - 0.9) / 0.45).powi(2))),
            Series {
                dash: Dash::Dashed,
                colour: Colour::Palette(1),
                ..Series::line("expected", curve(-0.5, 4.0, |mu| ((mu - 1.0) / 0.5).powi(2)))
            },
            Series {
                dash: Dash::Dotted,
                colour: Colour::Palette(2),
                ..Series::line("statistical only", curve(-0.5, 4.0, |mu| ((mu - 0.9) / 0.3).powi(2)))
            },
        ],
        ..Panel::default()
    };
    Figure::new("profile likelihood of the signal strength", vec![panel])
}

/// Bands around curves in two cases.
fn training() -> Figure {
    let panel = |case: usize, scale: f64| {
        let series = |index: usize, name: &str, level: f64| {
            let fall = move |epoch: f64| scale * (level + 0.4 * (-epoch / 25.0).exp());
            let wide = move |epoch: f64| 0.02 * scale * (1.0 + 1.5 * (-epoch / 40.0).exp());
            let line = curve(0.0, 200.0, fall);
            let band = line.iter().map(|&(x, y)| (x, y - wide(x), y + wide(x))).collect();
            let colour = Colour::Palette(index);
            [Series { colour, ..Series::band(name, band) }, Series { colour, ..Series::line(name, line) }]
        };
        Panel {
            title: format!("Case {case}"),
            x: Axis::linear("epoch"),
            y: Axis::linear("σ(μ)"),
            series: [
                series(0, "inference-aware", 0.35),
                series(1, "inference-aware, τ = 0.1", 0.42),
                series(2, "cross-entropy", 0.6),
            ]
            .concat(),
            ..Panel::default()
        }
    };
    Figure::new("expected uncertainty during training", vec![panel(1, 1.0), panel(2, 1e-4)])
}

/// Filled and outlined histograms, and data.
fn histogram() -> Figure {
    let edges: Vec<f64> = (0..=10).map(|i| f64::from(i) / 10.0).collect();
    let background: Vec<f64> = (0..10).map(|i| 5200.0 * (-0.75 * f64::from(i)).exp()).collect();
    let signal: Vec<f64> = (0..10).map(|i| 1.5 * (0.32 * f64::from(i)).exp()).collect();
    let total: Vec<f64> = background.iter().zip(&signal).map(|(b, s)| b + s).collect();
    let data = total.iter().enumerate().map(|(i, nu)| {
        let n = (nu + [0.7, -0.4, 1.1, 0.2, -0.9][i % 5] * nu.sqrt()).round().max(0.0);
        Point { x: f64::from(i as u32) / 10.0 + 0.05, y: n, down: n.sqrt(), up: (n + 0.75).sqrt() + 0.5 }
    });
    let panel = |title: &str, y: Axis| Panel {
        title: title.to_owned(),
        x: Axis::linear("output of the network"),
        y,
        series: vec![
            Series {
                filled: true,
                colour: Colour::Palette(1),
                ..Series::steps("background", edges.clone(), background.clone())
            },
            Series { colour: Colour::Palette(2), ..Series::steps("signal", edges.clone(), signal.clone()) },
            Series { colour: Colour::BLACK, ..Series::points("data", data.clone().collect()) },
        ],
        ..Panel::default()
    };
    Figure::new(
        "yields per bin",
        vec![panel("Logarithmic", Axis::log("events / bin")), panel("Linear", Axis::linear("events / bin"))],
    )
}

/// Points at names.
fn benchmarks() -> Figure {
    let series = |index: usize, name: &str, marker: Marker, filled: bool, shift: f64, level: f64| {
        let point = |i: u32| Point {
            x: f64::from(i) + shift,
            y: level - 0.04 * f64::from(i),
            down: 0.02,
            up: 0.03 + 0.01 * f64::from(i),
        };
        let points = (0..5).map(point).collect();
        Series { colour: Colour::Palette(index), marker, filled, ..Series::points(name, points) }
    };
    let panel = |case: usize, legend: Legend| Panel {
        title: format!("Case {case}"),
        x: Axis::categories("benchmark", &["B0", "B1", "B2", "B3", "B4"]),
        y: Axis::linear("σ(μ)"),
        series: vec![
            series(0, "paper", Marker::Circle, false, -0.15, 0.62),
            series(1, "zstat", Marker::Square, true, 0.0, 0.6),
            series(2, "zstat, cross-entropy", Marker::Triangle, true, 0.15, 0.75),
        ],
        legend,
    };
    Figure::new("benchmarks", vec![panel(1, Legend::Hidden), panel(2, Legend::Right)])
}

/// Long names, below and beside the axes.
fn names() -> Figure {
    let long = [
        "jet energy scale",
        "b-tagging, light jets",
        "luminosity",
        "pile-up",
        "tt̄ normalisation",
        "γ (bin 3)",
    ];
    let points = |along: bool| {
        let point = |i: u32| {
            let pull = [0.3, -0.7, 0.1, 1.2, -0.2, 0.5][i as usize];
            if along {
                Point { x: f64::from(i), y: pull, down: 0.9, up: 0.8 }
            } else {
                Point::new(pull, f64::from(i))
            }
        };
        (0..6).map(point).collect()
    };
    let below = Panel {
        x: Axis::categories("", &long),
        y: Axis { range: Some((-2.5, 2.5)), ..Axis::linear("pull") },
        series: vec![
            Series::horizontal("", 0.0),
            Series { colour: Colour::BLACK, ..Series::points("", points(true)) },
        ],
        ..Panel::default()
    };
    let beside = Panel {
        x: Axis { range: Some((-2.5, 2.5)), ..Axis::linear("pull") },
        y: Axis::categories("", &long),
        series: vec![
            Series::vertical("", 0.0),
            Series { colour: Colour::BLACK, ..Series::points("", points(false)) },
        ],
        ..Panel::default()
    };
    Figure { width: 1000.0, ..Figure::new("pulls", vec![below, beside]) }
}

/// Contours and words.
fn densities() -> Figure {
    let contours = |centre: (f64, f64), radii: (f64, f64)| {
        let at = |factor: f64| Ellipse { centre, radii: (factor * radii.0, factor * radii.1) };
        [1.0, 2.0].map(at).to_vec()
    };
    let series = |index: usize, name: &str, centre: (f64, f64), radii: (f64, f64)| Series {
        colour: Colour::Palette(index),
        ..Series::ellipses(name, contours(centre, radii))
    };
    let panel = Panel {
        x: Axis::linear("x₁"),
        y: Axis::linear("x₂"),
        series: vec![
            series(0, "background", (0.0, 0.0), (1.0, 1.0)),
            series(1, "background, α = 1", (0.4, 0.8), (1.0, 1.0)),
            series(2, "signal", (1.0, 1.0), (0.7, 0.5)),
            Series::label(1.0, 1.0, "S"),
            Series::label(2.4, -1.5, "a < b & \"c\""),
            Series::label(2.35, 2.6, "long words at the right end"),
        ],
        ..Panel::default()
    };
    Figure { width: 480.0, height: 440.0, ..Figure::new("densities", vec![panel]) }
}

/// Logarithms on both axes, missing values.
fn convergence() -> Figure {
    let points = (0..9).map(|i| {
        let x = 10f64.powi(i - 7);
        let y = if i == 4 { f64::NAN } else { 1e-2 * x.powf(0.8) };
        (x, y)
    });
    let with_bars = points.clone().map(|(x, y)| Point { x, y, down: 0.999 * y, up: y });
    let panel = Panel {
        x: Axis::log("learning rate"),
        y: Axis::log("|gradient − difference|"),
        series: vec![
            Series::line("", points.clone().collect()),
            Series::points("differences", with_bars.collect()),
            Series { colour: Colour::Palette(4), ..Series::vertical("chosen", 1e-3) },
        ],
        ..Panel::default()
    };
    let narrow = Panel {
        x: Axis { range: Some((2e-6, 3e-5)), ..Axis::log("a part of a decade") },
        y: Axis { range: Some((1e-20, 1.0)), ..Axis::log("p-value") },
        series: vec![Series::line("p", curve(2e-6, 3e-5, |x| 10f64.powf(-x * 6e5)))],
        ..Panel::default()
    };
    Figure::new("convergence", vec![panel, narrow])
}

/// All corners taken.
fn crowded() -> Figure {
    let wave = |index: usize| {
        let phase = 0.7 * index as f64;
        Series {
            colour: Colour::Palette(index),
            ..Series::line(&format!("phase {phase:.1}"), curve(0.0, 30.0, move |x| (x + phase).sin()))
        }
    };
    let panel = |y: Axis, legend: Legend| Panel {
        x: Axis::linear("t (s)"),
        y,
        series: (0..6).map(wave).collect(),
        legend,
        ..Panel::default()
    };
    let fixed = Axis { range: Some((-1.2, 1.2)), ..Axis::linear("fixed range") };
    Figure {
        width: 1100.0,
        ..Figure::new(
            "waves",
            vec![panel(Axis::linear("free range"), Legend::Auto), panel(fixed, Legend::Right)],
        )
    }
}

/// Nothing to show.
fn empty() -> Figure {
    let nothing = Series::line("nothing", vec![(f64::NAN, 1.0)]);
    let panel = |x, y| Panel { x, y, series: vec![nothing.clone()], ..Panel::default() };
    let names = Axis { scale: Scale::Categories(Vec::new()), ..Axis::linear("names") };
    Figure {
        height: 250.0,
        ..Figure::new(
            "nothing",
            vec![panel(Axis::linear("x"), Axis::linear("y")), panel(names, Axis::log("y"))],
        )
    }
}

/// Powers of ten beside the axes, clipped curves, and long labels.
fn large() -> Figure {
    let panel = Panel {
        title: "A title that is long enough that it would leave the frame at its usual size".to_owned(),
        x: Axis { range: Some((0.0, 4e6)), ..Axis::linear("events") },
        y: Axis {
            range: Some((0.0, 2e-5)),
            ..Axis::linear("a label of an axis that is much too long for its axis, with unit (GeV)")
        },
        series: vec![
            Series::line("steep", curve(0.0, 4e6, |x| 1e-5 * (x / 1e6 - 1.0).powi(3))),
            Series {
                colour: Colour::Palette(2),
                dash: Dash::Dashed,
                ..Series::line("far", vec![(1e6, 1e-5), (2e6, 1e200), (3e6, 1e-6)])
            },
        ],
        ..Panel::default()
    };
    let narrow = Panel {
        x: Axis { range: Some((1e6, 1_000_001.0)), ..Axis::linear("x") },
        y: Axis::linear("y"),
        series: vec![Series::points("one point", vec![Point::new(1_000_000.5, 3.0)])],
        ..Panel::default()
    };
    Figure { width: 800.0, ..Figure::new("large", vec![panel, narrow]) }
}
