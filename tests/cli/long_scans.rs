//! Scans and impacts as long jobs: parts that are merged, interrupts, the same bytes however they are divided.

use std::fs;
use std::path::Path;

use super::jobs::{at_work, journal, parts, result, zstat_in};
use super::support::{folder, root, write};

const LINE: &str = "scan specs/quickstart.yaml --points 30 --statistical";
const PLANE: &str =
    "scan specs/several-pois.yaml --parameter mu_ggH --parameter mu_VBF --points 7x5 --statistical";
const IMPACTS: &str = "impacts specs/quickstart.yaml --group jets=jes,jer";

/// A folder with the shipped specs.
fn work() -> tempfile::TempDir {
    let folder = folder();
    fs::create_dir(folder.path().join("specs")).unwrap();
    for spec in ["quickstart.yaml", "several-pois.yaml", "interference.yaml"] {
        fs::copy(root().join("specs").join(spec), folder.path().join("specs").join(spec)).unwrap();
    }
    folder
}

fn clear(folder: &Path) {
    for part in ["p1", "p2", "p3"] {
        fs::remove_dir_all(folder.join(part)).unwrap();
    }
}

#[test]
fn merged_parts_are_the_whole() {
    let work = work();
    let folder = work.path();
    let lines = [
        LINE.to_owned(),
        PLANE.to_owned(),
        IMPACTS.to_owned(),
        format!("{IMPACTS} --kind global-observables"),
        format!("{IMPACTS} --kind covariance"),
        "impacts specs/several-pois.yaml".to_owned(),
        "scan specs/interference.yaml --parameter kappa --range=-3:3 --points 21".to_owned(),
    ];
    for line in lines {
        parts(folder, &line);
        let whole = result(folder, &line);
        for threads in [1, 2] {
            assert_eq!(result(folder, &format!("{line} --threads {threads}")), whole, "{line}");
        }
        assert_eq!(result(folder, "merge p3 p1 p2"), whole, "{line}");
        // Text and CSV, too, to the last byte.
        for format in ["text", "csv"] {
            let merged = zstat_in(folder, &format!("merge p1 p2 p3 --format {format}")).exits(0).stdout;
            assert_eq!(merged, zstat_in(folder, &format!("{line} --format {format}")).exits(0).stdout);
        }
        clear(folder);
    }
}

#[test]
fn what_is_missing_or_of_another_scan_is_told() {
    let work = work();
    let folder = work.path();
    parts(folder, LINE);
    // 30 points are four blocks; with the statistical part eight.
    assert_eq!(
        zstat_in(folder, "merge p1 p3 --missing").exits(1).stdout,
        "3 of 8 tasks are missing\n  2 to 4\n"
    );
    zstat_in(folder, "merge p1 p3").exits(2).tells(&["3 of 8 tasks are missing"]);
    zstat_in(folder, &format!("{} --checkpoint p1 --shard 1/3", LINE.replace("30", "31")))
        .exits(2)
        .tells(&["--checkpoint p1: is of another job (points: [31] here, [30] there)"]);
    zstat_in(folder, &format!("{LINE} --parameter jes --checkpoint p1 --shard 1/3"))
        .exits(2)
        .tells(&["parameters: [\"jes\"] here, [\"mu\"] there"]);
    zstat_in(folder, &format!("{LINE} --range 0:1 --checkpoint p1 --shard 1/3"))
        .exits(2)
        .tells(&["range: [0.0,1.0] here, nothing there"]);
    zstat_in(folder, &format!("{IMPACTS} --checkpoint p1"))
        .exits(2)
        .tells(&["command: impacts here, scan there"]);
    // Levels are found from the same points.
    let levels = format!("{LINE} --level 0.9");
    let whole = result(folder, &levels);
    zstat_in(folder, &format!("{LINE} --checkpoint all")).exits(0);
    let kept = journal(folder, "all");
    assert_eq!(result(folder, &format!("{levels} --checkpoint all")), whole);
    assert_eq!(journal(folder, "all"), kept, "nothing is fitted again");
    for line in [LINE, IMPACTS] {
        zstat_in(folder, &format!("{line} --shard 1/2")).exits(2).tells(&["--checkpoint"]);
    }
    zstat_in(folder, &format!("{IMPACTS} --checkpoint i")).exits(0);
    zstat_in(folder, &format!("{IMPACTS} --kind covariance --checkpoint i"))
        .exits(2)
        .tells(&["kind: covariance here, refit there"]);
}

