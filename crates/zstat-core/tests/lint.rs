//! Every file under `tests/cases/lint` gives the warnings that are accepted beside it; `ZSTAT_BLESS=1` writes them.

use std::path::{Path, PathBuf};

use zstat_core::diag::{Code, resolve};
use zstat_core::source::{Document, Native, parse};
use zstat_core::spec::{self, Analysis, BuildOptions};

fn report(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("readable");
    let document = Document::new("f", text);
    let analysis: Analysis =
        parse(&document).unwrap_or_else(|faults| panic!("{}: {faults:#?}", path.display()));
    let options = BuildOptions {
        dialect: analysis.dialect,
        interpolation: analysis.interpolation,
        staterror: analysis.staterror,
        // Files for which published ones stand model say so in their names.
        allow_absent: path.to_string_lossy().contains("published"),
        ..BuildOptions::default()
    };
    let errors = spec::check(&analysis.workspace, &options);
    assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
    let mut report = String::new();
    for one in resolve(&document, &Native::Analysis, &spec::lint(&analysis.workspace, &options)) {
        report += &format!("{}:{} {} {}\n", one.line, one.column, one.code.id(), one.message);
        report += &one.help.map(|help| format!("    help: {help}\n")).unwrap_or_default();
    }
    report
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/lint");
    let entries = std::fs::read_dir(folder).expect("the corpus");
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    cases.sort();
    cases
}

#[test]
fn odd_files_are_remarked_on() {
    let bless = std::env::var_os("ZSTAT_BLESS").is_some();
    let mut wrong = Vec::new();
    for path in cases() {
        let now = report(&path);
        let accepted = path.with_extension("yaml.expected");
        if bless {
            std::fs::write(&accepted, &now).expect("writable");
        }
        let expected = std::fs::read_to_string(&accepted).unwrap_or_default();
        if now != expected {
            wrong.push(format!("{}\n--- accepted\n{expected}--- now\n{now}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{} files differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_warning_has_a_file_and_the_good_file_none() {
    let mut reports = String::new();
    for path in cases() {
        let one = report(&path);
        assert_eq!(one.is_empty(), path.ends_with("good.yaml"), "{}:\n{one}", path.display());
        reports += &one;
    }
    let ids = Code::ALL.iter().map(|code| code.id()).filter(|id| id.starts_with('W'));
    let missing: Vec<&str> = ids.filter(|id| !reports.contains(&format!(" {id} "))).collect();
    assert!(missing.is_empty(), "no file for {missing:?}");
}
