//! `zstat fit`: closed forms, the contract's fields, accepted pages, exit codes, determinism.

use serde_json::Value;

use super::support::{COUNTING, folder, golden, run, run_in, without_timing, write};

fn parameter<'a>(json: &'a Value, name: &str) -> &'a Value {
    json["parameters"].as_array().unwrap().iter().find(|p| p["name"] == name).unwrap()
}

#[track_caller]
fn close(value: &Value, expected: f64, tolerance: f64) {
    let value = value.as_f64().unwrap_or_else(|| panic!("not a number, expected {expected}"));
    assert!((value - expected).abs() <= tolerance, "{value} is not {expected}");
}

#[test]
fn the_counting_experiment_in_closed_form() {
    let folder = folder();
    write(folder.path(), "spec.yaml", COUNTING);
    let json = run_in(folder.path(), &["fit", "spec.yaml", "--format", "json"]).exits(0).json();
    // One bin, one free strength: the fit reproduces the count, and the nuisance stays at its auxiliary value.
    close(&parameter(&json, "mu")["value"], 1.3, 1e-7);
    close(&parameter(&json, "norm")["value"], 0.0, 1e-7);
    // Errors add in quadrature: sqrt(n) from the count, and d(background)/d(alpha) from the nuisance, over 10 events.
    let slope = 50.0 * code4_slope_at_zero(0.9, 1.1);
    close(&parameter(&json, "mu")["uncertainty"], (63.0 + slope * slope).sqrt() / 10.0, 1e-7);
    close(&parameter(&json, "norm")["pull"], 0.0, 1e-7);
    assert_eq!(json["status"]["converged"], true);
    assert!(json["status"]["edm"].as_f64().unwrap() <= 1e-8);
}

/// First derivative at 0 of interpolation code 4, from its sixth-order polynomial (`a1` with alpha0 = 1).
fn code4_slope_at_zero(lo: f64, hi: f64) -> f64 {
    let (up, down) = (hi * f64::ln(hi), lo * f64::ln(lo));
    let (up2, down2) = (up * f64::ln(hi), down * f64::ln(lo));
    (15.0 * (hi - lo) / 2.0 - 7.0 * (up - down) / 2.0 + (up2 - down2) / 2.0) / 8.0
}

#[test]
fn the_fields_of_the_contract() {
    let json = run("fit specs/quickstart.yaml --format json").exits(0).json();
    for field in ["zstat", "spec", "status", "twice_nll", "poi", "parameters", "covariance", "timing"] {
        assert!(!json[field].is_null(), "no {field}");
    }
    for field in ["converged", "reason", "iterations", "evaluations", "edm", "minima", "at_bound", "warnings"]
    {
        assert!(!json["status"][field].is_null(), "no status.{field}");
    }
    for field in ["file", "digest", "dialect"] {
        assert!(!json["spec"][field].is_null(), "no spec.{field}");
    }
    let fields =
        ["name", "value", "uncertainty", "init", "bounds", "fixed", "constraint", "pull", "at_bound"];
    for parameter in json["parameters"].as_array().unwrap() {
        for field in fields {
            assert!(parameter.get(field).is_some(), "no {field} in {parameter}");
        }
    }
    let mu = parameter(&json, "mu");
    assert!(mu["minos"]["down"].as_f64().unwrap() < 0.0 && mu["minos"]["up"].as_f64().unwrap() > 0.0);
    assert!(mu["pull"].is_null());
    assert_eq!(json["poi"], serde_json::json!(["mu"]));
    let covariance = &json["covariance"];
    let names = covariance["names"].as_array().unwrap();
    assert_eq!(names.len(), covariance["matrix"].as_array().unwrap().len());
    let at = names.iter().position(|name| name == "mu").unwrap();
    let variance = covariance["matrix"][at][at].as_f64().unwrap();
    close(&mu["uncertainty"], variance.sqrt(), 1e-12);
    for field in ["load_s", "fit_s", "minos_s"] {
        assert!(json["timing"][field].as_f64().unwrap() > 0.0, "{field}");
    }
}

