//! Inference in `performance.md`: tests, limits, impacts and toys beside the peers.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Setting;
use super::timing::{Timer, median, number, pinned, python, ratio, root_python, time};
use crate::{output, say};

/// Workspaces with more than 60 parameters where the peer reaches the minimum.
const LARGE: [&str; 4] = ["susy-2018-31-A", "syn-0050", "1lbb", "susy-2018-04"];
/// Times that zstat and NextStat take turns.
const TURNS: usize = 3;
/// Toys of each hypothesis where zstat has them in a second or so, and where a peer takes a minute.
const MANY: u64 = 1000;
const FEW: u64 = 20;

/// Writes the sections.
pub fn sections(setting: &Setting, page: &mut String) -> anyhow::Result<()> {
    let shared = setting.root.join("../shared");
    let setup =
        Setup { setting, timer: Timer::build(setting, "zstat-inference", "inference")?, shared: &shared };
    setup.tests_and_limits(page)?;
    setup.impacts(page)?;
    setup.toys(page)?;
    setup.threads_and_memory(page)
}

struct Setup<'a> {
    setting: &'a Setting,
    timer: Timer,
    shared: &'a Path,
}

impl Setup<'_> {
    fn workspace(&self, name: &str) -> PathBuf {
        self.shared.join(format!("workspaces/{name}.json"))
    }

    /// Seconds of one task of zstat's.
    fn mine(&self, task: &str, file: &Path) -> anyhow::Result<f64> {
        Ok(number(&self.timer.measure(&[task], file)?[task], "s"))
    }

    /// Seconds of NextStat's tasks; NaN where it fails, or is not measured.
    fn nextstat(&self, tasks: &[&str], toys: u64, file: &Path) -> anyhow::Result<Vec<f64>> {
        let Some(peers) = &self.setting.peers else { return Ok(vec![f64::NAN; tasks.len()]) };
        let mut command = pinned(&python(peers)?);
        command.arg(self.shared.join("bench/time_nextstat.py"));
        command.args(["--repeat", "3", "--tasks", &tasks.join(","), "--toys", &toys.to_string()]);
        let row: Value = serde_json::from_str(output(command.arg(file))?.trim())?;
        Ok(tasks.iter().map(|task| number(&row, &format!("{task}_s"))).collect())
    }

    /// Seconds of ROOT's toys.
    fn root_toys(&self, toys: u64, file: &Path) -> anyhow::Result<f64> {
        let Some(python) = self.setting.peers.as_deref().and_then(root_python) else { return Ok(f64::NAN) };
        let result = folder(self.setting)?.join("root.json");
        let mut command = pinned(&python);
        command.arg(self.shared.join("bench/root_hf.py")).arg(file).arg(&result);
        output(command.args(["--tasks", "toys", "--toys", &toys.to_string()]))?;
        let row: Value = serde_json::from_str(&std::fs::read_to_string(&result)?)?;
        Ok(number(&row["tasks"]["toys"], "wall_s"))
    }

    fn tests_and_limits(&self, page: &mut String) -> anyhow::Result<()> {
        page.push_str(
            "\n## Tests and limits\n\nCLs at μ = 1, and the upper limit: zstat's with all expected bands, NextStat's observed one alone.\n\n\
             | workspace | zstat CLs | NextStat CLs | over zstat's | zstat limit and bands | NextStat limit | over zstat's |\n\
             |---|---|---|---|---|---|---|\n",
        );
        let (mut tests, mut limits) = (Vec::new(), Vec::new());
        for name in LARGE {
            say(&format!("{name}: tests and limits"));
            let file = self.workspace(name);
            let (mut mine, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..TURNS {
                // The machine is not always as fast: what stands on both sides of theirs is compared with it.
                let before = self.mine("cls", &file)?;
                let other = self.nextstat(&["cls"], FEW, &file)?[0];
                let after = self.mine("cls", &file)?;
                ratios.push(2.0 * other / (before + after));
                mine.extend([before, after]);
                theirs.push(other);
            }
            let test = median(ratios);
            let before = self.mine("limit", &file)?;
            let their_limit = self.nextstat(&["limit"], FEW, &file)?;
            let my_limit = 0.5 * (before + self.mine("limit", &file)?);
            let (mine, theirs) = (median(mine), median(theirs));
            let limit = their_limit[0] / my_limit;
            tests.push(test);
            limits.extend(Some(limit).filter(|limit| limit.is_finite()));
            writeln!(
                page,
                "| {name} | {} | {} | {} | {} | {} | {} |",
                time(mine),
                time(theirs),
                ratio(test),
                time(my_limit),
                if their_limit[0].is_nan() && self.setting.peers.is_some() {
                    "fails".to_owned()
                } else {
                    time(their_limit[0])
                },
                ratio(limit)
            )?;
        }
        if tests.iter().all(|ratio| ratio.is_finite()) {
            let mean =
                |ratios: &[f64]| (ratios.iter().map(|r| r.ln()).sum::<f64>() / ratios.len() as f64).exp();
            writeln!(
                page,
                "\nIn the geometric mean NextStat takes {:.0} times as long for a test, and {:.0} times for a limit, where it has one.",
                mean(&tests),
                mean(&limits)
            )?;
        }
        Ok(())
    }

    fn impacts(&self, page: &mut String) -> anyhow::Result<()> {
        say("impacts");
        let file = self.workspace("1lbb");
        let before = self.mine("impacts", &file)?;
        let theirs = self.nextstat(&["ranking"], FEW, &file)?[0];
        let mine = 0.5 * (before + self.mine("impacts", &file)?);
        writeln!(
            page,
            "\n## Impacts\n\nAll nuisance parameters of 1lbb, by refits one standard deviation off before and after the fit: zstat {}, NextStat {} ({} times as long).",
            time(mine),
            time(theirs),
            ratio(theirs / mine)
        )?;
        Ok(())
    }

    fn toys(&self, page: &mut String) -> anyhow::Result<()> {
        page.push_str(
            "\n## Toys\n\nBoth hypotheses of a test at μ = 1, the fits of the observed data included; a toy is fitted twice.\n\n\
             | workspace | parameters | toys | zstat | a toy | peer | its toys | a toy | over zstat's |\n|---|---|---|---|---|---|---|---|---|\n",
        );
        let shapes = folder(self.setting)?.join("shapesys-201.json");
        std::fs::write(&shapes, many_shapes().to_string())?;
        let small = self.workspace("example-2bin");
        let rows: [(&str, PathBuf, u64, &str, u64); 5] = [
            ("example-2bin", small.clone(), MANY, "ROOT", MANY),
            ("example-2bin", small, MANY, "NextStat", MANY),
            ("syn-0050", self.workspace("syn-0050"), MANY, "NextStat", FEW),
            ("1lbb", self.workspace("1lbb"), MANY / 5, "NextStat", FEW),
            ("50 channels × 4 bins", shapes, 5 * MANY, "NextStat", 5 * MANY),
        ];
        for (name, file, toys, peer, their_toys) in rows {
            say(&format!("{name}: toys, and {peer}'s"));
            let task = format!("toys:{toys}");
            let before = self.timer.measure(&[&task], &file)?;
            let theirs = match peer {
                "ROOT" => self.root_toys(their_toys, &file)?,
                _ => self.nextstat(&["toys"], their_toys, &file)?[0],
            };
            let mine = 0.5 * (number(&before[&task], "s") + self.mine(&task, &file)?);
            let each = [mine / (2 * toys) as f64, theirs / (2 * their_toys) as f64];
            writeln!(
                page,
                "| {name} | {} | {toys} + {toys} | {} | {} | {peer} {} | {their_toys} + {their_toys} | {} | {} |",
                before["parameters"],
                time(mine),
                time(each[0]),
                time(theirs),
                time(each[1]),
                ratio(each[1] / each[0])
            )?;
        }
        Ok(())
    }

    fn threads_and_memory(&self, page: &mut String) -> anyhow::Result<()> {
        page.push_str(
            "\nTwo threads on both cores against one, turn by turn; and the peak memory of a process with ten times the toys: a test\nholds at most 65 536 distinct statistics of each hypothesis, however many toys there are.\n\n\
             | workspace | toys | one thread | two | faster | memory | with ten times the toys |\n|---|---|---|---|---|---|---|\n",
        );
        for (name, toys) in [("example-2bin", 20 * MANY), ("syn-0050", MANY), ("1lbb", MANY / 10)] {
            say(&format!("{name}: threads and memory"));
            let file = self.workspace(name);
            let seconds = |threads: usize| -> anyhow::Result<(f64, f64)> {
                let task = format!("toys:{toys}@{threads}");
                let row = self.timer.measure_unpinned(&[&task], &file)?;
                Ok((number(&row[&task], "s"), number(&row, "peak_bytes")))
            };
            let (mut one, mut two, mut ratios, mut memory) = (Vec::new(), Vec::new(), Vec::new(), f64::NAN);
            for _ in 0..TURNS {
                let (before, peak) = seconds(1)?;
                let both = seconds(2)?.0;
                let after = seconds(1)?.0;
                ratios.push(0.5 * (before + after) / both);
                one.extend([before, after]);
                two.push(both);
                memory = peak;
            }
            let more = number(&self.timer.measure(&[&format!("toys:{}", 10 * toys)], &file)?, "peak_bytes");
            let (one, two) = (median(one), median(two));
            writeln!(
                page,
                "| {name} | {toys} + {toys} | {} | {} | {:.2} | {:.1}\u{a0}MB | {:.1}\u{a0}MB |",
                time(one),
                time(two),
                median(ratios),
                memory / 1e6,
                more / 1e6
            )?;
        }
        Ok(())
    }
}

