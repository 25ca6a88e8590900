//! Every broken file under `tests/cases/broken` gives the diagnostics that are accepted beside it (`NAME.expected`).
//!
//! `ZSTAT_BLESS=1` writes what is given now. Files that start with `pyhf-` belong to the driver of the command line.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use zstat_core::diag::{Code, Diagnostic, Fault, resolve};
use zstat_core::fit::{Fitter, Minimum, Objective, Problem, Termination};
use zstat_core::plugin::{Plugin, PluginError, Registry};
use zstat_core::source::{Document, Mended, Native, parse, parse_with, schema};
use zstat_core::spec::{self, Analysis, BuildOptions, Workspace};

/// Stands for a fitter, for its options: the real ones live in other crates.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Newton {
    /// Largest vertical distance to the minimum.
    tolerance: f64,
    /// Most iterations.
    #[schemars(range(min = 1))]
    max_iterations: u32,
}

impl Fitter for Newton {
    fn minimise(&self, _: &mut dyn Objective, problem: &Problem<'_>) -> Minimum {
        Minimum {
            theta: problem.start.to_vec(),
            value: self.tolerance,
            gradient: vec![0.0; problem.start.len()],
            edm: 0.0,
            termination: Termination::Converged,
            iterations: 0,
            evaluations: self.max_iterations as usize,
            curvature: None,
        }
    }
}

inventory::submit! {
    Plugin::<dyn Fitter> {
        name: "newton",
        summary: "stands for the default fitter",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(Newton),
        build: |options| match serde_json::from_value::<Newton>(options) {
            Ok(newton) => Ok(Box::new(newton)),
            Err(source) => Err(PluginError::Options { kind: "fitter", name: "newton", source }),
        },
    }
}

/// What `zstat validate` would find wrong, without lint.
fn diagnostics(document: &Document) -> Vec<Diagnostic> {
    let fitters = Registry::<dyn Fitter>::load("fitter").expect("unique plugin names");
    let native = document.tree().map_or(Native::Analysis, Native::of);
    let of_workspace = |workspace: &Workspace| spec::check(workspace, &BuildOptions::default());
    let of_analysis = |analysis: &Analysis| {
        [spec::check_analysis(analysis, &fitters), of_workspace(&analysis.workspace)].concat()
    };
    let faults = match native {
        Native::Workspace => match parse(document) {
            Ok(workspace) => of_workspace(&workspace),
            Err(shape) => with_meaning(shape, document, &schema::of::<Workspace>(), native, of_workspace),
        },
        Native::Analysis => match parse_with(document, || spec::schema(&fitters)) {
            Ok(analysis) => of_analysis(&analysis),
            Err(shape) => with_meaning(shape, document, &spec::schema(&fitters), native, of_analysis),
        },
    };
    resolve(document, &native, &faults)
}

/// Faults of shape, and what is found behind them.
fn with_meaning<T: DeserializeOwned>(
    mut faults: Vec<Fault>,
    document: &Document,
    schema: &Value,
    native: Native,
    check: impl Fn(&T) -> Vec<Fault>,
) -> Vec<Fault> {
    let Ok(root) = document.tree() else { return faults };
    let mended = Mended::of(root, schema);
    faults.extend_from_slice(mended.faults());
    if let Some(value) = mended.read() {
        faults.extend(spec::independent(check(&value), &mended, &native));
    }
    faults
}

fn report(path: &Path) -> String {
    let label = path.file_name().expect("a file").to_string_lossy().into_owned();
    let all = match Document::from_bytes(label, std::fs::read(path).expect("readable")) {
        Ok(document) => diagnostics(&document),
        Err(diagnostic) => vec![*diagnostic],
    };
    let mut report = String::new();
    for one in all {
        report += &format!("{}:{} {} {}\n", one.line, one.column, one.code.id(), one.message);
        if let Some(help) = one.help {
            report += &format!("    help: {help}\n");
        }
    }
    report
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/broken");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the corpus")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_none_or(|e| e != "expected"))
        .filter(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pyhf-")))
        .collect();
    cases.sort();
    cases
}

#[test]
fn broken_files_are_explained() {
    let bless = std::env::var_os("ZSTAT_BLESS").is_some();
    let mut wrong = Vec::new();
    for path in cases() {
        let now = report(&path);
        let mut accepted = path.clone().into_os_string();
        accepted.push(".expected");
        if bless {
            std::fs::write(&accepted, &now).expect("writable");
        }
        let expected = std::fs::read_to_string(&accepted).unwrap_or_default();
        if now.is_empty() || now != expected {
            wrong.push(format!("{}\n--- accepted\n{expected}--- now\n{now}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{} files differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_corpus_covers_every_error() {
    let mut reports = String::new();
    for path in cases() {
        reports += &report(&path);
    }
    let missing: Vec<&str> = Code::ALL
        .iter()
        .map(|code| code.id())
        // E0207 stands for what the schema does not know: a file that shows it shows a gap in the schema. E0106 and E06
        // are about other files than a spec, and belong to `zstat-formats`.
        .filter(|id| id.starts_with('E') && !["E0106", "E0207"].contains(id) && !id.starts_with("E06"))
        .filter(|id| !reports.contains(&format!(" {id} ")))
        .collect();
    assert!(missing.is_empty(), "no broken file for {missing:?}");
}

#[test]
fn the_corpus_is_large() {
    assert!(cases().len() >= 60, "{} cases", cases().len());
}
