//! What is told of values and parameters that make little sense: without effect, out of bounds, of no use, no excess.

use std::path::Path;

use serde_json::Value;

use super::support::{COUNTING, Run, folder, run, run_in, write};

fn zstat_in(folder: &Path, line: &str) -> Run {
    run_in(folder, &line.split_whitespace().collect::<Vec<_>>())
}

fn warnings(folder: &Path, line: &str) -> String {
    zstat_in(folder, &format!("{line} --format json")).json()["status"]["warnings"].to_string()
}

#[test]
fn a_parameter_without_effect_is_told_everywhere() {
    let work = folder();
    write(work.path(), "none.yaml", &COUNTING.replace("[10.0]", "[0.0]"));
    write(work.path(), "counting.yaml", COUNTING);
    let told = "`mu` has no effect: no bin expects anything else at another value of it";
    for line in [
        "scan SPEC --points 3",
        "scan SPEC --parameter mu --parameter norm --points 3",
        "feldman-cousins SPEC --toys 3 --range 0:1 --points 2",
        "bias SPEC --inject 1 --n 3",
        "toys SPEC --n 3 --output OUT",
        "hypotest SPEC",
        "limit SPEC",
        "significance SPEC",
    ] {
        let of = |spec: &str| {
            let line = line.replace("SPEC", &format!("{spec}.yaml")).replace("OUT", &format!("of_{spec}"));
            warnings(work.path(), &line)
        };
        let (none, counting) = (of("none"), of("counting"));
        assert_eq!(none.matches(told).count(), 1, "{line}: {none}");
        assert!(!counting.contains("has no effect"), "{line}: {counting}");
    }
}

#[test]
fn ranges_curves_and_signals_out_of_bounds_are_told() {
    let work = folder();
    write(work.path(), "counting.yaml", COUNTING);
    let of = |line: &str| warnings(work.path(), &line.replace("SPEC", "counting.yaml"));
    let plane = of("scan SPEC --parameter mu --parameter norm --points 3 --range=-1:2 --range=-9:9");
    assert!(
        plane.contains("an end of the range, mu = -1, is outside the bounds of `mu`, 0 to 10"),
        "{plane}"
    );
    let both = "both ends of the range, norm = -9 and 9, are outside the bounds of `norm`, -5 to 5";
    assert!(plane.contains(both), "{plane}");
    let curve = "an end of the curve, mu = 20, is outside the bounds of `mu`";
    assert!(of("limit SPEC --curve 0:20 --points 3").contains(curve));
    assert!(!of("limit SPEC --curve 0:20 --points 3 --widen").contains(curve));
    let signal = "the signal that is expected, mu = 20, is outside the bounds of `mu`";
    for line in ["significance SPEC", "significance SPEC --toys 5", "hypotest SPEC --test-stat q0"] {
        assert!(of(&format!("{line} --signal 20")).contains(signal), "{line}");
        assert!(!of(line).contains("outside"), "{line}");
    }
}

/// Of a whole patch set, too: each row says what the patch named alone does.
#[test]
fn rows_of_patches_have_the_remarks_of_one() {
    let work = super::limit_patches::work();
    let bad = ["hypotest bkg.json --mu 20", "significance bkg.json --signal 20"];
    for line in bad.map(|line| format!("{line} --ignore-digests --format json --patch good.json:")) {
        let of = |name: &str| zstat_in(work.path(), &format!("{line}{name}")).exits(0).json();
        let (all, alone) = (of("ALL"), of("m_100"));
        let row = &super::limit_patches::rows(&all)[0]["status"]["warnings"];
        assert_eq!(*row, alone["status"]["warnings"]);
        assert!(row.to_string().contains("outside the bounds"), "{row}");
    }
}

#[test]
fn a_signal_without_use_is_refused() {
    for statistic in ["qtilde", "q", "t", "ttilde"] {
        run(&format!("hypotest specs/quickstart.yaml --signal 2 --test-stat {statistic}"))
            .exits(2)
            .tells(&[&format!("--signal 2: is for discoveries, and `{statistic}` is none")]);
    }
    run("hypotest specs/quickstart.yaml --signal 2 --test-stat u0").exits(0);
}

