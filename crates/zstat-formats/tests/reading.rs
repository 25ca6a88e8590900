//! What is read from pyhf files, good and bad, and what is said about it.

#![allow(clippy::unwrap_used)] // a test fails by panicking

use zstat_core::diag::{Code, Fault};
use zstat_core::source::Document;
use zstat_core::spec::{ConstraintSpec, ModifierKind, OneOrMany, ParameterSpec};
use zstat_formats::{Input, Kind, Loaded, digest, native, read};

fn load(text: &str) -> Result<Loaded, Vec<String>> {
    let document = Document::new("f", text.to_owned());
    let input = Input { document: &document, patches: &[], ignore_digests: false };
    read(&input).map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

#[track_caller]
fn refused(text: &str, expected: &[&str]) {
    let faults = load(text).expect_err("a fault");
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.contains(expected), "{expected}: {fault}");
    }
}

const MODIFIERS: &str = r#"{"name": "mu", "type": "normfactor", "data": null}"#;
const PARAMETERS: &str = r#"{"name": "mu", "inits": [1.0]}"#;

/// A workspace with these modifiers on its one sample of two bins, and these parameter settings.
fn workspace(modifiers: &str, parameters: &str) -> String {
    format!(
        r#"{{"channels": [{{"name": "SR", "samples": [{{"name": "s", "data": [4.0, 9.0], "modifiers": [{modifiers}]}}]}}],
 "observations": [{{"name": "SR", "data": [5, 8]}}],
 "measurements": [{{"name": "m", "config": {{"poi": "mu", "parameters": [{parameters}]}}}}],
 "version": "1.0.0"}}"#
    )
}

fn settings(modifiers: &str, parameters: &str, name: &str) -> ParameterSpec {
    let loaded = load(&workspace(modifiers, parameters)).unwrap();
    loaded.analysis.workspace.measurements[0].parameters[name].clone()
}

#[test]
fn twins_are_both_kept() {
    let twins = r#"{"name": "k", "type": "normsys", "data": {"lo": 0.9, "hi": 1.1}},
        {"name": "k", "type": "normsys", "data": {"lo": 0.8, "hi": 1.2}}"#;
    let loaded = load(&workspace(twins, "")).unwrap();
    assert_eq!(loaded.analysis.workspace.channels[0].samples[0].modifiers.len(), 2);
}

#[test]
fn data_may_come_before_type_or_be_left_out() {
    let loose = r#"{"data": {"hi": 1.1, "lo": 0.9}, "type": "normsys", "name": "a"},
        {"data": [1, 2], "name": "b", "type": "staterror"},
        {"type": "histosys", "data": {"lo_data": [1, 2], "hi_data": [3, 4]}, "name": "c"},
        {"name": "mu", "type": "normfactor"}, {"name": "f", "type": "shapefactor"}, {"name": "lumi", "type": "lumi"}"#;
    let loaded = load(&workspace(loose, "")).unwrap();
    let kinds: Vec<_> =
        loaded.analysis.workspace.channels[0].samples[0].modifiers.iter().map(|m| m.kind.name()).collect();
    assert_eq!(kinds, ["normsys", "staterror", "histosys", "normfactor", "shapefactor", "lumi"]);
}

