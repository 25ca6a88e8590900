//! Long jobs: parts that are merged, journals that are interrupted, damaged, or of something else.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::{COUNTING, Run, folder, run_in, without_timing, write, zstat};

const HYPOTEST: &str = "hypotest counting.yaml --mu 2 --toys 30";

/// A folder with a small spec.
pub(super) fn work() -> tempfile::TempDir {
    let folder = folder();
    write(folder.path(), "counting.yaml", COUNTING);
    folder
}

pub(super) fn zstat_in(folder: &Path, line: &str) -> Run {
    run_in(folder, &line.split_whitespace().collect::<Vec<_>>())
}

#[track_caller]
pub(super) fn result(folder: &Path, line: &str) -> Value {
    without_timing(zstat_in(folder, &format!("{line} --format json")).exits(0).json())
}

pub(super) fn journal(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name).join("journal.jsonl")).unwrap_or_default()
}

/// Parts 1/3 to 3/3 in folders p1 to p3.
pub(super) fn parts(folder: &Path, line: &str) {
    for part in 1..=3 {
        let found = zstat_in(folder, &format!("{line} --checkpoint p{part} --shard {part}/3")).exits(0);
        assert!(found.stdout.contains(&format!("part {part}/3 of `zstat ")), "{}", found.stdout);
    }
}

#[test]
fn merged_parts_are_the_whole_of_a_test() {
    for line in [HYPOTEST, "significance counting.yaml --toys 25 --seed 3"] {
        let work = work();
        let folder = work.path();
        parts(folder, line);
        let whole = result(folder, line);
        // In any order of the parts.
        assert_eq!(result(folder, "merge p3 p1 p2"), whole);
        zstat_in(folder, "merge p1 p2 p3 --output whole.json").exits(0);
        let file: Value =
            serde_json::from_str(&fs::read_to_string(folder.join("whole.json")).unwrap()).unwrap();
        assert_eq!(without_timing(file), whole);
        assert_eq!(
            zstat_in(folder, "merge p1 p2 p3 --missing").exits(0).stdout,
            format!("0 of {} tasks are missing\n", tasks(&whole))
        );
    }
}

fn tasks(whole: &Value) -> u64 {
    2 * whole["toys"]["requested"].as_u64().unwrap()
}

#[test]
fn merged_parts_are_the_whole_of_a_goodness_of_fit() {
    const GOF: &str = "gof counting.yaml --statistic saturated --statistic ks --toys 40 --seed 5";
    let work = work();
    let folder = work.path();
    parts(folder, GOF);
    let whole = result(folder, GOF);
    assert_eq!(result(folder, "merge p1 p2 p3"), whole);
    for threads in [1, 2] {
        assert_eq!(result(folder, &format!("{GOF} --threads {threads}")), whole);
    }
    assert_eq!(whole["calculator"], "toys");
    assert_eq!(whole["toys"]["requested"], 40);
    let p = whole["tests"][0]["p_value"].as_f64().unwrap();
    // A fraction of the toys.
    assert!((0.0..=1.0).contains(&p) && (p * 40.0 - (p * 40.0).round()).abs() < 1e-9, "{p}");
    assert_eq!(whole["p_value"], whole["tests"][0]["p_value"]);
    let refused = zstat_in(folder, "gof counting.yaml --checkpoint p1").exits(2);
    assert!(refused.stderr.contains("is for toys only"), "{}", refused.stderr);
}

#[test]
fn merged_parts_are_the_whole_of_a_study() {
    let work = work();
    let folder = work.path();
    let line = "toys counting.yaml --n 31 --save-data";
    zstat_in(folder, &format!("{line} --output whole")).exits(0);
    for part in 1..=3 {
        zstat_in(folder, &format!("{line} --output p{part} --shard {part}/3")).exits(0);
    }
    zstat_in(folder, "merge p2 p3 p1").exits(2).tells(&["--output DIR: is missing"]);
    write(folder, "file", "mine");
    zstat_in(folder, "merge p1 p2 p3 --output file").exits(2).tells(&["it is a file, expected a folder"]);
    zstat_in(folder, "merge p2 p3 p1 --output merged").exits(0);
    for name in ["toys.parquet", "summary.json"] {
        let [whole, merged] =
            ["whole", "merged"].map(|place| fs::read(folder.join(place).join(name)).unwrap());
        assert!(whole == merged, "{name} differs");
    }
    // Again is no fault; over the toys of another job it is.
    zstat_in(folder, "merge p1 p2 p3 --output merged").exits(0);
    zstat_in(folder, "toys counting.yaml --n 3 --seed 9 --output other").exits(0);
    zstat_in(folder, "merge p1 p2 p3 --output other")
        .exits(2)
        .tells(&["--output other: is of another job (seed: 1 here, 9 there)"]);
}

