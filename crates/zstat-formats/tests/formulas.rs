//! Formulas and correlated constraints: native files keep them, and pyhf's layout loses them aloud.

#![allow(clippy::unwrap_used)] // a test fails by panicking

use serde_json::{Value, json};
use zstat_core::spec::Analysis;
use zstat_formats::Format;

const COUPLINGS: &str = "\
zstat: 1
workspace:
  channels:
    - name: SR
      samples:
        - name: signal
          data: [5, 12]
          modifiers:
            - {name: mu_ggH, type: normfactor}
            - {name: theory, type: normsys, lo: 0.9, hi: 1.1}
        - name: background
          data: [50, 40]
          modifiers:
            - {name: norm, type: normfactor}
            - {name: jes, type: normsys, lo: 0.95, hi: 1.05}
  observations: {SR: [57, 50]}
  poi: [kappa, norm]
  parameters:
    kappa: {init: 1, bounds: [0, 3]}
    `width`: {init: 1, constraint: {normal: {sigma: 0.1}}}
    mu_ggH: {formula: 'kappa^2 / ```width```'}
    ratio: {formula: kappa / norm}
    norm: {bounds: [0.5, 2]}
  constraints:
    - {parameters: [theory, jes], covariance: [[1, 0.5], [0.5, 1]]}
  measurements:
    - name: couplings
    - {name: plain, poi: mu_ggH, parameters: {mu_ggH: {init: 1}, ratio: {formula: norm ^ 2}}}
";

fn couplings() -> Analysis {
    // A name with a blank, and a formula that quotes it.
    let text = COUPLINGS.replace("```width```", "`the width`").replace("`width`:", "the width:");
    serde_saphyr::from_str(&text).unwrap()
}

#[test]
fn native_formats_keep_them() {
    for format in [Format::Native, Format::NativeJson] {
        let written = format.write(&couplings()).unwrap();
        assert_eq!(written.losses, []);
        let read: Analysis = serde_saphyr::from_str(&written.text).unwrap();
        assert_eq!(read, couplings(), "{}", written.text);
        if format == Format::NativeJson {
            assert_eq!(serde_json::from_str::<Analysis>(&written.text).unwrap(), couplings());
        }
    }
}

#[test]
fn every_formula_is_a_loss_in_pyhfs_layout() {
    let written = Format::Pyhf.write(&couplings()).unwrap();
    let losses: Vec<String> = written.losses.iter().map(ToString::to_string).collect();
    let of_its_own = "pyhf has no formulas: it is a parameter of its own there";
    let derived = "pyhf has no formulas; this one drives no modifier";
    let unused = "only formulas use it, and pyhf has none";
    let here = "measurement `couplings`";
    let expected = [
        "the covariance of `theory`, `jes` of the analysis: pyhf's constraints are independent".to_owned(),
        format!("all of parameter `kappa` in {here}: {unused}"),
        format!("all of parameter `the width` in {here}: {unused}"),
        format!("the formula `kappa^2 / `the width`` of parameter `mu_ggH` in {here}: {of_its_own}"),
        format!("the formula `kappa / norm` of parameter `ratio` in {here}: {derived}"),
        format!("the parameter of interest `kappa` of {here}: {unused}"),
        format!("the formula `norm ^ 2` of parameter `ratio` in measurement `plain`: {derived}"),
    ];
    assert_eq!(losses, expected);
}

/// pyhf would refuse a parameter of interest that does not exist.
#[test]
fn what_is_left_is_a_workspace_for_pyhf() {
    let written = Format::Pyhf.write(&couplings()).unwrap();
    let file: Value = serde_json::from_str(&written.text).unwrap();
    let config = |at: usize| file.pointer(&format!("/measurements/{at}/config")).unwrap();
    assert_eq!(config(0)["poi"], "norm");
    assert_eq!(config(0)["parameters"], json!([{ "name": "norm", "bounds": [[0.5, 2.0]] }]));
    assert_eq!(config(1)["poi"], "mu_ggH");
    let kept: Vec<&str> =
        config(1)["parameters"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(kept, ["mu_ggH", "norm"]);
}