#[test]
fn settings_of_scalars_are_scalars_and_of_vectors_lists() {
    let mu = settings(MODIFIERS, r#"{"name": "mu", "inits": [2], "bounds": [[0, 5]], "fixed": true}"#, "mu");
    assert_eq!(mu.init, Some(OneOrMany::One(2.0)));
    assert_eq!(mu.bounds, Some(OneOrMany::One([0.0, 5.0])));
    assert_eq!(mu.fixed, Some(OneOrMany::One(true)));
    let one_bin = r#"{"name": "g", "type": "staterror", "data": [0.1]}"#;
    let g = settings(one_bin, r#"{"name": "g", "inits": [1], "sigmas": [0.2]}"#, "g");
    assert_eq!(g.init, Some(OneOrMany::Many(vec![1.0])));
    assert_eq!(g.constraint, Some(ConstraintSpec::Normal { sigma: OneOrMany::Many(vec![0.2]) }));
}

#[test]
fn a_luminosity_has_its_width_and_pyhfs_default_width() {
    let lumi = r#"{"name": "lumi", "type": "lumi", "data": null}"#;
    let with = |sigmas: &str| {
        let entry =
            format!(r#"{{"name": "lumi", "auxdata": [1.0], "inits": [1.0], "bounds": [[0, 2]]{sigmas}}}"#);
        settings(lumi, &entry, "lumi").constraint
    };
    let normal = |sigma| Some(ConstraintSpec::Normal { sigma: OneOrMany::One(sigma) });
    assert_eq!(with(r#", "sigmas": [0.017]"#), normal(0.017));
    assert_eq!(with(""), normal(1.0));
}

#[test]
fn replaced_factors_leave_the_auxiliary_counts() {
    // pyhf 0.7.6: tau = (nominal / error)², 1 where either is zero; `factors` replaces tau only.
    let shapesys = r#"{"name": "u", "type": "shapesys", "data": [2.0, 0.0]}"#;
    let u = settings(shapesys, r#"{"name": "u", "factors": [5.0, 6.0]}"#, "u");
    assert_eq!(u.aux, Some(OneOrMany::Many(vec![4.0, 1.0])));
    assert_eq!(u.constraint, Some(ConstraintSpec::Poisson { tau: OneOrMany::Many(vec![5.0, 6.0]) }));
    let u = settings(shapesys, r#"{"name": "u", "auxdata": [7.0, 8.0]}"#, "u");
    assert_eq!((u.aux, u.constraint), (Some(OneOrMany::Many(vec![7.0, 8.0])), None));
}

#[test]
fn settings_that_pyhf_refuses_are_refused_with_their_place() {
    let modifiers = r#"{"name": "mu", "type": "normfactor", "data": null},
        {"name": "a", "type": "normsys", "data": {"lo": 0.9, "hi": 1.1}}"#;
    let parameters = r#"{"name": "mu", "auxdata": [1]},
        {"name": "a", "sigmas": [0.5], "auxdata": [0.5]},
        {"name": "a"}"#;
    refused(
        &workspace(modifiers, parameters),
        &[
            "f:4:87: error[E0402]: parameter `mu` of a normfactor has no `auxdata` in pyhf",
            "f:5:23: error[E0402]: parameter `a` of a normsys has no `sigmas` in pyhf",
            "f:6:18: error[E0301]: parameter `a` is set twice",
        ],
    );
}

#[test]
fn every_fault_of_the_layout_is_reported_at_once() {
    let modifiers = r#"{"name": "a", "type": "normsys", "data": {"lo": 0.9}},
        {"name": "b", "type": "normsis", "data": {"lo": 0.9, "hi": 1.1}},
        {"name": "c", "type": "histosys", "data": {"lo": 0.9, "hi": 1.1}},
        {"name": "d", "type": "staterror", "data": null},
        {"name": "e", "type": "lumi", "data": [1]},
        {"name": "f", "type": "shapesys", "data": [1, "2"]}"#;
    let text = workspace(modifiers, r#"{"name": "x", "init": [1]}"#).replace("1.0.0", "1.1");
    let faults = load(&text).unwrap_err();
    let all = faults.join("\n");
    for expected in [
        "modifier `a` of sample `s` of channel `SR`: `data`: `hi` is missing",
        "did you mean `normsys`?",
        "modifier `c` of sample `s` of channel `SR`: `data`: unknown key `lo`",
        "modifier `d` of sample `s` of channel `SR`: `data` has no value, expected a list",
        "modifier `e` of sample `s` of channel `SR`: `data` is a list",
        "modifier `f` of sample `s` of channel `SR`: `data[1]` is the text `2`, expected a number",
        "unknown key `init`; did you mean `inits`?",
        "`version` is `1.1`, expected `1.0.0`",
    ] {
        assert!(all.contains(expected), "{expected}\n{all}");
    }
}

#[test]
fn keys_that_pyhf_forbids_are_refused() {
    let text = workspace(MODIFIERS, "").replace("\"version\"", "\"description\": \"x\",\n \"version\"");
    refused(&text, &["f:4:2: error[E0201]: unknown key `description`"]);
    let text = workspace(MODIFIERS, PARAMETERS).replace("\"inits\": [1.0]", "\"inits\": null");
    refused(&text, &["`inits` has no value, expected a list of numbers"]);
    let text = workspace(MODIFIERS, PARAMETERS).replace("\"inits\": [1.0]", "\"bounds\": [0, 1]");
    refused(&text, &["`bounds` is a list of numbers, expected a list of lists of 2 numbers"]);
}

#[test]
fn lists_do_not_pass_for_mappings() {
    let text = workspace(MODIFIERS, r#"["mu", [1.0]]"#);
    refused(&text, &["parameters[0]` is a list, expected a mapping"]);
    let text = workspace(r#"["mu", "normfactor"]"#, "");
    refused(&text, &["modifiers[0]` is a list, expected a mapping"]);
    let text = workspace(MODIFIERS, "").replace(r#"{"name": "SR", "data": [5, 8]}"#, r#"["SR", [5, 8]]"#);
    refused(&text, &["observations[0]` is a list, expected a mapping"]);
}

#[test]
fn background_only_files_are_read_and_said_to_be() {
    for poi in [r#""poi": "", "#, ""] {
        let loaded = load(&workspace(MODIFIERS, "").replace(r#""poi": "mu", "#, poi)).unwrap();
        assert_eq!(loaded.analysis.workspace.measurements[0].poi, None);
        assert_eq!(
            loaded.notes,
            ["measurement `m` has no parameter of interest: a background-only workspace"]
        );
    }
}

#[test]
fn a_model_alone_is_read() {
    let text = r#"{"channels": [{"name": "SR", "samples": [{"name": "s", "data": [4.0], "modifiers": [
        {"name": "mu", "type": "normfactor", "data": null}]}]}], "parameters": [{"name": "mu", "inits": [2]}]}"#;
    let loaded = load(text).unwrap();
    assert_eq!(loaded.kind, Kind::PyhfModel);
    assert_eq!(loaded.analysis.workspace.parameters["mu"].init, Some(OneOrMany::One(2.0)));
    assert!(loaded.notes[0].contains("without observations"));
}

#[test]
fn yaml_is_as_strict_as_json() {
    let tree: serde_json::Value = serde_json::from_str(&workspace(MODIFIERS, PARAMETERS)).unwrap();
    let yaml = native::to_yaml(&tree).unwrap();
    let loaded = load(&yaml).unwrap();
    assert_eq!(loaded.kind, Kind::PyhfWorkspace);
    assert_eq!(loaded.analysis, load(&workspace(MODIFIERS, PARAMETERS)).unwrap().analysis);
    refused(&yaml.replace("[4, 9]", "[4, \"9\"]"), &["E0203"]);
    refused(&yaml.replace("[4, 9]", "[4, .nan]"), &["E0205"]);
}

#[test]
fn faults_of_the_model_are_placed_in_the_pyhf_file() {
    let text = workspace(MODIFIERS, PARAMETERS);
    let document = Document::new("f", text.clone());
    let input = Input { document: &document, patches: &[], ignore_digests: false };
    let loaded = read(&input).unwrap();
    let fault = |pointer: &str| Fault::new(Code::BinCount, pointer, "wrong");
    let marked = |fault: Fault| {
        let diagnostics = loaded.resolve(&input, &[fault]);
        text[diagnostics[0].bytes.clone()].to_owned()
    };
    assert_eq!(marked(fault("/observations/SR")), "[5, 8]");
    assert_eq!(marked(fault("/observations/SR").at_key()), "\"SR\"");
    assert_eq!(marked(fault("/measurements/0/parameters/mu/init")), "[1.0]");
    assert_eq!(marked(fault("/measurements/0/parameters/mu").at_key()), "\"mu\"");
    assert_eq!(marked(fault("/poi")), "\"mu\"");
    assert_eq!(marked(fault("/channels/0/samples/0/data/1")), "9.0");
}

#[test]
fn other_files_are_named() {
    refused("", &["error[E0103]"]);
    refused("<?xml version=\"1.0\"?>", &["the file is an XML file"]);
    refused("imax 1\njmax 1\nkmax *\n", &["the file is a combine datacard"]);
    refused(r#"{"distributions": []}"#, &["the file is an HS3 model"]);
    refused(r#"{"zstat": "0.1.0", "status": {}}"#, &["the file is a result written by zstat"]);
    let faults = load(r#"{"zstat": 1, "workspce": {"channels": []}}"#).unwrap_err();
    assert!(faults.iter().any(|fault| fault.contains("did you mean `workspace`?")), "{faults:?}");
}

#[test]
fn the_digest_does_not_depend_on_the_layout() {
    let loaded = load(&workspace(MODIFIERS, PARAMETERS)).unwrap();
    let again = load(&native::to_yaml(&loaded.analysis).unwrap()).unwrap();
    assert_eq!(digest(&loaded.analysis.workspace), digest(&again.analysis.workspace));
    let ModifierKind::NormFactor = again.analysis.workspace.channels[0].samples[0].modifiers[0].kind else {
        panic!("a normfactor");
    };
}

#[test]
fn faults_behind_those_of_shape_are_told_with_them() {
    // A mistyped key, with a fault inside, and a fault of the data.
    let modifiers = r#"{"name": "mu", "type": "normfactor", "data": null},
        {"name": "b", "type": "normsys", "dat": {"lo": -1, "hi": 1.1}}"#;
    let text = workspace(modifiers, PARAMETERS).replace("[5, 8]", "[5, 8, 9]");
    refused(
        &text,
        &["unknown key `dat`", "`lo` is -1, a normsys needs positive", "3 entries, the channel has 2 bins"],
    );
    // What pyhf refuses.
    let parameters = r#"{"name": "mu", "inits": ["one"], "sigmas": [1]}, {"name": "mu", "bouns": [[0, 9]]}"#;
    let text = workspace(MODIFIERS, parameters);
    refused(&text, &["is the text `one`", "parameter `mu` is set twice", "unknown key `bouns`"]);
}

#[test]
fn what_may_follow_from_a_fault_of_shape_is_not_told() {
    // The name that is no text may be that of the parameter of interest.
    let modifiers = r#"{"name": 1, "type": "shapesys", "data": [1, 1]}"#;
    refused(&workspace(modifiers, r#"{"name": "1", "inits": [1, 1, 1]}"#), &["is the number 1"]);
    // In a key that nothing reads there may be anything.
    let parameters = r#"{"name": "mu", "inits": [90], "range": [[0, 100]], "limit": 3}"#;
    refused(&workspace(MODIFIERS, parameters), &["unknown key `range`", "unknown key `limit`"]);
}
