//! Standard streams and files: pipes that close, colours, whole files, Ctrl-C.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use super::support::{COUNTING, folder, run, run_in, write, zstat};

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = zstat()
        .args(["inspect", "specs/quickstart.yaml", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn colours_only_where_asked_for() {
    let has_colour = |text: &str| text.contains('\u{1b}');
    assert!(!has_colour(&run("fit specs/quickstart.yaml").exits(0).stdout), "a pipe has no colours");
    assert!(has_colour(&run("fit specs/quickstart.yaml --color always").exits(0).stdout));
    assert!(!has_colour(&run("fit specs/quickstart.yaml --color never").exits(0).stdout));
    assert!(has_colour(&run("validate no-such-file --color always").exits(2).stderr));
    let folder = folder();
    let path = folder.path().join("page.txt");
    run(&format!("fit specs/quickstart.yaml --color always --output {}", path.display())).exits(0);
    let page = std::fs::read_to_string(path).unwrap();
    assert!(!has_colour(&page) && page.contains("converged"), "a file has no colours");
}

#[test]
fn a_spec_from_standard_input() {
    let mut command = zstat();
    let mut child = command
        .args(["evaluate", "-", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(COUNTING.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["spec"]["file"], "<stdin>");
}

#[test]
fn output_files_are_whole_or_not_there() {
    let folder = folder();
    write(folder.path(), "spec.yaml", COUNTING);
    run_in(folder.path(), &["fit", "spec.yaml", "--format", "json", "--output", "out.json"]).exits(0);
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files(), 2, "no temporary file is left");
    let failed = run_in(folder.path(), &["fit", "spec.yaml", "--fix", "nothing", "--output", "none.json"]);
    failed.exits(2);
    assert_eq!(files(), 2, "nothing is written for bad input");
    run_in(folder.path(), &["fit", "spec.yaml", "--output", "no/such/folder.txt"])
        .exits(2)
        .tells(&["no/such"]);
    let refused = run_in(folder.path(), &["validate", "spec.yaml", "--output", "."]);
    refused.exits(2).tells(&["cannot write"]);
    assert_eq!(files(), 2);
}

#[cfg(unix)]
#[test]
fn interrupted_is_130_without_a_partial_file() {
    let folder = folder();
    let out = folder.path().join("out.json");
    // The spec never ends: zstat waits for standard input until it is interrupted.
    let mut child = zstat()
        .args(["fit", "-", "--format", "json", "--output"])
        .arg(&out)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(COUNTING.as_bytes()).unwrap();
    // More than a pipe holds: once this is written, the process is reading, and its handler is set.
    stdin.write_all(" ".repeat(1 << 20).as_bytes()).unwrap();
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("interrupted"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    drop(stdin);
}

#[test]
fn json_is_one_document_and_nothing_else() {
    let mut child = zstat()
        .args(["fit", "specs/quickstart.yaml", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut text = String::new();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut text).unwrap();
    assert_eq!(text, "{\n");
    reader.read_to_string(&mut text).unwrap();
    serde_json::from_str::<serde_json::Value>(&text).unwrap();
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(stderr, "");
    assert!(child.wait().unwrap().success());
}

/// What was read is not written over: the spec, a data file; but a result may replace the one it started from.
#[test]
fn inputs_are_not_overwritten() {
    let folder = folder();
    write(folder.path(), "spec.yaml", COUNTING);
    write(folder.path(), "data.json", r#"{"SR": [70]}"#);
    for output in ["spec.yaml", "./spec.yaml", "data.json"] {
        let run = run_in(folder.path(), &["fit", "spec.yaml", "--data", "data.json", "-o", output]).exits(2);
        run.tells(&["cannot write", "was read by this very command"]);
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("spec.yaml")).unwrap(), COUNTING);
    run_in(folder.path(), &["fit", "spec.yaml", "-o", "fit.json"]).exits(0);
    run_in(folder.path(), &["fit", "spec.yaml", "--init-from", "fit.json", "-o", "fit.json"]).exits(0);
    let run = run_in(folder.path(), &["fit", "spec.yaml", "-o", "none/fit.json"]).exits(2);
    run.tells(&["there is no folder `none`"]);
}
