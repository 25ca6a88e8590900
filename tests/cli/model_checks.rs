//! `zstat yields`, `gof` and `compatibility`: closed forms, the contract's fields, options.

use serde_json::Value;

use super::support::{folder, golden, run, run_in, without_timing, write, zstat};

/// A free signal on a background known to 10 %, in two channels with the same signal.
const TWO: &str = "zstat: 1\nworkspace:\n  channels:\n    - name: A\n      samples:\n        - {name: s, data: [5.0], modifiers: \
                   [{name: mu, type: normfactor}]}\n        - {name: b, data: [50.0], modifiers: []}\n    - name: B\n      \
                   samples:\n        - {name: s, data: [10.0, 20.0], modifiers: [{name: mu, type: normfactor}]}\n        - \
                   {name: b, data: [20.0, 30.0], modifiers: [{name: k, type: normsys, lo: 0.8, hi: 1.25, interpolation: code1}]}\n    - name: C\n      \
                   samples:\n        - {name: b, data: [40.0], modifiers: []}\n  observations: {A: [60], B: [25.5, 55], C: \
                   [41]}\n  parameters: {mu: {bounds: [-5, 20]}}\n  poi: mu\n";

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("not a number: {value}"))
}

#[track_caller]
fn close(value: &Value, wanted: f64, tolerance: f64) {
    assert!((number(value) - wanted).abs() <= tolerance, "{value}, expected {wanted}");
}

#[test]
fn yields_by_hand() {
    let folder = folder();
    write(folder.path(), "two.yaml", TWO);
    let json = |options: &[&str]| {
        let args = [&["yields", "two.yaml", "--format", "json"][..], options].concat();
        run_in(folder.path(), &args).exits(0).json()
    };
    let found = json(&["--set", "mu=2", "--blind", "C"]);
    assert_eq!((&found["stage"], found["prefit"].is_null()), (&Value::from("prefit"), true));
    let [a, b, c] = [0, 1, 2].map(|i| &found["channels"][i]);
    // d/dα of the factor at 0 is ln 1.25; the free signal adds nothing.
    let rate = 1.25_f64.ln();
    close(&a["total"], 60.0, 1e-12);
    assert_eq!(
        (number(&a["uncertainty"]), number(&a["observed"]), number(&a["bins"][0]["pull"])),
        (0.0, 60.0, 0.0)
    );
    close(&b["total"], 110.0, 1e-12);
    close(&b["uncertainty"], 50.0 * rate, 1e-9);
    close(&b["bins"][1]["uncertainty"], 30.0 * rate, 1e-9);
    close(&b["bins"][1]["pull"], (55.0 - 70.0) / 70.0_f64.sqrt(), 1e-12);
    close(&b["samples"][0]["bins"][0]["total"], 20.0, 1e-12);
    assert_eq!(b["samples"][0]["name"], "b");
    assert!(
        c["observed"].is_null() && c["bins"][0]["observed"].is_null() && found["all"]["observed"].is_null()
    );
    close(&found["all"]["total"], 210.0, 1e-12);
    close(&found["all"]["uncertainty"], 50.0 * rate, 1e-9);

    // Nothing free but the signal, and one channel seen: mu = 2 ± √60 / 5, and functions of it.
    let options = [
        "--postfit",
        "--blind",
        "B",
        "--blind",
        "C",
        "--fix",
        "k",
        "--function",
        "double=2*mu",
        "--function",
        "d = -double",
    ];
    let found = json(&options);
    assert_eq!(
        (&found["stage"], number(&found["prefit"]["channels"][0]["total"])),
        (&Value::from("postfit"), 55.0)
    );
    let sigma = 60.0_f64.sqrt();
    close(&found["channels"][0]["total"], 60.0, 1e-6);
    close(&found["channels"][0]["uncertainty"], sigma, 1e-6);
    close(&found["channels"][1]["uncertainty"], 30.0 * sigma / 5.0, 1e-5);
    close(&found["all"]["uncertainty"], 35.0 * sigma / 5.0, 1e-5);
    let double = &found["functions"][0];
    assert_eq!((&double["name"], &double["formula"]), (&Value::from("double"), &Value::from("2*mu")));
    close(&double["value"], 4.0, 1e-6);
    close(&double["uncertainty"], 0.4 * sigma, 1e-6);
    close(&found["correlations"]["matrix"][0][1], -1.0, 1e-12);
    assert_eq!(number(&found["prefit"]["functions"][0]["uncertainty"]), 0.0);
}