#[test]
fn a_part_says_what_it_did_in_every_format() {
    let work = work();
    let line = "hypotest counting.yaml --toys 2 --checkpoint p --shard 2/9";
    let text = zstat_in(work.path(), line).exits(0).stdout;
    assert!(text.contains("part 2/9 of `zstat hypotest` is done: no tasks of 4, in p"), "{text}");
    let json = zstat_in(work.path(), &format!("{line} --format json")).exits(0).json();
    assert_eq!(
        (&json["shard"], &json["tasks"], &json["range"]),
        (&"2/9".into(), &4.into(), &serde_json::json!([0, 0]))
    );
    let csv = zstat_in(work.path(), &format!("{line} --format csv")).exits(0).stdout;
    assert_eq!(csv, "command,shard,from,to,tasks,folder\nhypotest,2/9,0,0,4,p\n");
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let work = work();
    let folder = work.path();
    parts(folder, HYPOTEST);
    zstat_in(folder, "merge p1 p3").exits(2).tells(&["20 of 60 tasks are missing", "--missing"]);
    let missing = zstat_in(folder, "merge p1 p3 --missing").exits(1).stdout;
    assert_eq!(missing, "20 of 60 tasks are missing\n  20 to 39\n");
    let json = zstat_in(folder, "merge p2 --missing --format json").exits(1).json();
    assert_eq!(json["ranges"], serde_json::json!([[0, 20], [40, 60]]));
    zstat_in(folder, "merge p1 p2 p2 p3").exits(2).tells(&["20 tasks of p2 are in another part, too"]);
    zstat_in(folder, &format!("{HYPOTEST} --checkpoint all")).exits(0);
    zstat_in(folder, "merge all p2").exits(2).tells(&["20 tasks of p2 are in another part, too"]);
    zstat_in(folder, &format!("{HYPOTEST} --seed 4 --checkpoint q --shard 2/3")).exits(0);
    let line = "hypotest counting.yaml --mu 2 --toys 40 --checkpoint r --shard 3/3";
    zstat_in(folder, line).exits(0);
    zstat_in(folder, "merge p1 q r").exits(2).tells(&[
        "q: is of another job than p1: seed: 1 here, 4 there",
        "r: is of another job than p1: number of tasks: 60 here, 80 there",
    ]);
    fs::create_dir(folder.join("empty")).unwrap();
    zstat_in(folder, "merge p1 nothing empty counting.yaml").exits(2).tells(&[
        "nothing: there is no such folder",
        "empty: has no journal of a job",
        "counting.yaml: is a file, expected the folder of a part",
    ]);
    write(folder, "counting.yaml", &COUNTING.replace("63", "64"));
    zstat_in(folder, "merge p1 p2 p3")
        .exits(2)
        .tells(&["have changed since the parts were made (digest of the workspace"]);
    zstat_in(folder, &format!("{HYPOTEST} --checkpoint p1 --shard 1/3"))
        .exits(2)
        .tells(&["--checkpoint p1: is of another job"]);
    write(folder, "counting.yaml", COUNTING);
    zstat_in(folder, "merge p1 p2 p3").exits(0);
    zstat_in(folder, &format!("{HYPOTEST} --checkpoint p1 --shard 2/3"))
        .exits(2)
        .tells(&["part of the job: tasks [20, 40] here, [0, 20] there"]);
    zstat_in(folder, "hypotest counting.yaml --mu 1 --toys 30 --checkpoint all")
        .exits(2)
        .tells(&["mu: 1 here, 2 there"]);
}

