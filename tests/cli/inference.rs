//! `zstat hypotest`, `limit` and `significance`: closed forms, the contract's fields, options.

use serde_json::Value;

use super::support::{COUNTING, folder, golden, run, run_in, without_timing, write};

/// One bin without nuisances: n observed, ν = b + μ s expected.
const BARE: &str = "zstat: 1\nworkspace:\n  channels:\n    - name: SR\n      samples:\n        - {name: s, data: [5.0], modifiers: \
                    [{name: mu, type: normfactor}]}\n        - {name: b, data: [50.0], modifiers: []}\n  observations: \
                    {SR: [55]}\n  poi: mu\n";

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("not a number: {value}"))
}

/// 2 [NLL(ν) − NLL(n)] of one Poisson count.
fn deviance(n: f64, nu: f64) -> f64 {
    2.0 * (nu - n + n * (n / nu).ln())
}

#[test]
fn one_bin_by_hand() {
    let folder = folder();
    write(folder.path(), "bare.yaml", BARE);
    let test = |options: &[&str]| {
        let args = [&["hypotest", "bare.yaml", "--format", "json"][..], options].concat();
        run_in(folder.path(), &args).exits(0).json()
    };
    let json = test(&["--mu", "3"]);
    assert!((number(&json["mu_hat"]) - 1.0).abs() < 1e-6);
    assert!((number(&json["q_obs"]) - deviance(55.0, 65.0)).abs() < 1e-9);
    assert!((number(&json["q_asimov"]) - deviance(50.0, 65.0)).abs() < 1e-9);
    assert!((number(&json["cls_obs"]) - number(&json["clsb_obs"]) / number(&json["clb_obs"])).abs() < 1e-12);
    assert_eq!(json["cls_exp"].as_array().unwrap().len(), 5);
    let discovery = run_in(folder.path(), &["significance", "bare.yaml", "--format", "json"]).exits(0).json();
    assert!((number(&discovery["z_obs"]).powi(2) - deviance(55.0, 50.0)).abs() < 1e-9);
    assert!((number(&discovery["z_exp"]).powi(2) - deviance(55.0, 50.0)).abs() < 1e-9);
    // More events than expected: nothing against a smaller signal, with either side counted something.
    assert_eq!(number(&test(&["--mu", "0.5"])["q_obs"]), 0.0);
    let two_sided = test(&["--mu", "0.5", "--test-stat", "t"]);
    assert!((number(&two_sided["q_obs"]) - deviance(55.0, 52.5)).abs() < 1e-9);
    assert!(two_sided["cls_obs"].is_null());
    assert!(two_sided["status"]["warnings"].to_string().contains("`t` has no CLs"));
}

/// CLs at the limit is 1 − level, observed and expected.
#[test]
fn tests_at_the_limits_give_the_level() {
    for (spec, level) in [("quickstart", "0.95"), ("interference", "0.9"), ("root-dialect", "0.95")] {
        let spec = format!("specs/{spec}.yaml");
        let json = run(&format!("limit {spec} --level {level} --format json")).exits(0).json();
        let alpha = 1.0 - level.parse::<f64>().unwrap();
        let cls = |mu: f64| run(&format!("hypotest {spec} --mu {mu} --format json")).exits(0).json();
        let observed = cls(number(&json["observed"]));
        assert!((number(&observed["cls_obs"]) - alpha).abs() < 1e-6, "{spec}: {observed}");
        for (band, limit) in json["expected"].as_array().unwrap().iter().enumerate() {
            let found = number(&cls(number(limit))["cls_exp"][band]);
            assert!((found - alpha).abs() < 1e-6, "{spec}, band {band}: {found}");
        }
    }
}

#[test]
fn limits_that_are_not_there_say_why() {
    let folder = folder();
    write(folder.path(), "weak.yaml", &BARE.replace("[5.0]", "[0.1]"));
    let json = run_in(folder.path(), &["limit", "weak.yaml", "--format", "json"]).exits(0).json();
    assert!(json["observed"].is_null());
    assert!(json["status"]["warnings"].to_string().contains("upper bound of `mu`"), "{json}");
    let json = run_in(folder.path(), &["limit", "weak.yaml", "--widen", "--format", "json"]).exits(0).json();
    assert!(number(&json["observed"]) > 100.0, "{json}");
    write(folder.path(), "none.yaml", &BARE.replace("[5.0]", "[0.0]"));
    let json = run_in(folder.path(), &["limit", "none.yaml", "--format", "json"]).exits(0).json();
    assert!(json["status"]["warnings"].to_string().contains("no sensitivity"), "{json}");
    for command in ["hypotest none.yaml", "significance none.yaml", "hypotest none.yaml --toys 5"] {
        let words: Vec<&str> = command.split(' ').chain(["--format", "json"]).collect();
        let json = run_in(folder.path(), &words).exits(0).json();
        assert!(json["status"]["warnings"].to_string().contains("`mu` has no effect"), "{command}: {json}");
    }
    // Numbers of any size are told in a few digits.
    let huge = run_in(folder.path(), &["hypotest", "weak.yaml", "--mu", "1e300"]);
    assert!(huge.stderr.len() + huge.stdout.len() < 3000, "{}{}", huge.stdout, huge.stderr);
}

