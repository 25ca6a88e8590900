//! `performance.md`: published workspaces beside the peers, and growth curves on synthetic ones.
//!
//! Every figure is a median of several calls in one process; zstat and a peer take turns, pinned to one core where the
//! system can do that. Ratios are what counts: the absolute times are those of the machine at hand.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::bail;
use serde_json::Value;

use super::timing::{Timer, median, number, pinned, python, ratio, time};
use super::{Setting, inference};
use crate::{output, say};

/// Published workspaces: name, and whether the peer reaches the minimum there.
const PUBLISHED: [(&str, bool); 6] = [
    ("susy-2018-31-A", true),
    ("syn-0050", true),
    ("1lbb", true),
    ("susy-2018-04", true),
    ("3L-RJ-500", false),
    ("ttbar-xsec", false),
];
/// Bins and shape variations of the synthetic workspaces.
const GROWTH: [[usize; 2]; 6] = [[50, 300], [200, 300], [1000, 30], [1000, 100], [1000, 300], [4000, 100]];
/// Times that zstat and NextStat take turns.
const TURNS: usize = 3;

pub fn run(setting: &Setting) -> anyhow::Result<()> {
    let shared = setting.root.join("../shared");
    let bench = shared.join("bench");
    if !bench.exists() {
        bail!("the workspaces and peers are in ../shared, which is not there");
    }
    let files = Timer::build(setting, "zstat-fitters", "files")?;
    let mut page = String::from(HEAD);
    published(setting, &files, &shared, &mut page)?;
    inference::sections(setting, &mut page)?;
    growth(&files, setting, &bench, &mut page)?;
    let folder = setting.root.join("docs/src/results");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("performance.md"), page)?;
    say("docs/src/results/performance.md is written");
    Ok(())
}

const HEAD: &str = "# Speed and memory

Made by `cargo xtask reproduce performance --peers DIR`, where `../shared/bench/setup.sh DIR` has installed the peers. One thread,
pinned to one core of two shared ones; medians of repeated calls in one process; zstat and NextStat take turns. The ratios
are what counts: the cores are shared and up to twice as fast at one time as at another, so each is the median of the ratios of its turns. `load` is from the opened file to the
built model with all checks, `fit` from there to the result with the full covariance. Kernels alone: `cargo bench -p zstat-fitters --bench engine`.
";

/// Seconds of load and fit.
#[derive(Clone, Copy)]
struct Pair {
    load: f64,
    fit: f64,
}

const NOT_MEASURED: Pair = Pair { load: f64::NAN, fit: f64::NAN };

fn published(setting: &Setting, files: &Timer, shared: &Path, page: &mut String) -> anyhow::Result<()> {
    page.push_str(
        "\n## Published workspaces\n\n| workspace | parameters | zstat load | zstat fit | NextStat load / fit | its load and fit over zstat's \
         | pyhf load / fit | its load and fit over zstat's |\n|---|---|---|---|---|---|---|---|\n",
    );
    let mut ratios = Vec::new();
    let mut kernels = String::new();
    for (name, comparable) in PUBLISHED {
        say(name);
        let file = shared.join(format!("workspaces/{name}.json"));
        let (mut mine, mut theirs) = (Vec::new(), Vec::new());
        let mut last = Value::Null;
        for _ in 0..TURNS {
            last = files.measure(&[], &file)?;
            mine.push(Pair { load: number(&last, "load_s"), fit: number(&last, "fit_s") });
            theirs.push(nextstat(setting, &file)?);
        }
        let (mine, theirs) = (middle(&mine), middle(&theirs));
        let pyhf = pyhf(setting, &file)?;
        let note = if comparable { "" } else { " ¹" };
        let show = |pair: Pair| {
            let both = [pair.load / mine.load, pair.fit / mine.fit].map(ratio);
            format!("{} / {} | {} and {}", time(pair.load), time(pair.fit), both[0], both[1])
        };
        writeln!(
            page,
            "| {name}{note} | {} | {} | {} | {} | {} |",
            last["parameters"],
            time(mine.load),
            time(mine.fit),
            show(theirs),
            show(pyhf)
        )?;
        if comparable {
            ratios.push(theirs.fit / mine.fit);
        }
        let value = number(&last, "value_s");
        writeln!(
            kernels,
            "| {name} | {} | {} | {} | {} |",
            time(value),
            ratio(number(&last, "gradient_s") / value),
            ratio(number(&last, "hessian_s") / value),
            last["iterations"]
        )?;
    }
    let mean = (ratios.iter().map(|r| r.ln()).sum::<f64>() / ratios.len() as f64).exp();
    if mean.is_finite() {
        writeln!(page, "\nNextStat's fits take {mean:.0} times as long as zstat's in the geometric mean.")?;
    }
    page.push_str("\n¹ Left out of the mean: NextStat stops early or at another point.\n");
    page.push_str(
        "\n## Kernels\n\nOne value, and gradient and exact Hessian (each with the value) in units of it, one per cent beside the start values.\n\n\
         | workspace | value | gradient, in values | Hessian, in values | iterations of a fit |\n|---|---|---|---|---|\n",
    );
    page.push_str(&kernels);
    Ok(())
}

