//! Inputs beyond any use: very many faults, very long names and lines, texts that grow, things that are no files.

use std::fmt::Write as _;
use std::process::Stdio;

use super::support::{COUNTING, Run, folder, run_in, write, zstat};

/// A pyhf workspace on one line with `n` misspelt types of modifiers.
fn many_faults(n: usize) -> String {
    let mut modifiers = String::new();
    for i in 0..n {
        write!(modifiers, r#"{{"name": "k{i}", "type": "normsis", "data": {{"lo": 0.9, "hi": 1.1}}}},"#)
            .unwrap();
    }
    modifiers.pop();
    format!(
        r#"{{"channels": [{{"name": "SR", "samples": [{{"name": "b", "data": [5.0], "modifiers": [{modifiers}]}}]}}],
        "observations": [{{"name": "SR", "data": [5]}}], "measurements": [{{"name": "m", "config": {{"poi": "", "parameters": []}}}}],
        "version": "1.0.0"}}"#
    )
}

#[test]
fn of_very_many_faults_the_first_are_printed_and_the_rest_counted() {
    let folder = folder();
    write(folder.path(), "many.json", &many_faults(150));
    let run = run_in(folder.path(), &["validate", "many.json"]).exits(2).tells(&["50 more are not shown"]);
    assert_eq!(run.stderr.matches("error[E0204]").count(), 100);
    assert_eq!(run.stdout, "many.json: 150 errors, 0 warnings: not valid\n");
    run_in(folder.path(), &["fit", "many.json"]).exits(2).tells(&["50 more", "150 errors, 0 warnings"]);
    let json = run_in(folder.path(), &["validate", "many.json", "--format", "json"]).exits(2).json();
    assert_eq!(json["errors"].as_array().unwrap().len(), 150, "all of them");
}

#[test]
fn a_part_of_a_long_line_keeps_its_place() {
    let folder = folder();
    let text = many_faults(2000);
    write(folder.path(), "line.json", &text);
    assert!(text.lines().next().unwrap().len() > 100_000);
    let last = text.match_indices("\"normsis\"").nth(99).unwrap().0 + 1;
    let run = run_in(folder.path(), &["validate", "line.json"]).exits(2);
    let run = run.tells(&[&format!("line.json:1:{last}"), "did you mean `normsys`?"]);
    assert!(run.stderr.lines().all(|line| line.chars().count() < 400), "{}", run.stderr);
    assert!(run.stderr.contains(r#""type": "normsis""#), "{}", run.stderr);
}

#[test]
fn long_names_are_shortened() {
    let folder = folder();
    let long = "x".repeat(1_000_000);
    for text in [
        COUNTING.replace("lo: 0.9", "lo: 0").replace("norm,", &format!("{long},")),
        COUNTING.replace("type: normsys", &format!("type: {long}")),
        COUNTING.replace("poi:", &format!("{long}:")),
        COUNTING.replace("poi: mu", &format!("poi: {long}")),
    ] {
        write(folder.path(), "long.yaml", &text);
        let run = run_in(folder.path(), &["validate", "long.yaml"]).exits(2);
        assert!(run.stderr.len() < 10_000 && run.stderr.contains("xxx"), "{} bytes", run.stderr.len());
    }
}

#[test]
fn a_key_that_is_repeated_without_end_is_told_once_in_a_while() {
    let folder = folder();
    write(folder.path(), "repeated.yaml", &"abc def: ghi\n".repeat(5000));
    let run = run_in(folder.path(), &["validate", "repeated.yaml", "--format", "json"]).exits(2);
    let errors = run.json()["errors"].as_array().unwrap().clone();
    let of = |code: &str| errors.iter().filter(|error| error["code"] == code).count();
    // Two keys are missing, one is unknown, and all others repeat it.
    assert_eq!((of("E0202"), of("E0201"), of("E0105")), (2, 1, 101));
    assert!(errors.iter().any(|error| error["message"] == "4899 more keys are given again"), "{errors:?}");
}

#[test]
fn a_patch_cannot_grow_without_bound() {
    let folder = folder();
    write(folder.path(), "spec.yaml", COUNTING);
    let double = |i: usize| format!(r#"{{"op": "copy", "from": "", "path": "/x{i}"}}"#);
    write(folder.path(), "bomb.json", &format!("[{}]", (0..60).map(double).collect::<Vec<_>>().join(",")));
    run_in(folder.path(), &["validate", "spec.yaml", "--patch", "bomb.json"]).exits(2).tells(&[
        "bomb.json:1:",
        "E0104",
        "values are copied in all",
    ]);
}

#[test]
#[cfg(unix)]
fn what_is_no_file() {
    let folder = folder();
    run_in(folder.path(), &["validate", "/dev/null"]).exits(2).tells(&["/dev/null:1:1", "the file is empty"]);
    run_in(folder.path(), &["validate", "."]).exits(2).tells(&["cannot read `.`", "folder"]);
    run_in(folder.path(), &["validate", "-"]).exits(2).tells(&["<stdin>:1:1", "the file is empty"]);
    // A pipe is as good as a file.
    let mut child = zstat();
    let mut child =
        child.args(["validate", "/dev/stdin"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), COUNTING.as_bytes()).unwrap();
    Run::from(child.wait_with_output().unwrap()).exits(0);
}
