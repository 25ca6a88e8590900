//! Formulas and correlated constraints, as users see them: results, pages, options that name them.

use serde_json::{Value, json};

use super::support::{folder, golden, run, run_in, without_timing, write};

/// One bin of 100 events expected at `scale = 1`, whose parameter is a formula of two that no modifier has.
const SQUARE: &str = "\
zstat: 1
workspace:
  channels:
    - name: SR
      samples:
        - name: signal
          data: [100.0]
          modifiers: [{name: rate_a, type: normfactor}, {name: eff, type: normsys, lo: 0.9, hi: 1.1}]
  observations: {SR: [144]}
  poi: x
  parameters:
    x: {init: 1, bounds: [0, 5]}
    y: {init: 1, fixed: true}
    rate_a: {formula: x^2 * y}
    rate_b: {formula: log(x) / y}
    `odd one`: {formula: 'sqrt(`rate_a`)'}
";

fn square() -> String {
    SQUARE.replace("`odd one`:", "odd one:")
}

fn named<'a>(json: &'a Value, list: &str, name: &str) -> &'a Value {
    json[list].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()
}

#[track_caller]
fn close(value: &Value, expected: f64) {
    let value = value.as_f64().unwrap_or_else(|| panic!("not a number, expected {expected}"));
    assert!((value - expected).abs() <= 1e-7 * expected.abs().max(1.0), "{value} is not {expected}");
}

#[test]
fn pages_are_as_accepted() {
    golden("fit/formulas.txt", &run("fit specs/formulas.yaml").exits(0).stdout);
    golden("inspect/formulas.txt", &run("inspect specs/formulas.yaml").exits(0).stdout);
    golden("evaluate/formulas.txt", &run("evaluate specs/formulas.yaml --set kappa_F=0.8").exits(0).stdout);
    let json = run("inspect specs/formulas.yaml --format json").exits(0).json();
    golden("inspect/formulas.json", &format!("{:#}\n", without_timing(json)));
}

/// x^2 = 1.44 events over expectation: x = 1.2, and dx = d(x^2) / 2x.
#[test]
fn a_fit_reports_formulas_with_their_uncertainty() {
    let folder = folder();
    write(folder.path(), "spec.yaml", &square());
    let json =
        run_in(folder.path(), &["fit", "spec.yaml", "--fix", "eff", "--format", "json"]).exits(0).json();
    close(&named(&json, "parameters", "x")["value"], 1.2);
    let (a, b, odd) = (
        named(&json, "formulas", "rate_a"),
        named(&json, "formulas", "rate_b"),
        named(&json, "formulas", "odd one"),
    );
    assert_eq!(a["formula"], "x^2 * y");
    close(&a["value"], 1.44);
    close(&a["uncertainty"], 0.12);
    close(&b["value"], 1.2_f64.ln());
    close(&b["uncertainty"], 0.12 / 2.4 / 1.2);
    close(&odd["value"], 1.2);
    let csv = run_in(folder.path(), &["fit", "spec.yaml", "--fix", "eff", "--format", "csv"]).exits(0).stdout;
    let row = csv.lines().find(|line| line.starts_with("rate_a,1.4")).unwrap();
    assert!(row.ends_with(",,,,,,,formula,,") && row.split(',').count() == 12, "{row}");
}

#[test]
fn evaluate_has_the_values_and_names_a_formula_outside_its_domain() {
    let folder = folder();
    write(folder.path(), "spec.yaml", &square());
    let evaluate = |set: &str| {
        run_in(folder.path(), &["evaluate", "spec.yaml", "--set", set, "--format", "json"]).exits(0).json()
    };
    let json = evaluate("x=1.5");
    close(&named(&json, "formulas", "rate_a")["value"], 2.25);
    assert_eq!(json["warnings"], json!([]));
    // It drives nothing: the likelihood does not ask for it.
    let json = evaluate("x=-1");
    assert!(json["twice_nll"].is_number() && named(&json, "formulas", "rate_b")["value"].is_null());
    let warnings = json["warnings"].to_string();
    assert!(warnings.contains("rate_b"), "{warnings}");
    write(folder.path(), "spec.yaml", &square().replace("x^2 * y", "sqrt(x) * y"));
    let json = evaluate("x=-1");
    assert!(json["twice_nll"].is_null() && named(&json, "formulas", "rate_a")["value"].is_null());
    let warnings = json["warnings"].to_string();
    assert!(warnings.contains("rate_a"), "{warnings}");
}

#[test]
fn a_model_without_formulas_does_not_speak_of_them() {
    let json = run("fit specs/quickstart.yaml --format json").exits(0).json();
    assert!(json.get("formulas").is_none());
    assert!(!run("inspect specs/quickstart.yaml").exits(0).stdout.contains("formula"));
}