#[test]
fn pages_are_as_accepted() {
    golden("fit/quickstart.txt", &run("fit specs/quickstart.yaml").exits(0).stdout);
    golden("fit/several-pois.txt", &run("fit specs/several-pois.yaml --bins --sort model").exits(0).stdout);
    golden("fit/root-dialect.txt", &run("fit specs/root-dialect.yaml --sort name").exits(0).stdout);
    golden("fit/interference.txt", &run("fit specs/interference.yaml --multi-start 20").exits(0).stdout);
    golden("fit/quickstart.csv", &run("fit specs/quickstart.yaml --format csv").exits(0).stdout);
}

#[test]
fn the_same_bytes_every_time_and_for_any_number_of_threads() {
    let fit = |options: &str| {
        let run =
            run(&format!("fit specs/several-pois.yaml --multi-start 8 --format json {options}")).exits(0);
        without_timing(run.json()).to_string()
    };
    let once = fit("");
    assert_eq!(once, fit(""));
    assert_eq!(once, fit("--threads 1"));
    assert_eq!(once, fit("--threads 4"));
    let text = |options: &str| run(&format!("fit specs/quickstart.yaml {options}")).exits(0).stdout;
    assert_eq!(text(""), text("--threads 3"));
}

#[test]
fn fixed_parameters_stay_and_are_not_in_the_covariance() {
    let json = run("fit specs/quickstart.yaml --fix jes=0.5 --fix mc_stat_* --format json").exits(0).json();
    assert_eq!(parameter(&json, "jes")["value"], 0.5);
    assert_eq!(parameter(&json, "jes")["fixed"], true);
    assert_eq!(parameter(&json, "mc_stat_SR[3]")["value"], 1.0);
    let names = json["covariance"]["names"].as_array().unwrap();
    assert!(!names.iter().any(|name| name == "jes" || name.as_str().unwrap().starts_with("mc_stat")));
    let free = run("fit specs/quickstart.yaml --format json").exits(0).json();
    let sigma = |json: &Value| parameter(json, "mu")["uncertainty"].as_f64().unwrap();
    assert!(sigma(&json) < sigma(&free), "fewer nuisances, smaller uncertainty");
    let statistical = run("fit specs/quickstart.yaml --fix * --free mu --format json").exits(0).json();
    assert!(sigma(&statistical) < sigma(&json));
    assert_eq!(statistical["covariance"]["names"], serde_json::json!(["mu"]));
}

#[test]
fn asimov_data_give_the_start_values_back() {
    let json =
        run("fit specs/quickstart.yaml --data asimov --set mu=2 --set jes=0.3 --format json").exits(0).json();
    close(&parameter(&json, "mu")["value"], 2.0, 0.5);
    let nominal = run("fit specs/quickstart.yaml --data asimov --set mu=2 --format json").exits(0).json();
    close(&parameter(&nominal, "mu")["value"], 2.0, 1e-5);
    for parameter in nominal["parameters"].as_array().unwrap() {
        assert!(parameter["pull"].as_f64().unwrap_or(0.0).abs() < 1e-4, "{parameter}");
    }
}

#[test]
fn a_parameter_at_its_bound_is_flagged() {
    let folder = folder();
    write(folder.path(), "spec.yaml", &COUNTING.replace("[63]", "[20]"));
    let run = run_in(folder.path(), &["fit", "spec.yaml"]).exits(0);
    assert!(run.stdout.contains("at lower bound 0"), "{}", run.stdout);
    let json = run_in(folder.path(), &["fit", "spec.yaml", "--format", "json"]).exits(0).json();
    assert_eq!(json["status"]["at_bound"], serde_json::json!(["mu"]));
    assert_eq!(parameter(&json, "mu")["at_bound"], true);
    assert_eq!(parameter(&json, "mu")["value"], 0.0);
}

