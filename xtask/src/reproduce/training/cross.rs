//! Every loss on every example.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::lab::{Lab, measurement, small};
use super::page;
use crate::reproduce::Setting;

/// An example: its spec, how it is made shorter, and the measurement that is trained for.
struct Toy {
    spec: &'static str,
    what: &'static str,
    measurement: Option<&'static str>,
    /// In place of the spec's.
    events: u64,
    epochs: u64,
    /// A summary of one score, for losses of single events; for others, too, where there is no other.
    one_score: fn() -> Value,
    /// For losses of templates.
    binned: Option<fn() -> Value>,
    /// Nuisance parameters are free.
    nuisances: bool,
}

const TOYS: [Toy; 5] = [
    Toy {
        spec: "inferno",
        what: "INFERNO's mixture, benchmark B2",
        measurement: Some("B2"),
        events: 50_000,
        epochs: 12,
        one_score: || json!({"type": "sigmoid_edges", "bins": 10}),
        binned: Some(|| json!({"type": "softmax", "bins": 10, "temperature": 0.1})),
        nuisances: true,
    },
    Toy {
        spec: "mixture-2d",
        what: "The two-dimensional mixture, shift of the background free",
        measurement: Some("free"),
        events: 50_000,
        epochs: 12,
        one_score: || json!({"type": "sigmoid_edges", "bins": 10}),
        binned: Some(|| json!({"type": "softmax", "bins": 10, "temperature": 0.1})),
        nuisances: true,
    },
    Toy {
        spec: "neos",
        what: "The blobs of neos",
        measurement: None,
        events: 7500,
        epochs: 50,
        one_score: || json!({"type": "bkde", "bins": 4, "bandwidth": 0.09}),
        binned: Some(|| json!({"type": "bkde", "bins": 4, "bandwidth": 0.09, "train_edges": true})),
        nuisances: true,
    },
    Toy {
        spec: "delta-z",
        what: "The three normals of ΔZ, case 1, a linear classifier",
        measurement: None,
        events: 50_000,
        epochs: 12,
        one_score: || json!({"type": "sigmoid_edges", "bins": 10}),
        binned: None,
        nuisances: false,
    },
    Toy {
        spec: "delta-z-2",
        what: "The three normals of ΔZ, case 2, a linear classifier",
        measurement: None,
        events: 50_000,
        epochs: 12,
        one_score: || json!({"type": "sigmoid_edges", "bins": 10}),
        binned: None,
        nuisances: false,
    },
];

/// A loss with its options, and whether it is one of single events.
const LOSSES: [(&str, bool); 8] = [
    ("bce", true),
    ("delta_z", true),
    ("s_over_sqrt_b", false),
    ("asimov", false),
    ("inferno", false),
    ("discovery", false),
    ("cls", false),
    ("generalised_variance", false),
];

/// Trainings of each pair.
const SEEDS: u64 = 3;

/// Makes the section.
pub fn run(setting: &Setting) -> anyhow::Result<()> {
    let lab = Lab::new(setting)?;
    let mut text = String::from(
        "## Losses on all examples\n\n`cross-table`: each loss on each example, three seeds, medians; where not all seeds have a number, of how many it is. Losses of single events have one score in uniform bins, the others the\nbins of the example's spec; fewer events and epochs than there. A loss that leaves a bin without events has a second row, with the penalty\n`minimum_background`. The last row is the exact classifier of signal and background\nin as many uniform bins, which other bins may beat; in parentheses σ of the unbinned likelihood, which nothing beats.\n",
    );
    for toy in &TOYS {
        writeln!(text, "\n### {}\n", toy.what)?;
        text.push_str("| loss | σ(poi) | Z₀ | Z<sub>A</sub> | s/√b | CLs |\n|---|---|---|---|---|---|\n");
        let (mut limits, mut notes) = (None, Notes::default());
        for (loss, of_events) in LOSSES {
            let floors: &[bool] = if of_events { &[false] } else { &[false, true] };
            for &floor in floors {
                let (row, is_empty) = match one(&lab, toy, loss, of_events, floor) {
                    Ok(result) => {
                        let of = measurement(&result, toy.measurement);
                        let row = (cells(of, &mut notes), ran_empty(&of["missing"].to_string()));
                        limits = Some(result);
                        row
                    }
                    Err(why) => (format!("{} | | | | ", notes.not_there(&why)), ran_empty(&why)),
                };
                let what = if floor { ", at least 10 events of background" } else { "" };
                writeln!(text, "| `{loss}`{what} | {row} |")?;
                if !is_empty {
                    break;
                }
            }
        }
        if let Some(result) = limits {
            writeln!(
                text,
                "| *exact classifier (unbinned)* | {} |",
                limit(measurement(&result, toy.measurement), &mut notes)
            )?;
        }
        for (at, why) in notes.0.iter().enumerate() {
            writeln!(text, "\n({}) {why}", at + 1)?;
        }
    }
    page::put(setting, "cross-table", &text)
}

