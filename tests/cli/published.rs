//! The published workspaces through the whole command: they load, evaluate and fit. Skipped, with a notice, where
//! the folder `../shared` is missing.

use super::support::{run, shared};

#[test]
fn published_workspaces_validate_and_evaluate() {
    let Some(folder) = shared("published_workspaces_validate_and_evaluate") else { return };
    for name in
        ["example-2bin", "xmlimport", "llp-3ch", "susy-2018-14", "susy-2018-32-simplified", "onebin-45par"]
    {
        let path = folder.join(format!("{name}.json"));
        run(&format!("validate {} --quiet", path.display())).exits(0);
        let json = run(&format!("evaluate {} --format json", path.display())).exits(0).json();
        assert!(json["twice_nll"].is_number(), "{name}: {}", json["warnings"]);
    }
}

/// Far below zero some bins with few events expect a negative number unless others make up for it: no toy is lost for that, and
/// no value without a likelihood where there is one.
#[test]
fn far_signals_have_a_likelihood() {
    let Some(folder) = shared("far_signals_have_a_likelihood") else { return };
    let path = folder.join("1lbb.json");
    let (path, poi) = (path.display(), "r_C1N2_Wh_hbb_700_400");
    for test in ["--mu=-1.32 --test-stat t", "--mu=-1.25 --test-stat t", "--mu=-1.3 --test-stat q"] {
        let page = run(&format!("hypotest {path} {test} --toys 100 --seed 1")).exits(0).stdout;
        assert!(!page.contains("left out"), "{page}");
    }
    let scan = run(&format!("scan {path} --range=-1.6:0 --points 17 --format json")).exits(0).json();
    let free = run(&format!("fit {path} --format json")).exits(0).json();
    let best = free["twice_nll"].as_f64().unwrap();
    for (at, chained) in [(1, 204.8259), (2, 203.9621)] {
        let rise = scan["points"][at]["delta_twice_nll"].as_f64().unwrap();
        assert!((rise + best - chained).abs() < 1e-4, "{at}: {rise} above {best}");
    }
    run(&format!("hypotest {path} --mu=-1.5 --test-stat t")).exits(0);
    run(&format!("feldman-cousins {path} --range=-2:4 --toys 10 --points 5")).exits(0);
    run(&format!("bias {path} --inject=-1.32 --n 4")).exits(0);
    let work = super::support::folder();
    let toys = work.path().join("toys");
    run(&format!("toys {path} --inject {poi}=-1.32 --n 4 --output {}", toys.display())).exits(0);
}