fn middle(pairs: &[Pair]) -> Pair {
    let of = |get: fn(&Pair) -> f64| median(pairs.iter().map(get).collect());
    Pair { load: of(|p| p.load), fit: of(|p| p.fit) }
}

/// NextStat on a file.
fn nextstat(setting: &Setting, file: &Path) -> anyhow::Result<Pair> {
    let Some(peers) = &setting.peers else { return Ok(NOT_MEASURED) };
    let script = setting.root.join("../shared/bench/time_nextstat.py");
    let mut command = pinned(&python(peers)?);
    let text = output(command.arg(script).args(["--tasks", "fit"]).arg(file))?;
    let row: Value = serde_json::from_str(text.trim())?;
    Ok(Pair { load: number(&row, "load_s"), fit: number(&row, "fit_s") })
}

/// pyhf (numpy, minuit) on a file.
fn pyhf(setting: &Setting, file: &Path) -> anyhow::Result<Pair> {
    let Some(peers) = &setting.peers else { return Ok(NOT_MEASURED) };
    let script = setting.root.join("../shared/bench/time_pyhf.py");
    let folder = setting.root.join("target/performance");
    std::fs::create_dir_all(&folder)?;
    let result = folder.join("pyhf.json");
    let mut command = pinned(&python(peers)?);
    command.arg(script).arg(file).arg(&result).args(["--tasks", "fit", "--repeat", "1", "--budget", "1"]);
    output(&mut command)?;
    let row: Value = serde_json::from_str(&std::fs::read_to_string(&result)?)?;
    let tasks = &row["tasks"];
    Ok(Pair { load: number(&tasks["load_build"], "wall_s"), fit: number(&tasks["fit"], "median_s") })
}

fn growth(files: &Timer, setting: &Setting, bench: &Path, page: &mut String) -> anyhow::Result<()> {
    page.push_str(
        "\n## Growth\n\nSynthetic workspaces of `../shared/bench/gen_synthetic.py OUT.json --bins B --shapes S` (10 samples, 10 channels, 20 \
         normalisation uncertainties, one γ a bin). Memory is the peak of a process that loads (in parentheses: and fits with covariance).\n\n\
         | bins | shapes | parameters | file | load | value | gradient | Hessian | fit | iterations | memory, in files |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    let folder = setting.root.join("target/performance");
    std::fs::create_dir_all(&folder)?;
    for [bins, shapes] in GROWTH {
        say(&format!("{bins} bins, {shapes} shapes"));
        let file = folder.join(format!("bins-{bins}-shapes-{shapes}.json"));
        if !file.exists() {
            let mut generate = Command::new("python3");
            generate.arg(bench.join("gen_synthetic.py")).arg(&file);
            output(generate.args(["--bins", &bins.to_string(), "--shapes", &shapes.to_string()]))?;
        }
        let row = files.measure(&[], &file)?;
        let bytes = number(&row, "bytes");
        let memory = |key: &str| ratio(number(&row, key) / bytes);
        let converged = if row["converged"] == true { "" } else { " (not converged)" };
        writeln!(
            page,
            "| {bins} | {shapes} | {} | {:.1}\u{a0}MB | {} | {} | {} | {} | {}{converged} | {} | {} ({}) |",
            row["parameters"],
            bytes / 1e6,
            time(number(&row, "load_s")),
            time(number(&row, "value_s")),
            time(number(&row, "gradient_s")),
            time(number(&row, "hessian_s")),
            time(number(&row, "fit_s")),
            row["iterations"],
            memory("peak_bytes_load"),
            memory("peak_bytes"),
        )?;
    }
    Ok(())
}