#[test]
fn a_damaged_journal_goes_on_or_says_where() {
    let work = work();
    let folder = work.path();
    let line = format!("{HYPOTEST} --checkpoint c");
    let whole = result(folder, &line);
    let path = folder.join("c/journal.jsonl");
    let kept = journal(folder, "c");
    let lines: Vec<&str> = kept.lines().collect();
    let again = |text: &str| {
        fs::write(&path, text).unwrap();
        assert_eq!(result(folder, &line), whole, "{text}");
        let now = journal(folder, "c");
        assert_eq!(now.lines().count(), lines.len());
        now
    };
    // Empty, a torn manifest, a manifest alone, a torn record at every place, a record that is missing.
    again("");
    again(&lines[0][..40]);
    again(&format!("{}\n", lines[0]));
    let end = kept.len() - 1;
    for torn in [1, 5, 20, 60, 333] {
        let text = &kept[..end - torn];
        let whole_lines = &text[..text.rfind('\n').unwrap() + 1];
        assert!(again(text).starts_with(whole_lines), "what is whole stays");
    }
    let without: Vec<&str> =
        lines.iter().enumerate().filter(|(i, _)| *i != 7).map(|(_, line)| *line).collect();
    again(&format!("{}\n", without.join("\n")));
    // A task that is there twice counts once.
    fs::write(&path, format!("{kept}{}\n", lines[3])).unwrap();
    assert_eq!(result(folder, &line), whole);
    // In the middle nothing is cut: it says where.
    let mut broken = lines.clone();
    broken[4] = "[3,{\"q\":";
    let broken = broken.join("\n") + "\n";
    fs::write(&path, &broken).unwrap();
    let told = ["c/journal.jsonl`: line 5 is damaged", "without that line its task is done again"];
    zstat_in(folder, &line).exits(2).tells(&told);
    zstat_in(folder, "merge c").exits(2).tells(&["line 5 is damaged"]);
    assert_eq!(journal(folder, "c"), broken);
    // A file of somebody else is neither read nor emptied.
    fs::write(&path, "dear diary").unwrap();
    zstat_in(folder, &line).exits(2).tells(&["it is no journal of zstat"]);
    zstat_in(folder, "merge c").exits(2).tells(&["it is no journal of zstat"]);
    assert_eq!(journal(folder, "c"), "dear diary");
}

#[test]
fn more_toys_go_on_from_those_that_are_there() {
    let work = work();
    let folder = work.path();
    zstat_in(folder, &format!("{HYPOTEST} --checkpoint c")).exits(0);
    let before = journal(folder, "c");
    let more = "hypotest counting.yaml --mu 2 --toys 50";
    let whole = result(folder, more);
    assert_eq!(result(folder, &format!("{more} --checkpoint c")), whole);
    let after = journal(folder, "c");
    assert!(after.starts_with(&before));
    assert_eq!(after.lines().filter(|line| line.starts_with('[')).count(), 100);
    assert_eq!(result(folder, "merge c"), whole, "the journal knows that it is of more toys now");
    // Fewer are what they were.
    let fewer = result(folder, HYPOTEST);
    assert_eq!(result(folder, &format!("{HYPOTEST} --checkpoint c")), fewer);
    assert_eq!(result(folder, "merge c"), fewer);
    assert!(journal(folder, "c").starts_with(&after), "nothing is thrown away");
    assert_eq!(result(folder, &format!("{more} --checkpoint c")), whole);
    // The same for a study.
    zstat_in(folder, "toys counting.yaml --n 10 --output t").exits(0);
    zstat_in(folder, "toys counting.yaml --n 25 --output t").exits(0);
    zstat_in(folder, "toys counting.yaml --n 25 --output u").exits(0);
    for name in ["toys.parquet", "summary.json"] {
        assert!(
            fs::read(folder.join("t").join(name)).unwrap() == fs::read(folder.join("u").join(name)).unwrap()
        );
    }
}

/// Whatever order the lines of a journal have, with some twice and some missing: the same bytes.
#[test]
fn the_order_of_a_journal_does_not_show() {
    let work = work();
    let folder = work.path();
    let shuffle = |name: &str| {
        let kept = journal(folder, name);
        let (manifest, records) = kept.split_once('\n').unwrap();
        let mut lines: Vec<&str> = records.lines().collect();
        let count = lines.len();
        lines.sort_by_key(|line| {
            let task: usize = line[1..].split(',').next().unwrap().parse().unwrap();
            (7 * task + 5) % count
        });
        // The first task is done again, another stands there twice.
        lines.retain(|line| !line.starts_with("[0,"));
        lines.push(lines[3]);
        let text = format!("{manifest}\n{}\n", lines.join("\n"));
        fs::write(folder.join(name).join("journal.jsonl"), text).unwrap();
    };
    for line in [HYPOTEST, "bias counting.yaml --inject 0.5,1,2 --n 12", "gof counting.yaml --toys 25"] {
        let whole = result(folder, line);
        let job = format!("{line} --checkpoint c");
        assert_eq!(result(folder, &job), whole);
        shuffle("c");
        assert_eq!(result(folder, &job), whole, "{line}");
        assert_eq!(result(folder, "merge c"), whole, "{line}");
        fs::remove_dir_all(folder.join("c")).unwrap();
    }
    let line = "toys counting.yaml --n 40 --output t";
    let read = || ["toys.parquet", "summary.json"].map(|name| fs::read(folder.join("t").join(name)).unwrap());
    zstat_in(folder, line).exits(0);
    let whole = read();
    shuffle("t");
    zstat_in(folder, line).exits(0);
    assert!(read() == whole, "the order shows");
}

