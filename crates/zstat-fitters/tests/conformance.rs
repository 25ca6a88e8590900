//! Every registered fitter keeps the contract.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use serde_json::json;
use zstat_core::fit::Fitter;
use zstat_core::plugin::{PluginError, Registry};
use zstat_core::testing::check_fitter;
use zstat_core::testing::fitter::{Demands, check_saddle};
use zstat_fitters::{Lbfgsb, NelderMead};

#[test]
fn registered_fitters_conform() {
    let registry = Registry::<dyn Fitter>::load("fitter").unwrap();
    let mut names = Vec::new();
    for plugin in registry.iter() {
        let demands = if plugin.name == "nelder-mead" { Demands::VALUES } else { Demands::DERIVATIVES };
        check_fitter(&*registry.build(plugin.name, json!({})).unwrap(), &demands);
        names.push(plugin.name);
    }
    assert_eq!(names, ["lbfgsb", "nelder-mead", "newton"]);
}

#[test]
fn lbfgsb_and_nelder_mead_leave_a_saddle_they_start_on() {
    check_saddle(&Lbfgsb::default(), &Demands::DERIVATIVES);
    check_saddle(&NelderMead::default(), &Demands::VALUES);
}

#[test]
fn unknown_options_are_refused() {
    let registry = Registry::<dyn Fitter>::load("fitter").unwrap();
    for plugin in registry.iter() {
        let refused = registry.build(plugin.name, json!({"toleranse": 1.0}));
        let Err(PluginError::Options { name, source, .. }) = refused else { panic!("{}", plugin.name) };
        assert_eq!(name, plugin.name);
        assert!(source.to_string().contains("toleranse"), "{source}");
    }
}