/// Fewer events than background: q0 is 0, every toy is at least as far, and that is no deficit of any size.
#[test]
fn no_excess_is_no_deficit() {
    let work = folder();
    write(work.path(), "low.yaml", &COUNTING.replace("[63]", "[40]"));
    for statistic in ["q0", "u0"] {
        let line = format!("significance low.yaml --toys 50 --test-stat {statistic}");
        let page = zstat_in(work.path(), &line).exits(0).stdout;
        let row = page.lines().find(|line| line.starts_with("  observed")).unwrap();
        assert!(row.ends_with("≤ 0"), "{page}");
        let json = zstat_in(work.path(), &format!("{line} --format json")).exits(0).json();
        assert_eq!((&json["p0_obs"], &json["z_obs"]), (&1.0.into(), &Value::Null));
        let told = "z_obs is null: the data have no excess, and Z is 0 or less";
        assert!(json["status"]["warnings"].to_string().contains(told), "{json}");
        let table = zstat_in(work.path(), &format!("{line} --format csv")).exits(0).tells(&[told]).stdout;
        let cells: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
        assert_eq!(cells[0][0], "quantity");
        assert_eq!([cells[1][0], cells[1][1]], ["p", "1"]);
        assert_eq!([cells[2][0], cells[2][1], cells[2][2]], ["z", "", ""]);
        assert_eq!(cells[2][5].parse::<f64>().ok(), json["z_exp"].as_f64(), "{table}");
    }
    // A model in which the signal may be negative: `u0` tells the deficit.
    let wide = COUNTING.replace("[63]", "[10]") + "  parameters: {mu: {bounds: [-5, 10]}}\n";
    write(work.path(), "wide.yaml", &wide);
    let page = zstat_in(work.path(), "significance wide.yaml --toys 50 --test-stat u0").exits(0).stdout;
    assert!(page.lines().any(|line| line.starts_with("  observed") && line.ends_with("< -2.05")), "{page}");
    let page = zstat_in(work.path(), "significance wide.yaml --toys 50").exits(0).stdout;
    assert!(page.lines().any(|line| line.starts_with("  observed") && line.ends_with("≤ 0")), "{page}");
    let table = zstat_in(work.path(), "significance low.yaml --format csv").exits(0).stdout;
    assert!(table.starts_with("data,p0,z\nobserved,0.5,0\n"), "{table}");
}

#[test]
fn a_signal_may_come_with_a_patch() {
    let work = super::limit_patches::work();
    for command in ["limit", "hypotest", "significance", "scan", "compatibility"] {
        zstat_in(work.path(), &format!("{command} bkg.json")).exits(2).tells(&[
            "no modifier of the spec uses `mu`, its parameter of interest",
            "a signal may come with `--patch FILE:NAME`",
        ]);
    }
}

#[test]
fn empty_files_say_what_they_need() {
    let work = folder();
    write(work.path(), "counting.yaml", COUNTING);
    write(work.path(), "empty", "");
    for (line, needed) in [
        ("fit counting.yaml --data empty", "give `{CHANNEL: [n0, n1, ..]}`"),
        ("fit counting.yaml --init-from empty", "give the JSON result of `zstat fit`"),
        ("evaluate counting.yaml --at empty", "give `{PARAMETER: value, ..}`"),
        ("fit empty", "write an analysis"),
    ] {
        let told = zstat_in(work.path(), line).exits(2).tells(&["the file is empty", needed]).stderr;
        assert_eq!(told.contains("write an analysis"), line == "fit empty", "{told}");
    }
}

#[test]
fn numbers_and_levels_are_short() {
    let work = folder();
    write(work.path(), "counting.yaml", COUNTING);
    let line = "scan counting.yaml --parameter mu --parameter norm --points 3 --range 8:10 --range=-5:-4";
    let page = zstat_in(work.path(), line).stdout;
    assert!(page.contains("no contour at 68.3 %") && page.contains("no contour at 95.0 %"), "{page}");
    let line = "yields counting.yaml --postfit --function x=1/(mu-mu)";
    let told = warnings(work.path(), line);
    for stage in ["prefit", "postfit"] {
        assert_eq!(told.matches(&format!("\"{stage}: the function `x` is inf")).count(), 1, "{told}");
    }
    let patches = super::limit_patches::work();
    let line = "limit bkg.json --ignore-digests --patch good.json:ALL --curve";
    zstat_in(patches.path(), line).exits(2).tells(&["error: --curve: is for one patch at a time"]);
}