/// A table has no place for warnings: they go to standard error.
#[test]
fn warnings_of_a_table_are_on_standard_error() {
    let folder = folder();
    write(folder.path(), "weak.yaml", &BARE.replace("[5.0]", "[0.1]"));
    let line = ["limit", "weak.yaml", "--format", "csv"];
    let told = run_in(folder.path(), &line).exits(0);
    assert!(
        told.stderr.starts_with("warning: no limit") && !told.stdout.contains("warning"),
        "{}",
        told.stderr
    );
    let quiet: Vec<&str> = line.into_iter().chain(["--quiet"]).collect();
    assert_eq!(run_in(folder.path(), &quiet).exits(0).stderr, "");
}

/// Where the start values have no likelihood with the parameter held, its tests begin where there is one, as fits do.
#[test]
fn tests_begin_where_there_is_a_likelihood() {
    // At mu = −3 the signal is more than the background, unless the norm grows.
    let folder = folder();
    let text = "\
zstat: 1
workspace:
  channels:
    - name: SR
      samples:
        - {name: signal, data: [20.0], modifiers: [{name: mu, type: normfactor}]}
        - {name: background, data: [50.0], modifiers: [{name: norm, type: normfactor}]}
    - name: CR
      samples:
        - {name: background, data: [10.0], modifiers: [{name: norm, type: normfactor}]}
  observations: {SR: [63], CR: [9]}
  poi: mu
  parameters:
    mu: {bounds: [-10, 10]}
    norm: {init: 1, bounds: [0, 10]}
";
    write(folder.path(), "far.yaml", text);
    let fit =
        run_in(folder.path(), &["fit", "far.yaml", "--fix", "mu=-4", "--format", "json"]).exits(0).json();
    let free = run_in(folder.path(), &["fit", "far.yaml", "--format", "json"]).exits(0).json();
    let line = ["hypotest", "far.yaml", "--mu=-4", "--test-stat", "t", "--format", "json"];
    let test = run_in(folder.path(), &line).exits(0).json();
    let rise = number(&fit["twice_nll"]) - number(&free["twice_nll"]);
    assert!((number(&test["q_obs"]) - rise).abs() < 1e-6, "{test}");
    let line = ["toys", "far.yaml", "--n", "10", "--inject", "mu=-4", "--output", "t", "--format", "json"];
    run_in(folder.path(), &line).exits(0);
}

#[test]
fn bad_options_are_told_at_once() {
    let run_all = run("hypotest specs/quickstart.yaml --test-stat qtild --mu nan --fix my");
    run_all.exits(2).tells(&["--test-stat qtild", "did you mean `qtilde`?", "--mu NaN", "--fix my"]);
    run("limit specs/quickstart.yaml --test-stat q0").exits(2).tells(&["this command has no use for it"]);
    run("limit specs/quickstart.yaml --level 95").exits(2).tells(&["between 0 and 1"]);
    run("limit specs/quickstart.yaml --fix mu").exits(2).tells(&["--fix mu: fixes `mu`"]);
    let folder = folder();
    write(folder.path(), "spec.yaml", &COUNTING.replace("  poi: mu\n", ""));
    run_in(folder.path(), &["limit", "spec.yaml"]).exits(2).tells(&["no parameter of interest"]);
}

#[test]
fn pages_and_json_are_as_accepted() {
    for command in ["hypotest", "limit", "significance", "impacts"] {
        let spec = "specs/quickstart.yaml";
        golden(&format!("{command}.txt"), &run(&format!("{command} {spec}")).exits(0).stdout);
        let json = without_timing(run(&format!("{command} {spec} --format json")).exits(0).json());
        golden(&format!("{command}.json"), &format!("{}\n", serde_json::to_string_pretty(&json).unwrap()));
        let csv = run(&format!("{command} {spec} --format csv")).exits(0).stdout;
        let columns = csv.lines().next().unwrap().split(',').count();
        assert!(csv.lines().all(|line| line.split(',').count() == columns), "{csv}");
    }
}