/// A journal that is cut anywhere leads to the same result, and keeps its whole lines.
#[test]
fn torn_journals_go_on() {
    let work = work();
    let folder = work.path();
    for (at, line) in [LINE, PLANE, IMPACTS].into_iter().enumerate() {
        let name = format!("c{at}");
        let job = format!("{line} --checkpoint {name}");
        let whole = result(folder, &job);
        assert_eq!(whole, result(folder, line));
        let kept = journal(folder, &name);
        let lines = kept.lines().count();
        assert!(lines > 8, "{lines} lines");
        for share in [5, 2, 1] {
            let text = &kept[..kept.len() - kept.len() / (share + 1) - 3];
            fs::write(folder.join(&name).join("journal.jsonl"), text).unwrap();
            assert_eq!(result(folder, &job), whole, "{line}");
            let now = journal(folder, &name);
            assert!(now.starts_with(&text[..text.rfind('\n').unwrap() + 1]));
            assert_eq!(now.lines().count(), lines);
        }
    }
}

#[test]
fn killed_scans_go_on() {
    for line in [
        "scan specs/quickstart.yaml --points 20000",
        "scan specs/quickstart.yaml --parameter mu --parameter jes --points 90 --level 0.9",
    ] {
        let work = work();
        let folder = work.path();
        for bytes in [1, 100_000] {
            let mut child = at_work(folder, &format!("{line} --checkpoint c --threads 2"), bytes);
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let kept = journal(folder, "c");
        let whole_lines = &kept[..kept.rfind('\n').unwrap() + 1];
        assert!(whole_lines.lines().count() > 2);
        assert_eq!(result(folder, &format!("{line} --checkpoint c")), result(folder, line));
        assert!(journal(folder, "c").starts_with(whole_lines));
    }
}

/// One channel of 30 bins with 40 shape variations and errors of the bins: enough work to be met at it.
fn wide() -> String {
    let nominal: Vec<f64> = (0..30).map(|bin| 20.0 + 3.0 * f64::from(bin)).collect();
    let shifted = |by: &dyn Fn(f64) -> f64| -> Vec<f64> {
        nominal.iter().enumerate().map(|(bin, x)| x * (1.0 + by(bin as f64))).collect()
    };
    let mut modifiers = vec![format!("{{type: staterror, name: stat, errors: {:?}}}", shifted(&|_| -0.95))];
    for i in 0..40 {
        let phase = f64::from(i);
        let [hi, lo] = [0.03, -0.02].map(|size| shifted(&|bin| size * (0.3 * bin + phase).sin()));
        modifiers.push(format!("{{type: histosys, name: shape{i}, hi: {hi:?}, lo: {lo:?}}}"));
    }
    let signal: Vec<f64> = (0..30).map(|bin| 0.1 * f64::from(bin)).collect();
    let counts: Vec<f64> = shifted(&|bin| 0.1 * bin.sin()).iter().map(|x| x.round()).collect();
    format!(
        "{{zstat: 1, workspace: {{poi: mu, channels: [{{name: SR, samples: [
            {{name: s, data: {signal:?}, modifiers: [{{type: normfactor, name: mu}}]}},
            {{name: b, data: {nominal:?}, modifiers: [{}]}}]}}], observations: {{SR: {counts:?}}}}}}}",
        modifiers.join(", ")
    )
}

/// Killed at several moments, each time resumed and killed again; the result is the same to the last byte.
#[test]
fn killed_impacts_go_on() {
    let work = folder();
    let folder = work.path();
    write(folder, "wide.yaml", &wide());
    let line = "impacts wide.yaml --group shapes=shape*";
    let whole = result(folder, &format!("{line} --checkpoint whole"));
    let bytes = journal(folder, "whole").len();
    for _ in 0..4 {
        let mut child = at_work(folder, &format!("{line} --checkpoint c --threads 2"), bytes / 6);
        child.kill().unwrap();
        child.wait().unwrap();
        let kept = journal(folder, "c");
        assert!(kept.len() < bytes, "it was killed at work");
        assert!(kept.lines().count() > 2);
    }
    let kept = journal(folder, "c");
    let whole_lines = &kept[..kept.rfind('\n').unwrap() + 1];
    assert_eq!(result(folder, &format!("{line} --checkpoint c")), whole);
    assert!(journal(folder, "c").starts_with(whole_lines));
    for format in ["text", "csv"] {
        let line = format!("{line} --format {format}");
        let resumed = zstat_in(folder, &format!("{line} --checkpoint c")).exits(0).stdout;
        assert_eq!(resumed, zstat_in(folder, &line).exits(0).stdout);
    }
}
