//! Speed of trainings: the steps against their matrix products, two threads against one, and PyTorch.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::lab::Lab;
use super::page;
use crate::reproduce::Setting;
use crate::reproduce::timing::{Timer, median, number, python, ratio, time};
use crate::{output, say};

/// Times that zstat and PyTorch take turns.
const TURNS: usize = 3;

/// A training that is timed: loss, units of hidden layers, batch, events of each process.
const CASES: [(&str, &[u64], u64, u64); 4] = [
    ("inferno", &[100, 100], 1000, 50_000),
    ("inferno", &[10, 10], 1000, 50_000),
    ("bce", &[100, 100], 64, 50_000),
    ("bce", &[10, 10], 64, 50_000),
];

/// Makes the section.
pub fn run(setting: &Setting) -> anyhow::Result<()> {
    let lab = Lab::new(setting)?;
    let mut text = String::from(
        "## Speed\n\n`training-speed --peers DIR`, where DIR is an environment with PyTorch: the events and networks of INFERNO's mixture. A step is one of an\nepoch, with choosing its events and with its part of the validation after the epoch; medians of three runs that take turns.\n\n\
         | loss | network | events a step | threads | zstat | PyTorch | PyTorch / zstat |\n|---|---|---|---|---|---|---|\n",
    );
    let (mut whole, mut speedup) = (Value::Null, f64::NAN);
    let mut steps = String::from(
        "\nWhere the time of a step of `inferno` goes, in µs: choosing events (`events`), the network there and back (`network`), from scores to\nyields of bins and back (`summary`), from yields to the loss and its derivatives (`loss`), the optimiser (`update`). The step has its part\nof the validation, too.\n\n| network | threads | events | network | summary | loss | update | step |\n|---|---|---|---|---|---|---|---|\n",
    );
    for (loss, hidden, batch, events) in CASES {
        let mut of_threads = [f64::NAN; 2];
        let shape: Vec<String> = hidden.iter().map(u64::to_string).collect();
        for threads in [1, 2] {
            say(&format!("{loss} {hidden:?}, {threads} threads"));
            let (mut mine, mut theirs) = (Vec::new(), Vec::new());
            for turn in 0..TURNS {
                mine.push(zstat(&lab, (loss, hidden, batch, events), threads, turn)?);
                theirs.push(torch(setting, (loss, hidden, batch, events), threads)?);
            }
            mine.sort_by(|a: &Value, b| number(a, "step_s").total_cmp(&number(b, "step_s")));
            let timing = mine.swap_remove(TURNS / 2);
            let (mine, theirs) = (number(&timing, "step_s"), median(theirs));
            of_threads[threads - 1] = mine;
            if loss == "inferno" {
                steps.push_str(&row_of_parts(&shape.join("-"), threads, &timing));
            }
            if (loss, hidden, threads) == (CASES[0].0, CASES[0].1, 1) {
                whole = timing;
            }
            let rows = if loss == "inferno" { 6 * batch } else { 2 * batch };
            writeln!(
                text,
                "| `{loss}` | 3-{}-{} | {rows} | {threads} | {} | {} | {} |",
                shape.join("-"),
                if loss == "inferno" { 10 } else { 1 },
                time(mine),
                time(theirs),
                ratio(theirs / mine)
            )?;
        }
        if (loss, hidden) == (CASES[0].0, CASES[0].1) {
            speedup = of_threads[0] / of_threads[1];
        }
    }
    writeln!(text, "\nWith two threads steps of 3-100-100-10 are {speedup:.2} times as fast as with one.")?;
    text.push_str(&steps);
    text.push_str(&parts(setting, &whole)?);
    say("24 epochs");
    let all = lab.shipped("speed-inferno", "inferno", &[])?;
    let timing = &all["timing"];
    writeln!(
        text,
        "\nThe 24 epochs of `specs/inferno.yaml` take {} on two cores, its events {}, its evaluation with all limits {}.",
        time(number(timing, "train_s")),
        time(number(timing, "events_s")),
        time(number(timing, "evaluate_s"))
    )?;
    page::put(setting, "training-speed", &text)
}

