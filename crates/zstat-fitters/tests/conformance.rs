//! Every registered fitter keeps the contract.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use serde_json::json;
use zstat_core::fit::Fitter;
use zstat_core::plugin::Registry;
use zstat_core::testing::check_fitter;
use zstat_core::testing::fitter::Demands;
use zstat_fitters as _;

#[test]
fn registered_fitters_conform() {
    let registry = Registry::<dyn Fitter>::load("fitter").unwrap();
    let mut names = Vec::new();
    for plugin in registry.iter() {
        let demands = if plugin.name == "nelder-mead" { Demands::VALUES } else { Demands::DERIVATIVES };
        check_fitter(&*registry.build(plugin.name, json!({})).unwrap(), &demands);
        names.push(plugin.name);
    }
    assert!(names.contains(&"lbfgsb"), "{names:?}");
}
