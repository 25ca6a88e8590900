//! `zstat plugins`: the linked plugins are exactly those accepted; the linker drops one that nobody names.

use super::support::{golden, run};

#[test]
fn the_stock_build_links_these_plugins() {
    golden("plugins.txt", &run("plugins").exits(0).stdout);
}

#[test]
fn json_and_csv_hold_the_same() {
    let json = run("plugins --format json").exits(0).json();
    let csv = run("plugins --format csv").exits(0).stdout;
    let plugins = json["plugins"].as_array().unwrap();
    assert_eq!(csv.lines().count(), plugins.len() + 1);
    for plugin in plugins {
        for field in ["kind", "name", "crate", "version", "summary"] {
            assert!(plugin[field].as_str().is_some_and(|text| !text.is_empty()), "{plugin}: {field}");
        }
    }
    assert!(plugins.iter().any(|plugin| plugin["name"] == "newton"), "the default fitter is linked");
}