fn row_of_parts(shape: &str, threads: usize, timing: &Value) -> String {
    let parts = ["events_s", "network_s", "summary_s", "loss_s", "update_s"];
    let parts = parts.map(|part| format!("{:.0}", 1e6 * number(&timing["step"], part)));
    format!("| 3-{shape}-10 | {threads} | {} | {:.0} |\n", parts.join(" | "), 1e6 * number(timing, "step_s"))
}

/// The seconds of a training's parts.
fn zstat(
    lab: &Lab,
    (loss, hidden, batch, events): (&str, &[u64], u64, u64),
    threads: usize,
    turn: usize,
) -> anyhow::Result<Value> {
    let mut spec = lab.spec("inferno")?;
    spec["train"]["network"] = json!({"hidden": hidden, "activation": "relu"});
    spec["train"]["loss"] = json!({"type": loss});
    if loss == "bce" {
        spec["train"]["summary"] = json!({"type": "sigmoid_edges", "bins": 10});
    }
    spec["train"]["batch"] = json!(batch);
    spec["train"]["events"] = json!(events);
    spec["train"]["validation"] = json!(1000);
    spec["train"]["epochs"] = json!(4);
    spec["evaluate"] = json!({"events": 2000});
    // Each turn is a training of its own: what is done is not done again.
    let units: Vec<String> = hidden.iter().map(u64::to_string).collect();
    let label = format!("speed-{loss}-{}-{threads}-{turn}-{}", units.join("-"), std::process::id());
    let result = lab.changed(&label, &spec, &["--threads", &threads.to_string()])?;
    Ok(result["timing"].clone())
}

fn torch(
    setting: &Setting,
    (loss, hidden, batch, events): (&str, &[u64], u64, u64),
    threads: usize,
) -> anyhow::Result<f64> {
    let Some(peers) = &setting.peers else { return Ok(f64::NAN) };
    let units: Vec<String> = hidden.iter().map(u64::to_string).collect();
    let mut command = Command::new(python(peers)?);
    command.arg(setting.root.join("xtask/peers/training_torch.py"));
    command.args(["--loss", loss, "--hidden", &units.join(","), "--batch", &batch.to_string()]);
    command.args(["--events", &events.to_string(), "--epochs", "4", "--threads", &threads.to_string()]);
    let row: Value = serde_json::from_str(output(&mut command)?.trim())?;
    Ok(number(&row, "step_s"))
}

/// The step beside its matrix products, and losses by themselves.
fn parts(setting: &Setting, timing: &Value) -> anyhow::Result<String> {
    let step = number(timing, "step_s");
    say("products and losses");
    let network = Timer::build(setting, "zstat-train", "network")?;
    let shape = "6000x3-[100, 100]-10 Relu";
    let row = network.measure(&[], Path::new(shape))?;
    let products = 1e-6 * number(&row[shape], "products_us");
    let network = 1e-6 * number(&row[shape], "step_us");
    let mut text = format!(
        "\nMeasured apart, on one core and without what stands around them: the matrix products of a step of 6000 events through 3-100-100-10 take\n{}, the network there and back {}. The whole step, {}, is {:.2} times the products.\n",
        time(products),
        time(network),
        time(step),
        step / products
    );
    let losses = Timer::build(setting, "zstat-losses", "losses")?;
    for (spec, loss) in [("inferno", "inferno"), ("neos", "cls"), ("neos", "discovery")] {
        let file = setting.root.join(format!("crates/zstat-losses/benches/{spec}.yaml"));
        let row = losses.measure(&[loss], &file)?;
        let seconds = number(&row, loss);
        writeln!(
            text,
            "The loss `{loss}` of the templates of {spec} with its gradient takes {}{}, measured apart.",
            time(seconds),
            if spec == "inferno" {
                format!(", {:.2} % of the step", 100.0 * seconds / step)
            } else {
                String::new()
            }
        )?;
    }
    Ok(text)
}