#[test]
fn a_scan_by_hand() {
    let folder = folder();
    write(folder.path(), "bare.yaml", BARE);
    let args = ["scan", "bare.yaml", "--range", "0:4", "--points", "5", "--format", "json"];
    let json = run_in(folder.path(), &args).exits(0).json();
    for (mu, point) in json["points"].as_array().unwrap().iter().enumerate() {
        assert_eq!(number(&point["values"]["mu"]), mu as f64);
        let wanted = deviance(55.0, 50.0 + 5.0 * mu as f64);
        assert!((number(&point["delta_twice_nll"]) - wanted).abs() < 1e-9, "{point}");
    }
    let interval = &json["intervals"][0];
    assert_eq!(interval["low"], 0.0, "the bound is an end: {interval}");
    assert!((deviance(55.0, 50.0 + 5.0 * number(&interval["high"])) - 1.0).abs() < 1e-8);
    run_in(folder.path(), &["scan", "bare.yaml", "--parameter", "my"])
        .exits(2)
        .tells(&["did you mean `mu`?"]);
    run_in(folder.path(), &["scan", "bare.yaml", "--range", "3:1"]).exits(2).tells(&["LO < HI"]);
    run_in(folder.path(), &["scan", "bare.yaml", "--points", "1"]).exits(2).tells(&["from 2 to"]);
    run("scan specs/quickstart.yaml --parameter multijet_shape").exits(2).tells(&["means 5 parameters"]);
}

#[test]
fn impacts_by_hand() {
    let folder = folder();
    let spec = BARE.replace(
        "data: [50.0], modifiers: []",
        "data: [50.0], modifiers: [{name: a, type: histosys, lo: [46.0], hi: [54.0]}, {name: k, type: normfactor}]",
    );
    let spec =
        spec.replace("  poi: mu\n", "  poi: mu\n  parameters: {k: {fixed: true}, mu: {bounds: [-50, 50]}}\n");
    write(folder.path(), "spec.yaml", &spec);
    let impacts = |options: &[&str]| {
        let args = [&["impacts", "spec.yaml", "--format", "json"][..], options].concat();
        run_in(folder.path(), &args).exits(0).json()
    };
    // One bin: the signal makes up for all that the background does.
    for kind in ["refit", "global-observables", "covariance"] {
        let json = impacts(&["--kind", kind, "--group", "all=a", "--group", "all=*"]);
        assert_eq!((&json["kind"], &json["poi"]), (&Value::from(kind), &Value::from("mu")));
        let [parameter] = json["parameters"].as_array().unwrap().as_slice() else { panic!("{json}") };
        assert!((number(&parameter["impact_up"]) + 0.8).abs() < 1e-6, "{kind}: {parameter}");
        assert!((number(&parameter["impact_down"]) - 0.8).abs() < 1e-6, "{kind}: {parameter}");
        assert_eq!(parameter["impact_prefit_up"].is_null(), kind == "global-observables");
        assert!((number(&parameter["pull_error"]) - 1.0).abs() < 1e-6 && parameter["constraint"] == "normal");
        let [group] = json["groups"].as_array().unwrap().as_slice() else { panic!("{json}") };
        assert!((number(&group["impact"]) - 0.8).abs() < 1e-6, "{kind}: {group}");
        assert_eq!(group["parameters"], serde_json::json!(["a"]));
        let statistical = 55.0_f64.sqrt() / 5.0;
        assert!((number(&json["statistical"]) - statistical).abs() < 1e-6, "{json}");
        assert!((number(&json["total"]) - statistical.hypot(0.8)).abs() < 1e-6, "{json}");
    }
    run_in(
        folder.path(),
        &["impacts", "spec.yaml", "--group", "a", "--group", "x=aa", "--group", "x=k,mu", "--set", "m=1"],
    )
    .exits(2)
    .tells(&[
        "expected NAME=PATTERN",
        "did you mean `a`?",
        "it is fixed",
        "it is of interest",
        "--set m",
    ]);
    run_in(folder.path(), &["impacts", "spec.yaml", "--kind", "traditional"])
        .exits(2)
        .tells(&["global-observables"]);
    run_in(folder.path(), &["impacts", "spec.yaml", "--fix", "mu"]).exits(2).tells(&["--fix mu: fixes `mu`"]);
}