#[test]
fn what_does_not_converge_is_written_and_exits_1() {
    let folder = folder();
    // One bin and two parameters are done in one iteration: two bins that pull the norm to different sides are not.
    let spec = COUNTING.replace("data: [10.0]", "data: [10.0, 1.0]").replace("[50.0]", "[50.0, 50.0]");
    let spec = spec.replace("SR: [63]", "SR: [63, 30]");
    write(
        folder.path(),
        "spec.yaml",
        &format!("{spec}fit: {{fitter: {{type: newton, max_iterations: 1}}}}\n"),
    );
    let run = run_in(folder.path(), &["fit", "spec.yaml", "--set", "mu=9", "--format", "json"]).exits(1);
    assert_eq!(run.json()["status"]["converged"], false);
    let page = run_in(folder.path(), &["fit", "spec.yaml", "--set", "mu=9"]).exits(1).stdout;
    assert!(page.contains("NOT CONVERGED"), "{page}");
}

#[test]
fn the_result_of_a_fit_is_a_start_for_the_next() {
    let folder = folder();
    write(folder.path(), "spec.yaml", COUNTING);
    let first =
        run_in(folder.path(), &["fit", "spec.yaml", "--format", "json", "--output", "r.json"]).exits(0);
    assert_eq!(first.stdout, "");
    let json = run_in(folder.path(), &["fit", "spec.yaml", "--init-from", "r.json", "--format", "json"]);
    let json = json.exits(0).json();
    close(&parameter(&json, "mu")["init"], 1.3, 1e-6);
    write(folder.path(), "other.json", r#"{"parameters": [{"name": "x", "value": 1.0}]}"#);
    let none = run_in(folder.path(), &["fit", "spec.yaml", "--init-from", "other.json"]).exits(2);
    none.tells(&["--init-from other.json", "no value of any parameter"]);
}

#[test]
fn all_fitters_find_the_same_minimum() {
    let best = run("fit specs/quickstart.yaml --format json").exits(0).json();
    let plugins = run("plugins --format json").exits(0).json();
    let names = plugins["plugins"].as_array().unwrap().iter().filter(|p| p["kind"] == "fitter");
    for name in names.map(|plugin| plugin["name"].as_str().unwrap()).filter(|name| *name != "nelder-mead") {
        let other = run(&format!("fit specs/quickstart.yaml --fitter {name} --format json")).exits(0).json();
        close(&other["twice_nll"], best["twice_nll"].as_f64().unwrap(), 1e-6);
        close(&parameter(&other, "mu")["value"], parameter(&best, "mu")["value"].as_f64().unwrap(), 1e-3);
    }
}

#[test]
fn minos_of_a_fixed_parameter_is_refused_and_a_glob_skips_it() {
    run("fit specs/several-pois.yaml --minos mu").exits(2).tells(&["--minos mu", "fixed"]);
    let json = run("fit specs/several-pois.yaml --minos mu* --format json").exits(0).json();
    assert!(parameter(&json, "mu").get("minos").is_none());
    assert!(parameter(&json, "mu_ggH").get("minos").is_some());
    let inclusive = run("fit specs/several-pois.yaml --measurement inclusive --format json").exits(0).json();
    assert_eq!(inclusive["poi"], serde_json::json!(["mu"]));
}

/// One bin does not tell signal from background; what has a constraint keeps its uncertainty, and a parameter that ran
/// into its bound along the flat direction is as undetermined as its partner.
#[test]
fn flat_directions_name_whom_they_concern() {
    let folder = folder();
    let spec = |modifiers: &str, observed: f64| {
        format!(
            "zstat: 1\nworkspace:\n  channels:\n    - name: SR\n      samples:\n        - {{name: s, data: [5.0], \
             modifiers: [{{name: mu, type: normfactor}}{modifiers}]}}\n        - {{name: b, data: [900.0], modifiers: \
             [{{name: k, type: normfactor}}]}}\n  observations: {{SR: [{observed}]}}\n  poi: mu\n"
        )
    };
    let theory = ", {name: theory, type: normsys, lo: 0.9, hi: 1.1}";
    for fitter in ["newton", "lbfgsb"] {
        for (name, text) in [("flat.yaml", spec(theory, 910.0)), ("bound.yaml", spec("", 1002.0))] {
            write(folder.path(), name, &text);
            let json =
                run_in(folder.path(), &["fit", name, "--fitter", fitter, "--format", "json"]).exits(0).json();
            for parameter in json["parameters"].as_array().unwrap() {
                let open = parameter["name"] != "theory";
                assert_eq!(parameter["uncertainty"].is_null(), open, "{fitter} {name}: {parameter}");
            }
            assert!(json["status"]["warnings"].to_string().contains("flat direction"), "{json}");
        }
    }
}

/// Functions of the parameters: by hand from the values and the covariance of the same result, and as `yields` has them.
#[test]
fn functions_have_values_and_uncertainties() {
    let functions = ["ratio = mu_ggH / mu_VBF", "twice=2*ratio", "sum=mu_ggH+mu_VBF", "one=mu"];
    let of = |command: &str, format: &str, more: &[&str]| {
        let mut line = vec![command, "specs/several-pois.yaml", "--format", format];
        functions.iter().for_each(|function| line.extend(["--function", function]));
        run_in(super::support::root(), &[&line, more].concat())
    };
    let found = of("fit", "json", &[]).exits(0).json();
    let parameters = found["parameters"].as_array().unwrap();
    let value =
        |name: &str| parameters.iter().find(|p| p["name"] == name).unwrap()["value"].as_f64().unwrap();
    let names = found["covariance"]["names"].as_array().unwrap();
    let place = |name: &str| names.iter().position(|known| known == name).unwrap();
    let v = |a: &str, b: &str| found["covariance"]["matrix"][place(a)][place(b)].as_f64().unwrap();
    let (a, b) = (value("mu_ggH"), value("mu_VBF"));
    let (aa, ab, bb) = (v("mu_ggH", "mu_ggH"), v("mu_ggH", "mu_VBF"), v("mu_VBF", "mu_VBF"));
    let ratio = (aa / (b * b) + bb * (a / (b * b)).powi(2) - 2.0 * ab * a / b.powi(3)).sqrt();
    let wanted = [
        ("ratio", a / b, ratio),
        ("twice", 2.0 * a / b, 2.0 * ratio),
        ("sum", a + b, (aa + 2.0 * ab + bb).sqrt()),
        // Held by this measurement.
        ("one", 1.0, 0.0),
    ];
    let all = found["functions"].as_array().unwrap();
    assert_eq!(all.len(), wanted.len());
    let near = |x: f64, y: f64| assert!((x - y).abs() <= 1e-12 * y.abs(), "{x} {y}");
    for ((name, value, sigma), function) in wanted.iter().zip(all) {
        assert_eq!(function["name"], *name);
        near(function["value"].as_f64().unwrap(), *value);
        near(function["uncertainty"].as_f64().unwrap(), *sigma);
    }
    assert_eq!((&all[0]["formula"], found.get("formulas")), (&"mu_ggH / mu_VBF".into(), None));
    let yields = of("yields", "json", &["--postfit"]).exits(0).json();
    assert_eq!(yields["functions"], found["functions"], "one fit, one rule");
    let csv = of("fit", "csv", &[]).exits(0).stdout;
    let last = csv.lines().last().unwrap();
    assert_eq!(last, "one,1,0,,,,,,,function,,");
    let page = of("fit", "text", &[]).exits(0).stdout;
    let table = page.split("\nfunctions\n").nth(1).unwrap();
    let row = |name: &str| table.lines().find(|line| line.trim_start().starts_with(name)).unwrap().to_owned();
    assert!(row("ratio").ends_with("mu_ggH / mu_VBF") && row("ratio").contains(" ± "), "{table}");
    assert!(row("one").split_whitespace().nth(1) == Some("1"), "{table}");
    // Bad ones are told as `yields` tells them, with all other bad options.
    let bad = ["--function", "x=nope", "--function", "mu=1", "--function", "y=(mu", "--minos", "muu"];
    let told = of("fit", "json", &bad).exits(2).stderr;
    for part in ["no parameter is called `nope`", "`mu` is a parameter", "--function y=(mu", "--minos muu"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // Outside its domain a function has no value: null, and said.
    let odd = of("fit", "json", &["--function", "l=log(0-mu)"]).exits(0).json();
    let last = odd["functions"].as_array().unwrap().last().unwrap();
    assert!(last["value"].is_null() && last["uncertainty"].is_null(), "{last}");
    assert!(odd["status"]["warnings"].to_string().contains("the value of `l`"), "{}", odd["status"]);
}
