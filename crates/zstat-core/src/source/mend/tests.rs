//! Mends of single faults, and what comes to light by them.

use super::*;
use crate::source::{Document, schema};
use crate::spec::{Analysis, ModifierKind};

const HEAD: &str = "zstat: 1\nworkspace:\n  channels:\n    - name: SR\n      samples:\n        - name: s\n";

fn document(rest: &str) -> Document {
    Document::new("a.yaml", format!("{HEAD}{rest}"))
}

fn mended(document: &Document) -> Mended {
    Mended::of(document.tree().expect("a tree"), &schema::of::<Analysis>())
}

fn read(document: &Document) -> Analysis {
    mended(document).read().expect("mended")
}

#[test]
fn a_mistyped_key_is_renamed_and_keeps_its_place() {
    let document =
        document("          data: [1]\n          modfiers:\n            - {name: mu, type: normfactor}\n");
    let mended = mended(&document);
    let analysis: Analysis = mended.read().expect("mended");
    assert_eq!(analysis.workspace.channels[0].samples[0].modifiers[0].name, "mu");
    let at = "/workspace/channels/0/samples/0/modifiers/0/name";
    let fault = mended.placed(Fault::new(Code::BadPoi, "", ""), at, false);
    assert_eq!(fault.pointer, "/workspace/channels/0/samples/0/modfiers/0/name");
    assert_eq!(&document.text()[fault.span.expect("a place")], "mu");
}

#[test]
fn an_unknown_key_is_removed() {
    let document = document("          data: [1]\n          comment: why\n");
    assert_eq!(read(&document).workspace.channels[0].samples[0].data, [1.0]);
    let made = mended(&document).made().to_vec();
    assert_eq!((made.len(), &made[0].mend, made[0].was_single), (1, &Mend::Remove, true));
}

#[test]
fn values_are_read_as_they_were_meant_or_stood_in_for() {
    let document = document(
        "          data: [\"2.5\", five, .nan, \"0,5\"]\n          modifiers:\n            - {name: a, type: normsis, lo: \"90%\", hi: [1]}\n  parameters:\n    a: {fixed: yes, init: [0, 1, x]}\n",
    );
    let analysis = read(&document);
    let sample = &analysis.workspace.channels[0].samples[0];
    assert_eq!(sample.data, [2.5, 0.0, 0.0, 0.5]);
    assert_eq!(sample.modifiers[0].kind, ModifierKind::NormSys { lo: 0.9, hi: 0.0, interpolation: None });
    let made = mended(&document).made().to_vec();
    let sure = made.iter().filter(|made| matches!(made.mend, Mend::Read(_)));
    assert_eq!(sure.map(|made| made.key.as_str()).collect::<Vec<_>>(), ["0", "3", "type", "fixed", "lo"]);
}

#[test]
fn all_entries_of_a_list_are_mended_though_few_are_told() {
    let document = document("          data: [a, b, c, d, e, f]\n");
    assert_eq!(read(&document).workspace.channels[0].samples[0].data, [0.0; 6]);
}

#[test]
fn of_a_repeated_key_the_first_is_kept() {
    let document = document("          data: [1]\n          data: [2]\n");
    assert_eq!(read(&document).workspace.channels[0].samples[0].data, [1.0]);
}

#[test]
fn an_aliased_fault_is_mended_at_every_use() {
    let document = document("          data: &d [1, x]\n        - {name: t, data: *d}\n");
    assert_eq!(read(&document).workspace.channels[0].samples[1].data, [1.0, 0.0]);
}

#[test]
fn what_is_missing_cannot_be_mended() {
    for rest in [
        "          data: [1]\n        - {data: [1]}\n",
        "          data: [1]\n          modifiers: [mu]\n",
        "          data: [1]\n          modifiers: [{name: a, type: shapesys}]\n",
        "          data: [1]\n          modifiers: [{name: a, type: magic}]\n",
    ] {
        assert!(mended(&document(rest)).read::<Analysis>().is_none(), "{rest}");
    }
}

#[test]
fn faults_under_a_mistyped_key_and_beside_a_mistyped_type_are_found() {
    let document = document(
        "          data: [1]\n          modfiers:\n            - {name: a, type: shapesy}\n            - {name: b, type: normfactor, wdth: 3}\n",
    );
    let faults: Vec<String> = mended(&document).faults().iter().map(ToString::to_string).collect();
    let said = ["`type` is `shapesy`", "unknown key `wdth`", "`errors` is missing"];
    assert_eq!(faults.len(), said.len(), "{faults:#?}");
    for words in said {
        let fault = faults.iter().find(|fault| fault.contains(words)).expect(words);
        assert!(fault.contains("/samples/0/modfiers/"), "{fault}");
    }
}

#[test]
fn a_key_that_was_taken_for_another_yields_no_faults() {
    // Another tool's `bins` are edges.
    let edges = document("          bins: [{low: 0, high: 1}, {low: 1, high: 2}]\n");
    assert!(mended(&edges).faults().is_empty(), "{:#?}", mended(&edges).faults());
    // Another tool's `shape` has other keys than a histosys.
    let shape = document("          data: [1]\n          modifiers: [{name: a, type: shape, errors: [1]}]\n");
    assert!(mended(&shape).faults().is_empty(), "{:#?}", mended(&shape).faults());
}