#[test]
fn one_toy_is_told_in_the_singular() {
    let work = work();
    let folder = work.path();
    let lines = ["hypotest counting.yaml --toys 1", "limit counting.yaml --toys 1 --points 2 --range 1:3"];
    for (line, told) in
        lines.into_iter().zip(["with qtilde, 1 toy of each hypothesis", " 1 toy of each of 2 values"])
    {
        let text = zstat_in(folder, line).stdout;
        assert!(text.contains(told), "{text}");
    }
    let text = zstat_in(folder, "gof counting.yaml --toys 1").stdout;
    assert!(text.contains("goodness of fit, 1 toy, seed 1"), "{text}");
    let text = zstat_in(folder, "feldman-cousins counting.yaml --toys 1 --points 2 --range 0:3").stdout;
    assert!(text.contains("1 toy a value, seed 1"), "{text}");
}

/// So many toys that a process is found at work.
const LONG: &str = "hypotest specs/quickstart.yaml --toys 2500 --checkpoint c --format json --threads 2";

/// A process that works in `folder`, and has written at least `bytes` more than there were.
pub(super) fn at_work(folder: &Path, line: &str, bytes: usize) -> Child {
    let goal = journal(folder, "c").len() + bytes;
    let mut command = zstat();
    command.current_dir(folder).args(line.split_whitespace()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let started = Instant::now();
    while journal(folder, "c").len() < goal {
        assert!(child.try_wait().unwrap().is_none(), "done before it was met at work");
        assert!(started.elapsed() < Duration::from_secs(60), "nothing is written");
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

pub(super) fn quickstart() -> tempfile::TempDir {
    let folder = folder();
    fs::create_dir(folder.path().join("specs")).unwrap();
    let spec = super::support::root().join("specs/quickstart.yaml");
    fs::copy(spec, folder.path().join("specs/quickstart.yaml")).unwrap();
    folder
}

#[test]
fn a_killed_process_loses_nothing_that_was_written() {
    let work = quickstart();
    let folder = work.path();
    for bytes in [1, 700, 5_000, 20_000, 60_000] {
        let mut child = at_work(folder, LONG, bytes);
        let written = journal(folder, "c");
        child.kill().unwrap();
        child.wait().unwrap();
        let left = journal(folder, "c");
        assert!(left.starts_with(&written) && left.len() >= written.len());
        // Two threads have a task in hand each: all others of those begun are written.
        let begun = left
            .lines()
            .skip(1)
            .filter_map(|line| line.strip_prefix('[')?.split(',').next()?.parse::<usize>().ok());
        let (last, count) = begun.fold((0, 0), |(last, count), task| (last.max(task), count + 1));
        assert!(last < count + 2, "task {last} is written, and only {count} are");
    }
    let kept = journal(folder, "c");
    let whole_lines = &kept[..kept.rfind('\n').unwrap() + 1];
    let resumed = result(folder, LONG.strip_suffix(" --format json --threads 2").unwrap());
    assert!(journal(folder, "c").starts_with(whole_lines));
    assert_eq!(resumed, result(folder, "hypotest specs/quickstart.yaml --toys 2500"));
}

#[test]
#[cfg(unix)]
fn an_interrupt_says_where_the_work_is_and_one_process_works_at_a_time() {
    let work = quickstart();
    let folder = work.path();
    let child = at_work(folder, LONG, 3_000);
    zstat_in(folder, LONG).exits(2).tells(&["c/journal.jsonl`: another process works on it"]);
    // Others may look.
    zstat_in(folder, "merge c --missing").exits(1);
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains(
            "interrupted: no result is written; what is done is kept in `c`, and the same command goes on"
        ),
        "{told}"
    );
    let line = LONG.replace("--toys 2500", "--toys 600");
    assert_eq!(
        result(folder, &line.replace(" --format json", "")),
        result(folder, "hypotest specs/quickstart.yaml --toys 600")
    );
}