/// Where the page's files are made.
fn folder(setting: &Setting) -> anyhow::Result<PathBuf> {
    let folder = setting.root.join("target/performance");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// 50 channels of 4 bins, each bin with a Poisson-constrained factor on its background: 201 parameters.
fn many_shapes() -> Value {
    let name = |channel: usize| format!("channel_{channel:02}");
    let background = |channel: usize, bin: usize| 50.0 + ((channel * 7 + bin * 13) % 40) as f64;
    let channel = |c: usize| {
        let data: Vec<f64> = (0..4).map(|bin| background(c, bin)).collect();
        let errors: Vec<f64> = data.iter().map(|b| 0.1 * b).collect();
        let signal: Vec<f64> = (0..4).map(|bin| 1.0 + bin as f64).collect();
        json!({"name": name(c), "samples": [
            {"name": "signal", "data": signal, "modifiers": [{"name": "mu", "type": "normfactor", "data": null}]},
            {"name": "background", "data": data,
             "modifiers": [{"name": format!("uncorrelated_{c:02}"), "type": "shapesys", "data": errors}]},
        ]})
    };
    let observed = |c: usize| {
        let data: Vec<f64> =
            (0..4).map(|bin| background(c, bin) + ((c * 5 + bin * 3) % 11) as f64 - 5.0).collect();
        json!({"name": name(c), "data": data})
    };
    json!({
        "version": "1.0.0",
        "channels": (0..50).map(channel).collect::<Vec<Value>>(),
        "observations": (0..50).map(observed).collect::<Vec<Value>>(),
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
    })
}
