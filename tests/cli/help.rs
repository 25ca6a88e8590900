//! Help: accepted texts, an example for every command, completions and manual pages of the same grammar.

use super::support::{folder, golden, run, run_in};

pub(super) const COMMANDS: [&str; 23] = [
    "validate",
    "inspect",
    "evaluate",
    "fit",
    "hypotest",
    "limit",
    "feldman-cousins",
    "scan",
    "impacts",
    "significance",
    "gof",
    "compatibility",
    "yields",
    "toys",
    "bias",
    "apply",
    "merge",
    "convert",
    "schema",
    "plugins",
    "plugin",
    "build",
    "completions",
];

#[test]
fn help_texts_are_as_accepted() {
    golden("help/zstat.txt", &run("--help").exits(0).stdout);
    for command in COMMANDS {
        let help = run(&format!("{command} --help")).exits(0).stdout;
        assert!(help.contains(&format!("zstat {command}")), "{command}: no usage");
        assert!(help.contains("Example"), "{command}: no example");
        golden(&format!("help/{command}.txt"), &help);
    }
    golden("help/plugin-new.txt", &run("plugin new --help").exits(0).stdout);
}

#[test]
fn manual_pages_exist_for_every_command() {
    let folder = folder();
    run_in(folder.path(), &["man", "--output", "man"]).exits(0);
    for command in COMMANDS {
        let page = std::fs::read_to_string(folder.path().join(format!("man/zstat-{command}.1"))).unwrap();
        assert!(page.contains(&format!("zstat\\-{}", command.replace('-', "\\-"))), "{page}");
    }
    assert!(folder.path().join("man/zstat-plugin-new.1").exists());
    assert!(run("man").exits(0).stdout.contains(".TH zstat"));
}

#[test]
fn version_and_wrong_usage() {
    assert_eq!(run("--version").exits(0).stdout, format!("zstat {}\n", env!("CARGO_PKG_VERSION")));
    run("fitt x.yaml").exits(2).tells(&["fitt", "fit"]);
    run("fit").exits(2).tells(&["SPEC"]);
    run("fit specs/quickstart.yaml --format jsn").exits(2).tells(&["jsn", "json"]);
}
