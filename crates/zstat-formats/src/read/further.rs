//! Faults behind those of shape: the document is mended as far as can be guessed, read, and checked as it would be if it
//! were whole. Nobody gets to see the mended analysis.

use std::cell::OnceCell;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use zstat_core::diag::{Code, Fault};
use zstat_core::fit::Fitter;
use zstat_core::plugin::Registry;
use zstat_core::source::{Document, Mended, Native, Node, schema};
use zstat_core::spec::{Analysis, BuildOptions, check, check_analysis, independent};

use super::{Content, Found, Source, Trace, content};
use crate::kind::Kind;

/// Faults of a document whose shape is faulty, beside those that its first comparison with the schema found; with their
/// places in the text. Of meaning only those that follow from no mend.
pub(super) fn faults(document: &Document, trace: &Trace) -> Vec<Fault> {
    let Ok(root) = document.tree() else { return vec![] };
    if !trace.kind.is_model() {
        return vec![];
    }
    let source = Mending { root, mended: OnceCell::new() };
    let read = content(trace.kind, &source);
    let Some(mended) = source.mended.get() else { return vec![] };
    let of_meaning = match read {
        Ok(Content { analysis, .. }) => {
            independent(of_analysis(&analysis, trace.kind), mended, &*trace.layout(Found::InAnalysis))
        }
        // What a converter refuses is told in terms of the document.
        Err(faults) => independent(faults, mended, &Native::Workspace),
    };
    [mended.faults(), &of_meaning].concat()
}

/// A tree that is mended for the type that is read from it.
struct Mending<'a> {
    root: &'a Node,
    mended: OnceCell<Mended>,
}

impl Source for &Mending<'_> {
    fn read<T: DeserializeOwned + JsonSchema>(&self) -> Result<T, Vec<Fault>> {
        let mended = self.mended.get_or_init(|| Mended::of(self.root, &schema::of::<T>()));
        mended.read().ok_or_else(Vec::new)
    }
}

/// What is wrong with an analysis by its own settings.
fn of_analysis(analysis: &Analysis, kind: Kind) -> Vec<Fault> {
    let options = BuildOptions {
        dialect: analysis.dialect,
        interpolation: analysis.interpolation,
        staterror: analysis.staterror,
        allow_absent: matches!(kind, Kind::PyhfWorkspace | Kind::PyhfModel),
        ..BuildOptions::default()
    };
    let mut faults = check(&analysis.workspace, &options);
    // Yields that are yet to be made are no fault of the text.
    faults.retain(|fault| !(fault.code == Code::Nothing && fault.pointer.ends_with("/events")));
    if let Ok(fitters) = Registry::<dyn Fitter>::load("fitter") {
        faults.extend(check_analysis(analysis, &fitters));
    }
    faults
}
