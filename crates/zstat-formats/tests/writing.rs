//! What is written, and what is said to be lost.

#![allow(clippy::unwrap_used)] // a test fails by panicking

use zstat_core::spec::Analysis;
use zstat_formats::Format;

const EVERYTHING: &str = r"
zstat: 1
name: all that pyhf lacks
dialect: root
interpolation: {normsys: code1}
staterror: {threshold: 0.1}
workspace:
  channels:
    - name: SR
      samples:
        - name: signal
          data: [5.0, 12.25, 1.0e-9]
          modifiers:
            - {name: mu, type: normfactor}
            - {name: kappa, type: normfactor, constraint: {normal: {sigma: 0.1}}}
            - {name: jes, type: histosys, lo: [4, 12, 0], hi: [6, 12.5, 0], interpolation: code0}
            - {name: jes, type: histosys, lo: [4, 12, 0], hi: [6, 12.5, 0]}
            - {name: width, type: normsys, lo: 0.9, hi: 1.1, constraint: {normal: {sigma: 2}}}
            - {name: mixed, type: normfactor}
            - {name: lumi_2018, type: lumi}
        - name: background
          data: [50, 40, 30]
          modifiers:
            - {name: mc, type: staterror, errors: [1, 2, 3]}
            - {name: mixed, type: normsys, lo: 0.9, hi: 1.1}
            - {name: u, type: shapesys, errors: [1, 2, 3]}
    - name: CR
      samples:
        - {name: background, data: [100]}
  observations: {SR: [60, 50, 30]}
  poi: [mu, kappa]
  parameters:
    mu: {init: 1, bounds: [0, 10]}
    mc: {fixed: [true, false, false]}
    u: {constraint: {poisson: {tau: [9, 9, 9]}}}
  constraints:
    - {parameters: [jes, width], correlation: [[1, 0.5], [0.5, 1]]}
fit: {minos: mu}
";

fn everything() -> Analysis {
    serde_saphyr::from_str(EVERYTHING).unwrap()
}

#[test]
fn every_loss_is_reported() {
    let written = Format::Pyhf.write(&everything()).unwrap();
    let losses: Vec<_> = written.losses.iter().map(ToString::to_string).collect();
    let expected = [
        "the name `all that pyhf lacks` of the analysis",
        "the settings of the fit of the analysis",
        "the dialect of the analysis",
        "the interpolation code1 of normsys of the analysis",
        "the Poisson constraint of staterror of the analysis",
        "the threshold 0.1 of staterror of the analysis",
        "the correlation of `jes`, `width` of the analysis",
        "the interpolation code0 of histosys `jes` of sample `signal` in channel `SR`",
        "the first of two modifiers of histosys `jes`",
        "the name of lumi `lumi_2018`",
        "the sharing between normfactor and normsys of parameter `mixed`",
        "absence of an observation of channel `CR`",
        "the parameters of interest `kappa` of measurement `measurement`: pyhf has one; `mu` is kept",
        "the fixing of single bins of parameter `mc`",
        "the Gaussian constraint of parameter `kappa`",
        "the default of inits, bounds, auxdata, sigmas of parameter `lumi_2018`",
        "the Gaussian constraint of parameter `width`",
    ];
    for expected in expected {
        assert!(losses.iter().any(|loss| loss.starts_with(expected)), "{expected}: {losses:#?}");
    }
    assert_eq!(losses.len(), expected.len(), "{losses:#?}");
    let loss = serde_json::to_value(&written.losses[0]).unwrap();
    let keys: Vec<_> = loss.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["what", "where", "why"]);
    // A replaced tau carries the auxiliary counts with it, which pyhf would leave at their default.
    let file: serde_json::Value = serde_json::from_str(&written.text).unwrap();
    let parameters = file.pointer("/measurements/0/config/parameters").unwrap().as_array().unwrap();
    let u = parameters.iter().find(|parameter| parameter["name"] == "u").unwrap();
    assert_eq!((&u["factors"], &u["auxdata"]), (&serde_json::json!([9.0, 9.0, 9.0]), &u["factors"]));
}

#[test]
fn native_formats_lose_nothing() {
    for format in [Format::Native, Format::NativeJson] {
        let written = format.write(&everything()).unwrap();
        assert_eq!(written.losses, []);
        assert_eq!(
            serde_saphyr::from_str::<Analysis>(&written.text).unwrap(),
            everything(),
            "{}",
            written.text
        );
    }
}

#[test]
fn yaml_is_laid_out_for_people() {
    let text = Format::Native.write(&everything()).unwrap().text;
    let expected = "\
zstat: 1
name: all that pyhf lacks
dialect: root
interpolation: {normsys: code1}
staterror: {threshold: 0.1}
workspace:
  channels:
    - name: SR
      samples:
        - name: signal
          data: [5, 12.25, 1.0e-9]
          modifiers:
            - {name: mu, type: normfactor}
            - {name: kappa, type: normfactor, constraint: {normal: {sigma: 0.1}}}
            - {name: jes, type: histosys, lo: [4, 12, 0], hi: [6, 12.5, 0], interpolation: code0}
";
    assert!(text.starts_with(expected), "{text}");
    let tail = "    - name: CR
      samples:
        - {name: background, data: [100], modifiers: []}
  observations: {SR: [60, 50, 30]}
  poi: [mu, kappa]
  parameters:
    mu: {init: 1, bounds: [0, 10]}
    mc: {fixed: [true, false, false]}
    u: {constraint: {poisson: {tau: [9, 9, 9]}}}
  constraints:
    - {parameters: [jes, width], correlation: [[1, 0.5], [0.5, 1]]}
fit: {minos: mu}
";
    assert!(text.ends_with(tail), "{text}");
}

#[test]
fn long_lists_are_wrapped() {
    let mut analysis = everything();
    analysis.workspace.channels[1].samples[0].data = (0..100).map(|i| f64::from(i) / 3.0).collect();
    let text = Format::Native.write(&analysis).unwrap().text;
    assert!(text.lines().all(|line| line.chars().count() <= 110), "{text}");
    assert!(text.contains("          data: [0, 0.3333333333333333, "), "{text}");
    assert_eq!(serde_saphyr::from_str::<Analysis>(&text).unwrap(), analysis);
}
