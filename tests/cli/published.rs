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
