//! Models and options at the edge of what makes sense: what is unknown is said to be, and never shown as a number.

use super::support::{COUNTING, folder, run, run_in, write};

/// No event observed: not one toy of either hypothesis is as far from the signal, and CLs is 0/0.
#[test]
fn a_ratio_of_nothing_is_unknown() {
    let work = folder();
    write(work.path(), "counting.yaml", &COUNTING.replace("[63]", "[0]"));
    let of = |format: &str| {
        run_in(work.path(), &["hypotest", "counting.yaml", "--toys", "10", "--format", format])
            .exits(0)
            .stdout
    };
    let page = of("text");
    assert!(page.contains("warning: CLs is 0/0: not one toy of either hypothesis"), "{page}");
    let row: Vec<&str> =
        page.lines().find(|line| line.starts_with("  CLs ")).unwrap().split_whitespace().collect();
    assert_eq!(row[1], "?", "{page}");
    let table = of("csv");
    assert!(table.lines().any(|line| line.starts_with("cls,,")), "empty cells: {table}");
    assert!(!page.contains("nan") && !table.contains("NaN") && !table.contains("inf"), "{page}{table}");
}

/// Without background no signal is impossible where there are events: 2 ΔNLL has no number there.
#[test]
fn a_value_without_likelihood_is_unknown_in_a_scan() {
    let work = folder();
    write(work.path(), "counting.yaml", &COUNTING.replace("[50.0]", "[0.0]"));
    let of = |format: &str| {
        let line = ["scan", "counting.yaml", "--range", "0:3", "--points", "4", "--format", format];
        run_in(work.path(), &line).exits(1).stdout
    };
    let page = of("text");
    let first = page.lines().skip_while(|line| *line != "2 ΔNLL").nth(2).unwrap();
    assert_eq!(first.split_whitespace().collect::<Vec<_>>(), ["0", "?"], "no dot at 0: {page}");
    let table = of("csv");
    assert_eq!(table.lines().nth(1), Some("0,,,false"), "{table}");
}

#[test]
fn one_toy_is_no_toys() {
    for command in ["hypotest", "significance", "gof"] {
        let page = run(&format!("{command} specs/quickstart.yaml --toys 1")).exits(0).stdout;
        assert!(page.contains(" 1 toy of each") || page.contains(", 1 toy, seed 1"), "{page}");
    }
}

#[test]
fn a_warning_tells_that_everything_is_blinded() {
    for command in ["hypotest", "limit", "scan", "gof", "fit", "yields"] {
        let line = format!("{command} specs/quickstart.yaml --format json --blind");
        let told = |blinded: &str| run(&format!("{line} {blinded}")).json()["status"]["warnings"].to_string();
        let warning = "all channels are blinded: only the constraints are left";
        assert!(told("*").contains(warning), "{command}: {}", told("*"));
        assert!(!told("SR").contains(warning), "{command}");
    }
}

/// Toys are kept in the folder that `--output` names: that option is at fault.
#[test]
fn the_folder_of_another_job_is_told_by_its_option() {
    let work = folder();
    write(work.path(), "counting.yaml", COUNTING);
    let zstat = |line: &str| run_in(work.path(), &line.split_whitespace().collect::<Vec<_>>());
    zstat("hypotest counting.yaml --toys 5 --checkpoint kept").exits(0);
    zstat("toys counting.yaml --n 5 --output kept")
        .exits(2)
        .tells(&["--output kept: is of another job (command: toys here, hypotest there)"]);
    zstat("gof counting.yaml --toys 5 --checkpoint kept")
        .exits(2)
        .tells(&["--checkpoint kept: is of another"]);
}

#[test]
fn a_file_that_is_not_there_is_told_with_the_nearest() {
    let work = folder();
    write(work.path(), "counting.yaml", COUNTING);
    std::fs::create_dir(work.path().join("folder")).unwrap();
    let zstat =
        |line: &str| run_in(work.path(), &line.split_whitespace().collect::<Vec<_>>()).exits(2).stderr;
    assert!(zstat("limit countin.yml").contains("did you mean `counting.yaml`?"));
    assert!(zstat("limit folder/../countin.yaml").contains("did you mean `folder/../counting.yaml`?"));
    assert!(zstat("fit counting.yaml --patch count.yaml").contains("did you mean `counting.yaml`?"));
    // Nothing near, a folder, no folder: no advice.
    for none in ["fit quite_another.json", "fit folde", "fit nowhere/counting.yaml"] {
        let told = zstat(none);
        assert!(told.contains("cannot read") && !told.contains("did you mean"), "{told}");
    }
}
