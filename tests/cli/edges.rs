//! Models and options at the edge of what makes sense: what is unknown is said to be, and never shown as a number.

use super::support::{COUNTING, folder, root, run, run_in, write};

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

/// Without background no signal is impossible where there are events: 2 ΔNLL is infinite there, which CSV has no number for.
#[test]
fn a_value_without_likelihood_is_infinite_in_a_scan() {
    let work = folder();
    write(work.path(), "counting.yaml", &COUNTING.replace("[50.0]", "[0.0]"));
    let of = |format: &str| {
        let line = ["scan", "counting.yaml", "--range", "0:3", "--points", "4", "--format", format];
        run_in(work.path(), &line).exits(0).stdout
    };
    let page = of("text");
    let first = page.lines().skip_while(|line| *line != "2 ΔNLL").nth(2).unwrap();
    assert_eq!(first.split_whitespace().collect::<Vec<_>>(), ["0", "∞", "●"], "{page}");
    let table = of("csv");
    assert_eq!(table.lines().nth(1), Some("0,,,true"), "{table}");
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

/// Background zero where events are seen: no background-only hypothesis can be true. All commands say so and name the bin.
const IMPOSSIBLE: &str = "zstat: 1\nworkspace:\n  channels:\n    - name: SR\n      samples:\n        - name: signal\n          data: [1.0, 2.0]\n          modifiers: [{name: mu, type: normfactor}]\n        - name: background\n          data: [0.0, 5.0]\n          modifiers: [{name: b, type: normsys, lo: 0.9, hi: 1.1}]\n  observations: {SR: [3, 6]}\n  poi: mu\n";

#[test]
fn a_value_of_zero_likelihood_is_told_alike() {
    let folder = folder();
    write(folder.path(), "zero.yaml", IMPOSSIBLE);
    let bin = "bin 0 in channel `SR`";
    let run = |arguments: &str| {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        run_in(folder.path(), &arguments)
    };
    let zero = "the likelihood is zero with `mu` = 0";
    let found = run("significance zero.yaml --format json").exits(0).json();
    assert_eq!((&found["p0_obs"], &found["z_obs"]), (&0.0.into(), &serde_json::Value::Null));
    assert!(found["status"]["warnings"][0].as_str().unwrap().contains(zero), "{found}");
    let pages = [
        ("significance zero.yaml", "  observed             0  ∞"),
        ("scan zero.yaml --range 0:3 --points 4", "   0       ∞"),
    ];
    for (line, shown) in pages {
        let page = run(line).exits(0).stdout;
        assert!([zero, bin, shown].iter().all(|part| page.contains(part)), "{page}");
    }
    let unified = run("feldman-cousins zero.yaml --points 3 --toys 20 --format json").exits(0).json();
    assert_eq!(unified["points"][0]["p_value"], 0.0);
    for command in ["hypotest", "limit", "limit --toys 5", "significance --toys 5"] {
        run(&format!("{command} zero.yaml")).exits(2).tells(&[
            "no data can be made with `mu` = 0 and",
            bin,
            "--asimov nominal",
        ]);
    }
    run("hypotest zero.yaml --asimov nominal").exits(0);
    run("limit zero.yaml --asimov nominal").exits(0);
}

#[test]
fn values_outside_of_bounds_are_told() {
    let page = |line: &str| run(line).exits(0).stdout;
    let test = page("hypotest specs/quickstart.yaml --mu 20");
    assert!(test.contains("the value tested, mu = 20, is outside the bounds of `mu`, 0 to 10"), "{test}");
    let scan = page("scan specs/quickstart.yaml --range 20:30 --points 3");
    let ends = "both ends of the range, mu = 20 and 30, are outside the bounds of `mu`, 0 to 10";
    assert!(scan.contains(ends) && scan.contains("the range is outside of all intervals"), "{scan}");
    assert!(!scan.contains("\nintervals"), "{scan}");
}

#[test]
fn toys_and_curves_without_a_limit_are_told() {
    let work = folder();
    let text = std::fs::read_to_string(root().join("specs/quickstart.yaml")).unwrap();
    let nothing = "[0, 0, 0, 0, 0]";
    let shapes = "lo: [2.4, 6.7, 13.5, 9.6, 4.5], hi: [1.8, 6.1, 14.0, 10.8, 5.3]";
    let text = text.replace("[2.1, 6.4, 13.8, 10.2, 4.9]", nothing);
    let text = text.replace(shapes, &format!("lo: {nothing}, hi: {nothing}"));
    write(work.path(), "none.yaml", &text);
    let page = |option: &[&str]| run_in(work.path(), &[&["limit", "none.yaml"], option].concat()).stdout;
    let curve = page(&["--curve"]);
    assert!(curve.contains("no curve: there is no limit to place it around"), "{curve}");
    let toys = page(&["--toys", "5"]);
    assert!(toys.contains("no toys were made: there is no limit"), "{toys}");
}

#[test]
fn options_are_called_by_their_names() {
    run("hypotest specs/quickstart.yaml --mu abc").exits(2).tells(&["'--mu <X>': expected a number"]);
    run("hypotest specs/quickstart.yaml --fix mu")
        .exits(2)
        .tells(&["--fix mu: fixes `mu`, the parameter of interest"]);
}

/// Scanned together, the values of both are named, and all points of zero likelihood are told in one line.
#[test]
fn a_plane_tells_what_is_held_where_the_likelihood_is_zero() {
    let folder = folder();
    let both = IMPOSSIBLE.replace(
        "[{name: mu, type: normfactor}]",
        "[{name: mu, type: normfactor}, {name: scale, type: normfactor}]",
    );
    write(folder.path(), "zero.yaml", &both);
    let line = "scan zero.yaml --parameter mu --parameter scale --range 0:3 --range 0.5:2 --points 4x5";
    let page = run_in(folder.path(), &line.split(' ').collect::<Vec<_>>()).exits(0).stdout;
    let told: Vec<&str> = page.lines().filter(|line| line.contains("likelihood is zero")).collect();
    let [told] = told.as_slice() else { panic!("{page}") };
    assert!(told.contains("with `mu` = 0, whatever the other parameters are"), "{told}");
    assert!(told.ends_with("and at 5 other points") && !page.contains("no likelihood"), "{page}");
}

/// No background, and nothing seen: the best signal is none at all, on a bound where exactly nothing is expected.
#[test]
fn nothing_seen_and_nothing_expected_is_a_minimum() {
    let folder = folder();
    let text = "zstat: 1\nworkspace:\n  channels:\n    - name: SR\n      samples:\n        - {name: s, data: [2.0], modifiers: \
                [{name: mu, type: normfactor}]}\n        - {name: b, data: [0.0]}\n  observations: {SR: [0]}\n  poi: mu\n  \
                parameters: {mu: {bounds: [0, 10]}}\n";
    write(folder.path(), "nothing.yaml", text);
    let run = |line: &str| run_in(folder.path(), &line.split(' ').collect::<Vec<_>>()).exits(0);
    for fitter in ["newton", "lbfgsb", "nelder-mead"] {
        let fit = run(&format!("fit nothing.yaml --fitter {fitter} --format json")).json();
        assert_eq!(fit["parameters"][0]["value"], 0.0, "{fitter}: {fit}");
    }
    for command in ["limit", "scan", "gof", "significance", "hypotest"] {
        run(&format!("{command} nothing.yaml"));
    }
    run("limit nothing.yaml --toys 20 --points 3");
    let unified = run("feldman-cousins nothing.yaml --points 3 --toys 20 --format json").json();
    assert_eq!(unified["points"].as_array().map(Vec::len), Some(3), "the bound once: {unified}");
}

/// A narrow curved valley along the edge of bins that expect next to nothing: both fitters find its lowest point.
#[test]
fn a_curved_valley_is_followed() {
    let value = |fitter: &str| {
        let line = format!("fit tests/cases/fits/valley.yaml --fix s=0 --fitter {fitter} --format json");
        run(&line).exits(0).json()["twice_nll"].as_f64().unwrap()
    };
    let (newton, lbfgsb) = (value("newton"), value("lbfgsb"));
    assert!((newton - lbfgsb).abs() < 1e-6, "{newton}, {lbfgsb}");
    assert!((newton - 37.032_325).abs() < 1e-5, "{newton}");
}

/// Several valleys, of which a search from far away would find another one than that it stood still in: the fit goes on in that, and
/// arrives no higher than it had come.
#[test]
fn of_several_valleys_the_lowest_known() {
    let fit = run("fit tests/cases/fits/valleys.yaml --fix s=0 --format json").exits(0).json();
    let newton = fit["twice_nll"].as_f64().unwrap();
    assert!((newton - 51.190_143).abs() < 1e-5, "{newton}");
}
