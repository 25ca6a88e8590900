//! Where results go: standard output by its name, endings, and never over what a command keeps or writes besides.

use std::fs;
use std::path::Path;

use super::jobs::{journal, work, zstat_in};
use super::support::{run, run_in};

const TOYS: &str = "hypotest counting.yaml --toys 10";

/// The journals of these folders are as they were after each of the lines, which are refused.
#[track_caller]
fn refused(folder: &Path, kept: &[&str], lines: &[(&str, &str)]) {
    let before: Vec<String> = kept.iter().map(|name| journal(folder, name)).collect();
    for (line, told) in lines {
        zstat_in(folder, line).exits(2).tells(&[told]);
        let now: Vec<String> = kept.iter().map(|name| journal(folder, name)).collect();
        assert!(now == before, "{line} changes a journal");
    }
}

#[test]
fn a_journal_is_not_written_over() {
    let work = work();
    let folder = work.path();
    zstat_in(folder, &format!("{TOYS} --checkpoint A")).exits(0);
    fs::create_dir(folder.join("A/sub")).unwrap();
    let line = |output: &str| format!("{TOYS} --checkpoint A --output {output}");
    let lost = "the journal of this very command is in `A`, and would be lost";
    for output in ["A/journal.jsonl", "./A/new.json", "A/sub/../x.json", "A/sub/x"] {
        refused(folder, &["A"], &[(&line(output), lost)]);
    }
    // Not there yet: the output would stand where the folder, or one above it, is to be.
    refused(
        folder,
        &["A"],
        &[
            (&format!("{TOYS} --checkpoint B --output B"), "the journal of this very command is in `B`"),
            (&format!("{TOYS} --checkpoint B/C --output B"), "it is a folder, that of `B/C`"),
        ],
    );
    assert!(!folder.join("B").exists());
    // Beside it is the place for a result.
    zstat_in(folder, &line("A.json")).exits(0);
    assert_eq!(fs::read_dir(folder.join("A")).unwrap().count(), 2);
}

#[test]
#[cfg(unix)]
fn a_link_to_a_journal_is_seen_through() {
    let work = work();
    let folder = work.path();
    zstat_in(folder, &format!("{TOYS} --checkpoint A")).exits(0);
    std::os::unix::fs::symlink("A/journal.jsonl", folder.join("link")).unwrap();
    std::os::unix::fs::symlink("A", folder.join("again")).unwrap();
    let line = |folder: &str, output: &str| format!("{TOYS} --checkpoint {folder} --output {output}");
    let lost = "and would be lost";
    let lines = [line("A", "link"), line("A", "again/x"), line("again", "A/x")];
    refused(folder, &["A"], &lines.each_ref().map(|line| (line.as_str(), lost)));
    zstat_in(folder, &line("A", "/dev/null")).exits(0);
}

#[test]
fn parts_are_not_written_over() {
    let work = work();
    let folder = work.path();
    for part in [1, 2] {
        zstat_in(folder, &format!("{TOYS} --checkpoint h{part} --shard {part}/2")).exits(0);
        zstat_in(folder, &format!("toys counting.yaml --n 8 --output t{part} --shard {part}/2")).exits(0);
    }
    let lost = "one of the parts, which would be lost";
    refused(
        folder,
        &["h1", "h2", "t1", "t2"],
        &[
            ("merge h1 h2 --output h1/journal.jsonl", lost),
            ("merge h1 h2 --missing --output h2/x", lost),
            ("merge t1 t2 --output t1/sub", lost),
            ("merge t1 t2 --output t2", "--output t2: is one of the parts"),
        ],
    );
    assert!(!folder.join("t1/sub").exists());
    zstat_in(folder, "merge h1 h2 --output h.json").exits(0);
    zstat_in(folder, "merge t1 t2 --output t").exits(0);
    // Toys are kept beside their results: the folder of the output is that of the journal.
    zstat_in(folder, "toys counting.yaml --n 9 --output t3").exits(0);
    zstat_in(folder, "toys counting.yaml --n 12 --output t3").exits(0);
}

#[test]
fn two_outputs_are_two_files() {
    let work = work();
    let folder = work.path();
    let line = "bias counting.yaml --inject 1 --n 5 --checkpoint b --save-toys";
    zstat_in(folder, &format!("{line} r.parquet --output r.json")).exits(0);
    refused(
        folder,
        &["b"],
        &[
            (&format!("{line} b/journal.jsonl"), "the journal of this very command is in `b`"),
            (&format!("{line} r.json --output ./r.json"), "--save-toys r.json: is the file of --output, too"),
            ("merge b --output r.parquet", "--save-toys r.parquet: is the file of --output, too"),
            ("convert counting.yaml x.json --output ./x.json", "OUT x.json: is the file of --output, too"),
        ],
    );
    zstat_in(folder, "merge b --output s.json").exits(0);
}

#[test]
fn a_dash_is_standard_output_and_endings_have_no_case() {
    let work = work();
    let folder = work.path();
    let page = zstat_in(folder, "fit counting.yaml").exits(0).stdout;
    assert_eq!(zstat_in(folder, "fit counting.yaml --output -").exits(0).stdout, page);
    assert!(!folder.join("-").exists());
    zstat_in(folder, "toys counting.yaml --n 5 -o -")
        .exits(2)
        .tells(&["--output -: is standard output, and toys need a folder"]);
    assert!(zstat_in(folder, "schema -o -").exits(0).stdout.starts_with('{'));
    for (file, first) in [("a.JSON", "{"), ("a.Csv", "name,value")] {
        run_in(folder, &["fit", "counting.yaml", "-o", file]).exits(0);
        assert!(fs::read_to_string(folder.join(file)).unwrap().starts_with(first), "{file}");
    }
    // The option stands before the command as well, also that of `toys`.
    zstat_in(folder, "-o first toys counting.yaml --n 5").exits(0);
    assert!(folder.join("first/toys.parquet").exists());
}

#[test]
fn help_names_the_folder_of_toys() {
    let help = run("toys --help").exits(0).stdout;
    assert!(help.contains("--output <DIR>") && help.contains("Folder of the toys"), "{help}");
    let help = run("fit --help").exits(0).stdout;
    assert!(help.contains("--output <PATH>") && !help.contains("`man`"), "{help}");
}

/// Threads need room for their stacks; where there is none the command says so, and neither panics nor hangs.
#[test]
#[cfg(target_os = "linux")]
fn threads_that_cannot_be_had_are_told() {
    let line = "ulimit -v 1000000; exec \"$0\" fit specs/quickstart.yaml --threads 1024";
    let mut shell = std::process::Command::new("sh");
    shell.current_dir(super::support::root()).args(["-c", line, env!("CARGO_BIN_EXE_zstat")]);
    let found = super::support::Run::from(shell.output().unwrap()).exits(2);
    found.tells(&["no 1024 threads can be had", "ask for fewer with --threads"]);
}
