//! Every broken pyhf workspace, patch and patch set under `tests/cases/broken-pyhf` gives the messages accepted beside it.
//!
//! `NAME.expected` begins with the command, `$ zstat …`, run in that folder; what follows is its standard output and
//! standard error. `ZSTAT_BLESS=1` rewrites what follows. Each command must refuse: exit code 2.

use std::fs;
use std::path::{Path, PathBuf};

use super::support::{Run, bless, root, run_in};

fn folder() -> PathBuf {
    root().join("tests/cases/broken-pyhf")
}

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "expected")).collect();
    cases.sort();
    cases
}

fn run(case: &Path, command: &str) -> Run {
    let arguments =
        command.strip_prefix("$ zstat ").unwrap_or_else(|| panic!("{}: no command", case.display()));
    run_in(&folder(), &arguments.split_whitespace().collect::<Vec<_>>())
}

#[test]
fn broken_pyhf_files_and_patches_are_explained() {
    let mut wrong = Vec::new();
    for case in cases() {
        let accepted = fs::read_to_string(&case).unwrap();
        let command = accepted.lines().next().unwrap_or_default();
        let Run { code, stdout, stderr } = run(&case, command);
        let now = format!("{command}\n{stdout}{stderr}");
        if bless() {
            fs::write(&case, &now).unwrap();
        }
        if code != 2 {
            wrong.push(format!("{}: exit code {code}\n{now}", case.display()));
        } else if now != accepted && !bless() {
            wrong.push(format!("{}\n--- accepted\n{accepted}--- now\n{now}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// A message names the file, the line and the column, or the file that cannot be opened.
#[test]
fn every_refusal_has_a_place() {
    if std::env::var_os("ZSTAT_BLESS").is_some() {
        return; // the files are being written
    }
    assert!(cases().len() >= 80, "{} cases", cases().len());
    for case in cases() {
        let accepted = fs::read_to_string(&case).unwrap();
        let placed = accepted.lines().any(|line| {
            let place = line.trim_start().trim_start_matches("--> ");
            let mut parts = place.rsplit(':').map(str::parse::<usize>);
            place != line && matches!((parts.next(), parts.next()), (Some(Ok(_)), Some(Ok(_))))
        });
        assert!(placed || accepted.contains("cannot read `"), "{}:\n{accepted}", case.display());
    }
}

/// The corpus has no file that nothing runs, and the workspace that the patches are applied to is good.
#[test]
fn every_broken_file_is_run() {
    let commands: String = cases().iter().map(|case| fs::read_to_string(case).unwrap() + "\n").collect();
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name.ends_with(".expected") || commands.contains(&name), "{name} is not run");
    }
    run_in(&folder(), &["validate", "good.json", "--strict"]).exits(0);
}