/// Several parameters of interest: a block for each, the first at the top, the same as when it is chosen alone and the
/// others are nuisances; any number of threads.
#[test]
fn impacts_on_several_parameters() {
    let spec = "specs/several-pois.yaml";
    let both = without_timing(run(&format!("impacts {spec} --threads 2 --format json")).exits(0).json());
    let blocks = both["pois"].as_array().unwrap();
    assert_eq!(
        blocks.iter().map(|block| block["poi"].as_str().unwrap()).collect::<Vec<_>>(),
        ["mu_ggH", "mu_VBF"]
    );
    assert_eq!(both["parameters"], blocks[0]["parameters"]);
    let one = run(&format!("impacts {spec} --poi mu_VBF --sort name --format json")).exits(0).json();
    assert!(one["pois"].is_null());
    for parameter in blocks[1]["parameters"].as_array().unwrap() {
        let same =
            one["parameters"].as_array().unwrap().iter().find(|p| p["name"] == parameter["name"]).unwrap();
        assert!((number(&same["impact_up"]) - number(&parameter["impact_up"])).abs() < 1e-6, "{parameter}");
    }
    let names: Vec<&str> =
        one["parameters"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert!(names.is_sorted() && names.contains(&"mu_ggH"), "{names:?}");
    let page = |threads: u32| run(&format!("impacts {spec} --top 2 --threads {threads}")).exits(0).stdout;
    assert_eq!(page(1), page(2));
    assert!(page(1).contains("… and 9 more"), "{}", page(1));
}

/// A plane: contours on their thresholds, points in the order of the grid, options that do not fit together.
#[test]
fn a_plane_by_hand() {
    let spec = "specs/several-pois.yaml";
    let plane =
        format!("scan {spec} --parameter mu_ggH --parameter mu_VBF --range 0:3 --range=-1:2 --points 4x3");
    let json = run(&format!("{plane} --level 0.8 --format json --threads 1")).exits(0).json();
    assert_eq!(json["parameters"], serde_json::json!(["mu_ggH", "mu_VBF"]));
    assert_eq!(
        (&json["shape"], &json["range"]["mu_VBF"]),
        (&serde_json::json!([4, 3]), &serde_json::json!([-1.0, 2.0]))
    );
    let points = json["points"].as_array().unwrap();
    let values: Vec<[f64; 2]> =
        points.iter().map(|p| ["mu_ggH", "mu_VBF"].map(|name| number(&p["values"][name]))).collect();
    assert_eq!((values.len(), values[0], values[1], values[11]), (12, [0.0, -1.0], [0.0, 0.5], [3.0, 2.0]));
    let best = number(&run(&format!("fit {spec} --format json")).exits(0).json()["twice_nll"]);
    let at = |[x, y]: [f64; 2]| {
        let fit = run(&format!("fit {spec} --fix mu_ggH={x} --fix mu_VBF={y} --format json")).exits(0).json();
        number(&fit["twice_nll"]) - best
    };
    assert!((number(&points[7]["delta_twice_nll"]) - at(values[7])).abs() < 1e-6);
    let contour = &json["contours"][0];
    let threshold = -2.0 * 0.2_f64.ln();
    assert!((number(&contour["threshold"]) - threshold).abs() < 1e-12);
    let line = contour["lines"][0].as_array().unwrap();
    assert!(line.len() > 3 && contour["closed"] == (line[0] == line[line.len() - 1]), "{contour}");
    for point in line {
        assert!((at([number(&point[0]), number(&point[1])]) - threshold).abs() < 1e-5, "{point}");
    }
    let page = |threads: u32| run(&format!("{plane} --statistical --threads {threads}")).exits(0).stdout;
    assert_eq!(page(1), page(2));
    assert!(page(1).contains("statistical  95.0 %") && page(1).contains('◆'), "{}", page(1));
    let csv = run(&format!("{plane} --format csv")).exits(0).stdout;
    assert_eq!(csv.lines().count(), 13);
    run(&format!("scan {spec} --parameter mu_ggH --parameter mu_VBF --range 0:1"))
        .exits(2)
        .tells(&["for 2 parameters"]);
    run(&format!("scan {spec} --parameter mu_ggH --points 3x4")).exits(2).tells(&["one is scanned"]);
    run(&format!("scan {spec} --parameter jes --parameter jes --points 2")).exits(2).tells(&["given twice"]);
    run(&format!("scan {spec} --parameter jes --parameter my --parameter mu_VBF"))
        .exits(2)
        .tells(&["3 times", "did you mean `mu`?"]);
}
