//! `zstat plugins`: the linked plugins are exactly those accepted; the linker drops one that nobody names. `zstat plugin new` and
//! what `zstat build` refuses; that crates compile and link is what `cargo xtask plugin` tries.

use std::fs;

use super::support::{folder, golden, run, run_in, write};

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

#[test]
fn a_new_crate_is_whole_or_not_there() {
    let folder = folder();
    for (kind, name) in [("loss", "my_loss"), ("fitter", "my-fitter"), ("summary", "my_summary")] {
        let json = run_in(folder.path(), &["plugin", "new", name, "--kind", kind, "--format", "json"])
            .exits(0)
            .json();
        assert_eq!((&json["kind"], &json["folder"]), (&kind.into(), &name.into()));
        for file in json["files"].as_array().unwrap() {
            let text = fs::read_to_string(folder.path().join(name).join(file.as_str().unwrap())).unwrap();
            let is_ours = file != "Cargo.lock" && file != ".gitignore";
            assert!(!is_ours || text.contains(name) || text.contains(&name.replace('-', "_")), "{file}");
        }
        let spec = folder.path().join(name).join("spec.yaml");
        // The stock build has no plugin of that name; all else is sound.
        let told = run_in(folder.path(), &["validate", spec.to_str().unwrap()]).exits(2);
        assert!(told.stdout.contains("1 error,"), "{}{}", told.stdout, told.stderr);
    }
    let kept = fs::read_to_string(folder.path().join("my_loss/Cargo.toml")).unwrap();
    run_in(folder.path(), &["plugin", "new", "my_loss", "--kind", "summary"]).exits(2).tells(&["it exists"]);
    assert_eq!(fs::read_to_string(folder.path().join("my_loss/Cargo.toml")).unwrap(), kept);
    run_in(folder.path(), &["plugin", "new", "x", "--path", "nowhere"])
        .exits(2)
        .tells(&["no folder `nowhere`"]);
    run_in(folder.path(), &["plugin", "new", "My"]).exits(2).tells(&["NAME My", "lower-case"]);
    run_in(folder.path(), &["plugin", "new", "x", "--zstat", "."]).exits(2).tells(&["no checkout of zstat"]);
    let mut left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["my-fitter", "my_loss", "my_summary"]);
}

#[test]
fn what_cannot_be_linked_is_told_before_anything_is_built() {
    let folder = folder();
    let build = |with: &str| {
        run_in(folder.path(), &["build", "--with", with, "--offline", "--output", "out"]).exits(2)
    };
    build("no/such").tells(&["--with no/such: no folder with a Cargo.toml"]);
    fs::create_dir_all(folder.path().join("bad/src")).unwrap();
    write(folder.path(), "bad/Cargo.toml", "[package\n");
    build("bad").tells(&["--with bad: error"]);
    let manifest = "[package]\nname = \"bad\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
    write(folder.path(), "bad/Cargo.toml", manifest);
    write(folder.path(), "bad/src/main.rs", "fn main() {}\n");
    build("bad").tells(&["the crate has no library"]);
    write(folder.path(), "bad/src/lib.rs", "");
    fs::create_dir_all(folder.path().join("other/src")).unwrap();
    write(folder.path(), "other/src/lib.rs", "");
    write(folder.path(), "other/Cargo.toml", &manifest.replace("bad", "zstat-core"));
    let other = "[dependencies]\nzstat-core = { path = \"../other\" }\n";
    write(folder.path(), "bad/Cargo.toml", &format!("{manifest}{other}"));
    build("bad").tells(&["`bad` depends on the zstat-core in", "other", "use one path for both"]);
    run_in(folder.path(), &["build", "--with", "bad"]).exits(2).tells(&["--output my-zstat"]);
    assert!(!folder.path().join("out").exists());
}