/// Whether it is for want of events in a bin that something is not there.
fn ran_empty(why: &str) -> bool {
    why.contains("expects 0 events") || why.contains("the expectation 0 of bin")
}

/// Trains, with a floor under the background of every bin or without; why not where it makes no sense or has no result.
fn one(lab: &Lab, toy: &Toy, loss: &str, of_events: bool, floor: bool) -> Result<Value, String> {
    if loss == "generalised_variance" && !toy.nuisances {
        return Err("there is one parameter, so it is `inferno`".to_owned());
    }
    let mut spec = lab.spec(toy.spec).map_err(|error| error.to_string())?;
    let penalty = json!({"type": "minimum_background", "events": 10, "weight": 10});
    spec["train"]["loss"] = if floor { json!([{"type": loss}, penalty]) } else { json!({"type": loss}) };
    let summary = if of_events { toy.one_score } else { toy.binned.unwrap_or(toy.one_score) };
    spec["train"]["summary"] = summary();
    spec["train"]["optimiser"] = json!({"type": "adam", "learning_rate": 3e-3, "schedule": "cosine"});
    spec["train"]["standardise"] = json!(true);
    spec["train"]["events"] = json!(toy.events);
    spec["train"]["epochs"] = json!(toy.epochs);
    spec["evaluate"] = json!({"events": 200_000});
    let label = format!("cross-{}-{loss}{}", toy.spec, if floor { "-floor" } else { "" });
    lab.changed(&label, &spec, &["--seeds", &SEEDS.to_string()]).map_err(|error| {
        let text = error.to_string();
        let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        // What the program says, without the command.
        let told = line.split_once("error: ").map_or(line, |(_, told)| told);
        told.trim().replace('|', "\\|")
    })
}

/// Why numbers are not there, each reason once.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    fn not_there(&mut self, why: &str) -> String {
        let known = self.0.iter().position(|note| note == why);
        let at = known.unwrap_or_else(|| {
            self.0.push(why.to_owned());
            self.0.len() - 1
        });
        format!("n/a ({})", at + 1)
    }
}

fn cells(of: &Value, notes: &mut Notes) -> String {
    let number = |name: &str| of["metrics"][name]["value"].as_f64();
    // A median of fewer seeds than others is of other trainings.
    let of_seeds = |name: &str| match of["metrics"][name]["seeds"].as_u64() {
        Some(seeds) if seeds < SEEDS => format!(" ({seeds} of {SEEDS})"),
        _ => String::new(),
    };
    let why = |name: &str| of["missing"][name].as_str().unwrap_or("no reason was told").to_owned();
    let sigma = number("sigma_poi").map(|sigma| format!("{sigma:.4}"));
    Row { number: &number, of_seeds: &of_seeds, why: &why }.cells(sigma, notes)
}

fn limit(of: &Value, notes: &mut Notes) -> String {
    let number = |name: &str| of["optimal_classifier"][name]["value"].as_f64();
    let sigma = number("sigma_poi").map(|sigma| match of["limits"]["analytical"].as_f64() {
        Some(unbinned) => format!("{sigma:.4} ({unbinned:.4})"),
        None => format!("{sigma:.4}"),
    });
    let why = |_: &str| "the exact classifier leaves a bin without background".to_owned();
    Row { number: &number, of_seeds: &|_| String::new(), why: &why }.cells(sigma, notes)
}

/// What a row is made of, by the metric's name.
struct Row<'a> {
    number: &'a dyn Fn(&str) -> Option<f64>,
    /// Of how many seeds it is, where not of all.
    of_seeds: &'a dyn Fn(&str) -> String,
    /// Why it is not there.
    why: &'a dyn Fn(&str) -> String,
}

impl Row<'_> {
    fn cells(&self, sigma: Option<String>, notes: &mut Notes) -> String {
        let fixed = |name: &str| (self.number)(name).map(|value| format!("{value:.3}"));
        let cells = [
            ("sigma_poi", sigma),
            ("z0", fixed("z0")),
            ("z_asimov", fixed("z_asimov")),
            ("s_over_sqrt_b", fixed("s_over_sqrt_b")),
            ("cls", (self.number)("cls").map(small)),
        ];
        let cells = cells.map(|(name, cell)| match cell {
            Some(cell) => format!("{cell}{}", (self.of_seeds)(name)),
            None => notes.not_there(&(self.why)(name)),
        });
        cells.join(" | ")
    }
}
