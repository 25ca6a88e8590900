//! `zstat validate`: places, exit codes, all faults at once, JSON fields.

use super::support::{COUNTING, folder, golden, run_in, write};

/// Three faults of different kinds in one file.
const FAULTY: &str = "\
zstat: 1
workspace:
  channels:
    - name: SR
      samples:
        - name: signal
          data: [5.0, 12.0]
          modifiers:
            - {name: mu, type: normfactr}
        - name: background
          data: [50.0, forty]
          modfiers: []
";

#[test]
fn a_good_spec_is_valid() {
    let folder = folder();
    write(folder.path(), "good.yaml", COUNTING);
    let run = run_in(folder.path(), &["validate", "good.yaml"]).exits(0);
    assert_eq!(run.stdout, "good.yaml: 0 errors, 0 warnings: valid\n");
    assert_eq!(run.stderr, "");
}

#[test]
fn all_faults_are_told_at_once_with_their_places() {
    let folder = folder();
    write(folder.path(), "faulty.yaml", FAULTY);
    let run = run_in(folder.path(), &["validate", "faulty.yaml"]).exits(2);
    golden("validate/faulty.txt", &run.stderr);
    let run = run.tells(&["faulty.yaml:9:", "faulty.yaml:11:", "faulty.yaml:12:", "normfactor", "modifiers"]);
    assert_eq!(run.stdout, "faulty.yaml: 3 errors, 0 warnings: not valid\n");
}

/// Two faults of shape and, behind them, three of meaning.
const FAULTY_IN_BOTH: &str = "\
zstat: 1
workspace:
  channels:
    - name: SR
      samples:
        - name: signal
          data: [1.0, 2.0]
          modfiers:
            - {name: mu, type: normfactor}
        - name: bkg
          data: [10.0, \"five\"]
          modifiers:
            - {name: b, type: normsys, hi: 1.1, lo: 0.9}
  observations: {SR: [3, 6, 7]}
  parameters:
    mu: {bounds: [10, 0]}
    b: {init: 90}
  poi: mu
";

#[test]
fn faults_of_shape_hide_none_of_meaning() {
    let folder = folder();
    write(folder.path(), "both.yaml", FAULTY_IN_BOTH);
    let run = run_in(folder.path(), &["validate", "both.yaml"]).exits(2);
    golden("validate/both.txt", &run.stderr);
    assert_eq!(run.stdout, "both.yaml: 5 errors, 0 warnings: not valid\n");
    for command in ["validate", "fit"] {
        let run = run_in(folder.path(), &[command, "both.yaml"]).exits(2);
        let places: Vec<&str> =
            run.stderr.lines().filter_map(|line| line.trim_start().strip_prefix("--> both.yaml:")).collect();
        assert_eq!(places, ["8:11", "11:24", "14:22", "16:18", "17:15"], "{command}");
    }
    let json = run_in(folder.path(), &["validate", "both.yaml", "--format", "json"]).exits(2).json();
    let codes: Vec<&str> =
        json["errors"].as_array().unwrap().iter().map(|error| error["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["E0201", "E0203", "E0302", "E0402", "E0402"]);
}

#[test]
fn json_has_the_fields_of_the_contract() {
    let folder = folder();
    write(folder.path(), "faulty.yaml", FAULTY);
    let run = run_in(folder.path(), &["validate", "faulty.yaml", "--format", "json"]).exits(2);
    assert_eq!(run.stderr, "", "one JSON document and nothing else");
    let json = run.json();
    assert_eq!(json["valid"], false);
    assert_eq!(json["warnings"].as_array().unwrap().len(), 0);
    let errors = json["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 3);
    for error in errors {
        assert_eq!(error["file"], "faulty.yaml");
        assert!(error["line"].as_u64().unwrap() >= 9 && error["column"].as_u64().unwrap() > 1, "{error}");
        assert!(error["path"].as_str().unwrap().starts_with("/workspace/channels/0/samples/"), "{error}");
        assert!(error["code"].as_str().unwrap().starts_with('E'), "{error}");
        assert!(!error["message"].as_str().unwrap().is_empty() && error.get("help").is_some(), "{error}");
    }
    let csv = run_in(folder.path(), &["validate", "faulty.yaml", "--format", "csv"]).exits(2).stdout;
    assert_eq!(csv.lines().count(), 4);
}

#[test]
fn other_commands_refuse_a_faulty_spec_the_same_way() {
    let folder = folder();
    write(folder.path(), "faulty.yaml", FAULTY);
    for command in ["inspect", "evaluate", "fit"] {
        let run = run_in(folder.path(), &[command, "faulty.yaml", "--format", "json"]).exits(2);
        assert_eq!(run.stdout, "", "{command}");
        run.tells(&["faulty.yaml:9:", "faulty.yaml:11:", "faulty.yaml: 3 errors, 0 warnings"]);
    }
}

#[test]
fn warnings_fail_only_when_strict() {
    let folder = folder();
    // No effect at all: both variations are the nominal.
    write(folder.path(), "lint.yaml", &COUNTING.replace("lo: 0.9, hi: 1.1", "lo: 1.0, hi: 1.0"));
    let run = run_in(folder.path(), &["validate", "lint.yaml"]).exits(0).tells(&["lint.yaml:7:", "warning"]);
    assert_eq!(run.stdout, "lint.yaml: 0 errors, 1 warning: valid\n");
    run_in(folder.path(), &["validate", "lint.yaml", "--strict"]).exits(2);
    let quiet = run_in(folder.path(), &["validate", "lint.yaml", "--quiet"]).exits(0);
    assert_eq!(quiet.stderr, "");
    let json = run_in(folder.path(), &["validate", "lint.yaml", "--format", "json"]).exits(0).json();
    assert_eq!((&json["valid"], json["warnings"].as_array().unwrap().len()), (&true.into(), 1));
}

#[test]
fn files_that_are_not_there_or_not_text() {
    let folder = folder();
    run_in(folder.path(), &["validate", "no.yaml"]).exits(2).tells(&["no.yaml", "No such file"]);
    std::fs::write(folder.path().join("bytes.yaml"), [0xff, 0xfe, 0x00]).unwrap();
    run_in(folder.path(), &["validate", "bytes.yaml"]).exits(2).tells(&["bytes.yaml:1:1", "UTF-8"]);
    run_in(folder.path(), &["validate", "."]).exits(2).tells(&["cannot read `.`"]);
}
