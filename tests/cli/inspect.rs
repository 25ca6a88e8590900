//! `zstat inspect`: accepted page, JSON fields, what options change.

use super::support::{golden, run, without_timing};

#[test]
fn the_page_of_the_quickstart_is_as_accepted() {
    golden("inspect/quickstart.txt", &run("inspect specs/quickstart.yaml").exits(0).stdout);
    let csv = run("inspect specs/quickstart.yaml --format csv").exits(0).stdout;
    golden("inspect/quickstart.csv", &csv);
}

#[test]
fn json_writes_every_default_out() {
    let json = run("inspect specs/quickstart.yaml --format json").exits(0).json();
    golden("inspect/quickstart.json", &format!("{:#}\n", without_timing(json.clone())));
    assert!(json["digest"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(json["channels"].as_array().unwrap().len(), 2);
    let parameters = json["parameters"].as_array().unwrap();
    assert_eq!(parameters.len(), 28);
    for parameter in parameters {
        for field in ["name", "types", "init", "bounds", "fixed", "constraint", "interpolation"] {
            assert!(!parameter[field].is_null(), "{parameter} lacks {field}");
        }
    }
}

#[test]
fn the_dialect_names_other_defaults() {
    let pyhf = run("inspect specs/root-dialect.yaml --dialect pyhf --format json").exits(0).json();
    let root = run("inspect specs/root-dialect.yaml --format json").exits(0).json();
    assert_eq!(pyhf["settings"]["staterror_constraint"], "gaussian");
    assert_eq!(root["settings"]["staterror_constraint"], "poisson");
    let stat = |json: &serde_json::Value, bin: usize| {
        let name = format!("stat_SR[{bin}]");
        let all = json["parameters"].as_array().unwrap();
        all.iter().find(|p| p["name"] == name.as_str()).unwrap().clone()
    };
    assert_eq!(stat(&root, 0)["fixed"], true, "below the threshold of 5%");
    assert_eq!(stat(&pyhf, 0)["fixed"], false);
    assert_eq!(stat(&root, 2)["constraint"]["type"], "poisson");
}

#[test]
fn the_digest_is_of_the_content() {
    let digest = |spec: &str| {
        run(&format!("inspect {spec} --format json")).exits(0).json()["digest"].as_str().unwrap().to_owned()
    };
    let folder = super::support::folder();
    let text = std::fs::read_to_string(super::support::root().join("specs/interference.yaml")).unwrap();
    let commented = super::support::write(folder.path(), "a.yaml", &format!("# other comment\n{text}"));
    let changed = super::support::write(folder.path(), "b.yaml", &text.replace("143.0", "143.5"));
    let original = digest("specs/interference.yaml");
    assert_eq!(original, digest(&commented.display().to_string()));
    assert_ne!(original, digest(&changed.display().to_string()));
}
