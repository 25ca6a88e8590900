//! A workspace with each patch of a set in turn: what is read is what is read of one alone, faults and places included.

#![allow(clippy::unwrap_used)] // a test fails by panicking

use zstat_core::diag::{Code, Fault};
use zstat_core::source::Document;
use zstat_formats::{Family, Input, PatchInput, read};

const WORKSPACE: &str = r#"{"channels": [{"name": "SR", "samples": [{"name": "bkg", "data": [50.0, 60.0], "modifiers": []}]}],
  "observations": [{"name": "SR", "data": [52, 61]}],
  "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}], "version": "1.0.0"}"#;

const SET: &str = r#"{"metadata": {"labels": ["m"], "digests": {"md5": ""}}, "version": "1.0.0", "patches": [
  {"metadata": {"name": "a", "values": [1]}, "patch": [{"op": "add", "path": "/channels/0/samples/0", "value":
    {"name": "s", "data": [1.0, 2.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": null}]}}]},
  {"metadata": {"name": "b", "values": [2]}, "patch": [{"op": "add", "path": "/channels/9", "value": 1}]},
  {"metadata": {"name": "c", "values": [3]}, "patch": [{"op": "add", "path": "/channels/0/samples/0", "value":
    {"name": "s", "data": ["x"], "modifiers": []}}]},
  {"metadata": {"name": "d", "values": [4]}, "patch": [{"op": "replac", "path": "/channels/0", "value": 1}]}]}"#;

const FIRST: &str = r#"[{"op": "replace", "path": "/observations/0/data/0", "value": 55}]"#;
const LAST: &str = r#"[{"op": "replace", "path": "/channels/0/samples/0/data/1", "value": 7.5}]"#;

/// Runs `check` with an input of these patches.
fn with(patches: &[(&str, Option<&str>)], check: impl FnOnce(Input<'_>)) {
    let document = Document::new("ws", WORKSPACE.to_owned());
    let of = |(i, (text, name)): (usize, &(&str, Option<&'static str>))| {
        (Document::new(format!("patch{i}"), (*text).to_owned()), *name)
    };
    let patches: Vec<(&str, Option<&'static str>)> =
        patches.iter().map(|(text, name)| (*text, name.map(|name| &*name.to_owned().leak()))).collect();
    let texts: Vec<(Document, Option<&str>)> = patches.iter().enumerate().map(of).collect();
    let patches: Vec<PatchInput<'_>> =
        texts.iter().map(|(document, name)| PatchInput { document, name: *name }).collect();
    check(Input { document: &document, patches: &patches, ignore_digests: true });
}

#[test]
fn members_are_what_they_are_alone() {
    let json = SET.to_owned();
    // The same set as YAML, without the patch that is no patch: of YAML the whole file is read.
    let last = json.rfind(",\n  {\"metadata\": {\"name\": \"d\"").unwrap();
    let yaml = format!(
        "metadata: {{labels: [m], digests: {{md5: ''}}}}\nversion: '1.0.0'\npatches: {}]\n",
        &json[json.find("[\n  {").unwrap()..last]
    );
    for (set, count) in [(json.as_str(), 4), (yaml.as_str(), 3)] {
        for place in 0..3 {
            let patches = |name: &'static str| -> Vec<(&str, Option<&str>)> {
                let mut all = vec![(FIRST, None), (LAST, None)];
                all.insert(place, (set, Some(name)));
                all
            };
            with(&patches("ALL"), |input| {
                let family = Family::open(input).unwrap().unwrap();
                assert_eq!((family.place(), family.labels()), (place, &["m".to_owned()][..]));
                assert_eq!(family.members().len(), count);
                for (number, name) in ["a", "b", "c", "d"].into_iter().enumerate().take(count) {
                    assert_eq!(family.members()[number].name, name);
                    with(&patches(name), |alone| match (family.read(number), read(&alone)) {
                        (Ok(found), Ok(wanted)) => {
                            assert_eq!(
                                (&found.analysis, found.kind, &found.notes),
                                (&wanted.analysis, wanted.kind, &wanted.notes)
                            );
                            let fault = [Fault::new(Code::BinCount, "/channels/0/samples/0/data/1", "here")];
                            assert_eq!(found.resolve(&input, &fault), wanted.resolve(&alone, &fault));
                        }
                        (Err(found), Err(wanted)) => assert_eq!(found, wanted),
                        (found, wanted) => panic!("{name}: {found:?}\n{wanted:?}"),
                    });
                }
            });
        }
    }
}

#[test]
fn what_is_no_family() {
    for (patches, is_family) in [
        (vec![], false),
        (vec![(FIRST, None)], false),
        (vec![(FIRST, Some("ALL"))], false),
        (vec![(SET, Some("a"))], false),
        (vec![(SET, Some("all"))], false),
        (vec![(SET, Some("[1]"))], false),
        (vec![(SET, Some("?"))], true),
    ] {
        with(&patches, |input| assert_eq!(Family::open(input).unwrap().is_some(), is_family, "{patches:?}"));
    }
    let named_all = SET.replace("\"name\": \"b\"", "\"name\": \"ALL\"");
    with(&[(&named_all, Some("ALL"))], |input| assert!(Family::open(input).unwrap().is_none()));
    with(&[(&named_all, Some("*"))], |input| {
        assert_eq!(Family::open(input).unwrap().unwrap().members().len(), 4)
    });
    for (patches, told) in [
        (vec![(SET, Some("x*"))], "no patch of the set matches `x*`"),
        (vec![(SET, Some("*")), (SET, Some("ALL"))], "`ALL` is a second family of patches"),
        (vec![(SET, Some("ALL")), (SET, Some("z"))], "has no patch `z`"),
    ] {
        with(&patches, |input| {
            let faults = Family::open(input).expect_err("a fault");
            assert!(faults.len() == 1 && faults[0].message.contains(told), "{faults:?}");
        });
    }
}