#[test]
fn options_tell_a_formula_from_a_parameter() {
    let folder = folder();
    write(folder.path(), "spec.yaml", &square());
    write(folder.path(), "point.json", r#"{"rate_a": 2, "x": 1.1}"#);
    let is_formula = "`rate_a` is a formula (`x^2 * y`), not a free parameter";
    let help = "name the parameters it depends on: `x` and `y`";
    let options = [
        ["--set", "rate_a=1"],
        ["--fix", "rate_a"],
        ["--free", "rate_a"],
        ["--minos", "rate_a"],
        ["--poi", "rate_a"],
    ];
    for option in options {
        let args = [&["fit", "spec.yaml"][..], &option].concat();
        run_in(folder.path(), &args).exits(2).tells(&[is_formula, help, option[0]]);
    }
    run_in(folder.path(), &["evaluate", "spec.yaml", "--at", "point.json"]).exits(2).tells(&[
        is_formula,
        help,
        "point.json:1:2",
    ]);
    run_in(folder.path(), &["fit", "spec.yaml", "--fix", "rate_*"])
        .exits(2)
        .tells(&["`rate_*` matches formulas alone (`rate_a` and `rate_b`), not free parameters", help]);
    // A formula that quotes a name is quoted otherwise.
    run_in(folder.path(), &["fit", "spec.yaml", "--fix", "odd one"])
        .exits(2)
        .tells(&["a formula (\"sqrt(`rate_a`)\")"]);
    // All at once, and unknown names are still unknown.
    let both = ["fit", "spec.yaml", "--poi", "rate_a", "--poi", "z", "--fix", "rate_b"];
    run_in(folder.path(), &both).exits(2).tells(&[
        is_formula,
        "`rate_b` is a formula",
        "no parameter is called `z`",
    ]);
}

#[test]
fn parameters_of_formulas_alone_are_known_names() {
    let folder = folder();
    write(folder.path(), "spec.yaml", &square());
    let json = run_in(
        folder.path(),
        &["fit", "spec.yaml", "--poi", "y", "--free", "y", "--fix", "x=1.1", "--format", "json"],
    )
    .exits(0)
    .json();
    assert_eq!(json["poi"], json!(["y"]));
    close(&named(&json, "formulas", "rate_a")["value"], 1.44);
    // A glob takes the parameters that match, and leaves formulas alone.
    run_in(folder.path(), &["fit", "spec.yaml", "--fix", "*", "--free", "x"]).exits(0);
    // `y` is no parameter where no formula of the measurement uses it.
    let settings = "  measurements:\n    - {name: plain, poi: x, parameters: {rate_a: {formula: x}, rate_b: {formula: x}}}\n";
    write(folder.path(), "plain.yaml", &format!("{}{settings}", square()));
    run_in(folder.path(), &["fit", "plain.yaml", "--poi", "y"])
        .exits(2)
        .tells(&["no parameter is called `y`"]);
}

/// The same Gaussian, by correlation and by covariance.
#[test]
fn correlated_constraints_are_shown_and_hold() {
    let folder = folder();
    let text = "\
zstat: 1
workspace:
  channels:
    - name: SR
      samples:
        - name: signal
          data: [50.0]
          modifiers:
            - {name: mu, type: normfactor}
            - {name: jes, type: normsys, lo: 0.9, hi: 1.1}
            - {name: jer, type: normsys, lo: 0.9, hi: 1.1, constraint: {normal: {sigma: 2}}}
  observations: {SR: [57]}
  poi: mu
  constraints:
";
    let blocks = ["correlation: [[1, 0.5], [0.5, 1]]", "covariance: [[1, 1], [1, 4]]"];
    let results = blocks.map(|block| {
        write(folder.path(), "spec.yaml", &format!("{text}    - {{parameters: [jes, jer], {block}}}\n"));
        let inspection = run_in(folder.path(), &["inspect", "spec.yaml", "--format", "json"]).exits(0).json();
        let wanted = json!([{
            "parameters": ["jes", "jer"], "aux": [0.0, 0.0], "sigma": [1.0, 2.0],
            "correlation": [[1.0, 0.5], [0.5, 1.0]],
        }]);
        assert_eq!(inspection["constraints"], wanted);
        assert_eq!(named(&inspection, "parameters", "jer")["constraint"]["type"], "correlated");
        let page = run_in(folder.path(), &["inspect", "spec.yaml"]).exits(0).stdout;
        assert!(page.contains("correlated constraint") && page.contains("0.500"), "{page}");
        run_in(folder.path(), &["fit", "spec.yaml", "--format", "json"]).exits(0).json()
    });
    let [one, other] = &results;
    close(&one["twice_nll"], other["twice_nll"].as_f64().unwrap());
    close(&named(one, "parameters", "mu")["uncertainty"], {
        named(other, "parameters", "mu")["uncertainty"].as_f64().unwrap()
    });
    // Both nuisances scale the signal by 10 % a unit: their variances add, with twice the covariance.
    let slope: f64 = 0.100_250_3; // d(signal)/d(alpha) at 0 by code 4, checked in `fit.rs`
    let mu = 57.0 / 50.0;
    let relative = 1.0 / 57.0 + slope * slope * (1.0 + 4.0 + 2.0);
    let found = named(one, "parameters", "mu")["uncertainty"].as_f64().unwrap();
    assert!((found / (mu * relative.sqrt()) - 1.0).abs() < 1e-3, "{found}");
}