#[test]
fn functions_that_make_no_sense_are_told_at_once() {
    let options =
        ["ratio=mu / jess", "x=2+*3", "y", "x=1", "=mu", "jes=mu", "z=multijet_shape", "r=log(-mu)"];
    let mut command = zstat();
    command.args(["yields", "specs/quickstart.yaml", "--fix", "nothing"]);
    options.iter().for_each(|option| {
        command.args(["--function", option]);
    });
    let found: super::support::Run = command.output().unwrap().into();
    found.exits(2).tells(&[
        "no parameter is called `jess`",
        "did you mean `jes`?",
        "at character 3 (`*3`)",
        "expected NAME=EXPRESSION",
        "the name before `=` is missing",
        "`jes` is a parameter or formula of the model",
        "write `multijet_shape[0]`",
        "--fix nothing",
    ]);
    let one = ["--function", "x=mu", "--function", "x=2*mu"];
    let args = [&["yields", "specs/quickstart.yaml"][..], &one].concat();
    run_in(super::support::root(), &args).exits(2).tells(&["`x` is given twice"]);
    // Outside its domain a function has no value: null, and said.
    let args = ["yields", "specs/quickstart.yaml", "--function", "r=log(-mu)", "--format", "json"];
    let json = run_in(super::support::root(), &args).exits(0).json();
    assert!(json["functions"][0]["value"].is_null() && json["functions"][0]["uncertainty"].is_null());
    assert!(json["status"]["warnings"].to_string().contains("the function `r`"), "{json}");
}

#[test]
fn goodness_of_fit_by_hand() {
    let folder = folder();
    write(folder.path(), "two.yaml", TWO);
    let args = [
        "gof",
        "two.yaml",
        "--fix",
        "mu=2",
        "--fix",
        "k",
        "--statistic",
        "saturated",
        "--statistic",
        "ks",
        "--statistic",
    ];
    let json = run_in(folder.path(), &[&args[..], &["ad", "--format", "json"]].concat()).exits(0).json();
    let deviance = |n: f64, nu: f64| 2.0 * (nu - n + n * (n / nu).ln());
    let b = deviance(25.5, 40.0) + deviance(55.0, 70.0);
    let value = b + deviance(41.0, 40.0);
    assert_eq!((&json["statistic"], &json["dof"]), (&Value::from("saturated"), &Value::from(4)));
    close(&json["value"], value, 1e-9);
    close(&json["p_value"], (-0.5 * value).exp() * (1.0 + 0.5 * value), 1e-12);
    let tests = &json["tests"];
    close(&tests[0]["channels"][1]["value"], b, 1e-9);
    let (g, f) = (25.5 / 80.5, 40.0 / 110.0);
    close(&tests[1]["value"], f64::abs(g - f), 1e-12);
    close(&tests[2]["value"], 80.5 * (g - f) * (g - f) * f / (f * (1.0 - f)), 1e-12);
    assert!(tests[1]["p_value"].is_null() && tests[1]["reason"].to_string().contains("toys"), "{json}");
    assert_eq!(json["channels"][1]["expected"], serde_json::json!([40.0, 70.0]));
    run("gof specs/quickstart.yaml --statistic kss --statistic ad --statistic ad")
        .exits(2)
        .tells(&["did you mean `ks`?", "given twice"]);
    let json = run("gof specs/quickstart.yaml --blind SR --format json").exits(0).json();
    assert_eq!((&json["dof"], json["p_value"].is_null()), (&Value::from(0), true), "mu and SR do not count");
    assert!(json["tests"][0]["reason"].to_string().contains("no degrees of freedom"));
}

#[test]
fn compatibility_by_hand() {
    let folder = folder();
    write(folder.path(), "two.yaml", TWO);
    let json = |options: &[&str]| {
        let args = [&["compatibility", "two.yaml", "--fix", "k", "--format", "json"][..], options].concat();
        run_in(folder.path(), &args).exits(0).json()
    };
    let found = json(&[]);
    assert_eq!((&found["dof"], &found["left_out"]), (&Value::from(1), &serde_json::json!(["C"])));
    // Channel A alone: 5 μ = 10. The value is what the fits of the channels one by one gain.
    close(&found["channels"][0]["value"], 2.0, 1e-6);
    let twice_nll = |options: &[&str]| {
        let args = [&["fit", "two.yaml", "--fix", "k", "--format", "json"][..], options].concat();
        number(&run_in(folder.path(), &args).exits(0).json()["twice_nll"])
    };
    let separate =
        twice_nll(&["--blind", "B", "--blind", "C"]) + twice_nll(&["--blind", "A", "--blind", "C"]);
    // The constraint of k, held at its best, is counted once more there: ln 2π.
    let value = twice_nll(&["--blind", "C"]) - separate + std::f64::consts::TAU.ln();
    close(&found["value"], value, 1e-7);
    assert!(value > 0.3, "{found}");
    // One degree of freedom, 0.62 standard deviations.
    assert!((0.5..0.6).contains(&number(&found["p_value"])), "{found}");
    // Bounds hold in both fits: with the common value at its bound there is nothing between the channels but that.
    let bounded = json(&["--bounds", "3:20"]);
    assert_eq!((number(&bounded["one"]["value"]), bounded["one"]["at_bound"].as_bool()), (3.0, Some(true)));
    assert_eq!(bounded["bounds"], serde_json::json!([3.0, 20.0]));
    let args = ["compatibility", "two.yaml", "--group", "all=A,B"];
    run_in(folder.path(), &args).exits(2).tells(&["`mu` acts on `all` alone"]);
    let args =
        ["compatibility", "two.yaml", "--group", "x=D", "--group", "y", "--group", "p=A", "--group", "q=A,B"];
    run_in(folder.path(), &args).exits(2).tells(&[
        "no channel is called `D`",
        "NAME=CHANNEL",
        "is in group `p` already",
    ]);
    run("compatibility specs/quickstart.yaml").exits(2).tells(&["`mu` acts on `SR` alone"]);
    run_in(folder.path(), &["compatibility", "two.yaml", "--poi", "k"])
        .exits(2)
        .tells(&["`k` acts on `B` alone"]);
    run_in(folder.path(), &["compatibility", "two.yaml", "--fix", "mu"])
        .exits(2)
        .tells(&["--fix mu: fixes `mu`"]);
}

#[test]
fn pages_and_json_are_as_accepted() {
    let commands = [
        ("yields", "specs/quickstart.yaml --postfit --bins"),
        ("gof", "specs/quickstart.yaml --statistic saturated --statistic ks --statistic ad"),
        ("compatibility", "specs/several-pois.yaml --measurement inclusive"),
    ];
    for (command, options) in commands {
        let text = run(&format!("{command} {options}")).exits(0).stdout;
        golden(&format!("{command}.txt"), &text);
        let json = without_timing(run(&format!("{command} {options} --format json")).exits(0).json());
        golden(&format!("{command}.json"), &format!("{}\n", serde_json::to_string_pretty(&json).unwrap()));
        let csv = run(&format!("{command} {options} --format csv")).exits(0).stdout;
        let columns = csv.lines().next().unwrap().split(',').count();
        assert!(csv.lines().all(|line| line.split(',').count() == columns), "{csv}");
        let one = run(&format!("{command} {options} --format csv --threads 1")).exits(0).stdout;
        assert_eq!(csv, one, "{command}: threads");
    }
}
