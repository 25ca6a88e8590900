//! Patches and patch sets: what they do, which digests they are checked against, and where their faults are found.

#![allow(clippy::unwrap_used)] // a test fails by panicking

mod common;

use serde_json::Value;
use zstat_core::diag::{Code, Diagnostic, Fault};
use zstat_core::source::Document;
use zstat_core::spec::ModifierKind;
use zstat_formats::python_json::{dumps, pyhf_digest};
use zstat_formats::{Input, Kind, Loaded, PatchInput, read};

const WORKSPACE: &str = r#"{
  "channels": [
    {"name": "SR", "samples": [
      {"name": "bkg", "data": [50.0, 60.0], "modifiers": [
        {"name": "norm", "type": "normsys", "data": {"lo": 0.9, "hi": 1.1}}]}]}
  ],
  "observations": [{"name": "SR", "data": [52, 61]}],
  "measurements": [{"name": "m", "config": {"poi": "", "parameters": []}}],
  "version": "1.0.0"
}
"#;

const SIGNAL: &str = r#"[
  {"op": "add", "path": "/channels/0/samples/0", "value":
    {"name": "sig", "data": [1.0, 2.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": null}]}},
  {"op": "replace", "path": "/measurements/0/config/poi", "value": "mu"}
]
"#;

fn patched(
    workspace: &str,
    patches: &[(&str, Option<&str>)],
    ignore_digests: bool,
) -> Result<Loaded, Vec<Diagnostic>> {
    with(workspace, patches, ignore_digests, |result, _| result)
}

fn with<T>(
    workspace: &str,
    patches: &[(&str, Option<&str>)],
    ignore_digests: bool,
    check: impl FnOnce(Result<Loaded, Vec<Diagnostic>>, &Input<'_>) -> T,
) -> T {
    let document = Document::new("ws", workspace.to_owned());
    let texts: Vec<_> = patches
        .iter()
        .enumerate()
        .map(|(i, (text, name))| (Document::new(format!("patch{i}"), (*text).to_owned()), *name))
        .collect();
    let patches: Vec<_> = texts.iter().map(|(document, name)| PatchInput { document, name: *name }).collect();
    let input = Input { document: &document, patches: &patches, ignore_digests };
    check(read(&input), &input)
}

#[track_caller]
fn faults(workspace: &str, patches: &[(&str, Option<&str>)]) -> Vec<String> {
    let faults = patched(workspace, patches, false).expect_err("a fault");
    faults.iter().map(ToString::to_string).collect()
}

/// Line and column at which `part` begins.
fn place(text: &str, part: &str) -> (usize, usize) {
    let at = text.find(part).expect(part);
    let line_start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    (text[..at].matches('\n').count() + 1, text[line_start..at].chars().count() + 1)
}

#[test]
fn a_signal_patch_makes_a_background_only_workspace_whole() {
    let loaded = patched(WORKSPACE, &[(SIGNAL, None)], false).unwrap();
    assert_eq!(loaded.kind, Kind::PyhfWorkspace);
    let workspace = &loaded.analysis.workspace;
    let names: Vec<_> = workspace.channels[0].samples.iter().map(|sample| &*sample.name).collect();
    assert_eq!(names, ["sig", "bkg"]);
    assert_eq!(workspace.measurements[0].poi.as_ref().unwrap().as_slice(), ["mu"]);
    assert_eq!(loaded.notes, ["patched by patch0: 2 operations"]);
}

#[test]
fn patches_apply_in_order_to_native_yaml_too() {
    let analysis =
        "zstat: 1\nworkspace:\n  channels:\n    - name: SR\n      samples:\n        - {name: b, data: [5]}\n";
    let first = "- op: add\n  path: /workspace/observations\n  value: {SR: [4]}\n";
    let second = r#"[{"op": "replace", "path": "/workspace/observations/SR/0", "value": 7.5}]"#;
    let loaded = patched(analysis, &[(first, None), (second, None)], false).unwrap();
    assert_eq!(loaded.kind, Kind::Analysis);
    assert_eq!(loaded.analysis.workspace.observations["SR"], [7.5]);
    let bare = "channels:\n- name: SR\n  samples:\n  - {name: b, data: [5]}\n";
    let loaded = patched(bare, &[(r#"[{"op": "add", "path": "/poi", "value": "b"}]"#, None)], false).unwrap();
    assert_eq!(loaded.kind, Kind::NativeWorkspace);
    assert!(loaded.analysis.workspace.poi.is_some());
}

#[test]
fn failing_operations_are_named_with_their_place() {
    let patch = "[\n  {\"op\": \"test\", \"path\": \"/version\", \"value\": \"1.0.0\"},\n  {\"op\": \"add\", \"path\": \"/chanels/0\", \"value\": 1}\n]";
    let (line, column) = place(patch, "\"/chanels/0\"");
    assert_eq!(
        faults(WORKSPACE, &[(SIGNAL, None), (patch, None)]),
        [format!(
            "patch1:{line}:{column}: error[E0601]: operation 1 (add /chanels/0): there is no `/chanels`: \
             the document has no `chanels`; did you mean `channels`?"
        )]
    );
}

#[test]
fn operations_that_are_none_are_all_reported() {
    let patch = r#"[
        {"op": "ad", "path": "/a", "value": 1},
        {"path": "/a"},
        {"op": "remove", "path": 3}
    ]"#;
    let found = faults(WORKSPACE, &[(patch, None)]);
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[0].starts_with("patch0:2:16: error[E0204]"), "{found:#?}");
    assert!(found[0].contains("`ad`") && found[0].contains("did you mean `add`?"), "{found:#?}");
    assert!(found[1].contains("`op` is missing"), "{found:#?}");
    assert!(found[2].contains("expected a text") || found[2].contains("E0203"), "{found:#?}");

    let patch = r#"[{"op": "add", "path": "/a"}, {"op": "move", "path": "/a"}, {"op": "remove", "path": "a/b"}, {"op": "remove", "path": "/~2"}]"#;
    let found = faults(WORKSPACE, &[(patch, None)]);
    assert_eq!(found.len(), 4, "{found:#?}");
    assert!(found[0].contains("operation 0 (add) has no `value`"), "{found:#?}");
    assert!(found[1].contains("operation 1 (move) has no `from`"), "{found:#?}");
    assert!(found[2].contains("`a/b` is no JSON pointer: it must begin with `/`"), "{found:#?}");
    assert!(found[3].contains("`~` must be followed by 0 or 1"), "{found:#?}");
}

#[test]
fn faults_after_patching_are_found_where_they_were_written() {
    // In the patch: a misspelt type, found while reading.
    let patch = SIGNAL.replace("normfactor", "normfctor");
    let (line, column) = place(&patch, "\"normfctor\"");
    let found = faults(WORKSPACE, &[(&patch, None)]);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with(&format!("patch0:{line}:{column}: error[E0204]")), "{found:#?}");
    assert!(found[0].contains("(written by operation 0 (add /channels/0/samples/0))"), "{found:#?}");
    assert!(found[0].contains("did you mean `normfactor`?"), "{found:#?}");

    // In the workspace, behind the inserted sample: found later, in the model's own terms.
    with(WORKSPACE, &[(SIGNAL, None)], false, |result, input| {
        let loaded = result.unwrap();
        let fault = |pointer: &str| Fault::new(Code::BinCount, pointer, "wrong");
        let found = loaded.resolve(
            input,
            &[
                fault("/channels/0/samples/1/modifiers/0/lo"),
                fault("/channels/0/samples/0/data/1"),
                fault("/measurements/0/poi"),
                fault("/observations/SR/1"),
            ],
        );
        let places: Vec<_> = found.iter().map(|d| (&*d.file, d.line, d.column, &*d.path)).collect();
        let at = |text, part| place(text, part);
        let (lo, obs) = (at(WORKSPACE, "0.9"), at(WORKSPACE, "61"));
        let (data, poi) = (at(SIGNAL, "2.0"), at(SIGNAL, "\"mu\"}"));
        assert_eq!(
            places,
            [
                ("ws", lo.0, lo.1, "/channels/0/samples/0/modifiers/0/data/lo"),
                ("ws", obs.0, obs.1, "/observations/0/data/1"),
                ("patch0", data.0, data.1, "/0/value/data/1"),
                ("patch0", poi.0, poi.1, "/1/value"),
            ]
        );
        assert!(found[3].message.ends_with("(written by operation 1 (replace /measurements/0/config/poi))"));
    });
}

/// A set of two patches for `WORKSPACE`.
fn patch_set(digest: &str) -> String {
    let two = SIGNAL.replace("[1.0, 2.0]", "[3.0, 4.0]");
    format!(
        r#"{{
  "metadata": {{"description": "d", "references": {{"hepdata": "ins1234567"}}, "labels": ["mass", "decay"],
    "digests": {{"sha256": "{digest}"}}}},
  "patches": [
    {{"metadata": {{"name": "m100", "values": [100, "Gtt"], "comment": "free"}}, "patch": {SIGNAL}}},
    {{"metadata": {{"name": "m200", "values": [200.0, "Gbb"]}}, "patch": {two}}}
  ],
  "version": "1.0.0"
}}"#
    )
}

fn workspace_digest() -> String {
    pyhf_digest(&serde_json::from_str(WORKSPACE).unwrap(), "sha256").unwrap()
}

#[test]
fn patches_of_a_set_are_chosen_by_name_or_by_values() {
    let set = patch_set(&workspace_digest());
    for name in ["m200", "200,Gbb", "[200, \"Gbb\"]", "(200, 'Gbb')"] {
        let loaded = patched(WORKSPACE, &[(&set, Some(name))], false).unwrap();
        assert_eq!(loaded.analysis.workspace.channels[0].samples[0].data, [3.0, 4.0], "{name}");
        assert_eq!(loaded.notes, ["patched by patch0, patch `m200`: 2 operations"]);
    }
    // The same set twice: both digests are those of the file without patches.
    let loaded = patched(WORKSPACE, &[(&set, Some("m100")), (&set, Some("m200"))], false).unwrap();
    assert_eq!(loaded.analysis.workspace.channels[0].samples.len(), 3);
    // The same in YAML.
    let tree: Value = serde_json::from_str(&set).unwrap();
    let yaml = zstat_formats::native::to_yaml(&tree).unwrap();
    let loaded = patched(WORKSPACE, &[(&yaml, Some("m200"))], false).unwrap();
    assert_eq!(loaded.analysis.workspace.channels[0].samples[0].data, [3.0, 4.0]);
}

#[test]
fn unknown_patches_are_answered_with_the_known_ones() {
    let set = patch_set(&workspace_digest());
    let found = faults(WORKSPACE, &[(&set, Some("m20O"))]);
    assert_eq!(
        found,
        [
            "patch0:1:1: error[E0602]: the patch set has no patch `m20O`, neither by name nor by its values of \
          mass, decay; did you mean `m200`? its patches are `m100`, `m200`"
        ]
    );
    let found = faults(WORKSPACE, &[(&set, None)]);
    assert!(found[0].contains("has 2 patches, and none was chosen; choose one as FILE:NAME"), "{found:?}");
    let found = faults(WORKSPACE, &[(SIGNAL, Some("m100"))]);
    assert!(found[0].contains("single JSON Patch, in which nothing is called `m100`"), "{found:?}");
}

#[test]
fn a_set_for_another_workspace_is_refused_unless_told() {
    let wrong = "0".repeat(64);
    let set = patch_set(&wrong);
    let found = faults(WORKSPACE, &[(&set, Some("m100"))]);
    let (line, column) = place(&set, &format!("\"{wrong}"));
    assert!(found[0].starts_with(&format!("patch0:{line}:{column}: error[E0603]")), "{found:?}");
    assert!(found[0].contains(&wrong) && found[0].contains(&workspace_digest()), "{found:?}");
    let loaded = patched(WORKSPACE, &[(&set, Some("m100"))], true).unwrap();
    assert!(loaded.notes[0].contains("ignored as asked"), "{:?}", loaded.notes);
    let md5 = patch_set("x").replace("sha256", "sha1");
    assert!(faults(WORKSPACE, &[(&md5, Some("m100"))])[0].contains("`sha1`, which is not known"));
}

#[test]
fn faults_in_a_patch_of_a_set_are_placed_in_its_file() {
    let set = patch_set(&workspace_digest()).replace("[3.0, 4.0]", "[3.0, null]");
    let (line, column) = place(&set, "null]");
    let found = faults(WORKSPACE, &[(&set, Some("m200"))]);
    assert!(found[0].starts_with(&format!("patch0:{line}:{column}: error[E0203]")), "{found:?}");
    // The other patch is sound, and not touched by it.
    patched(WORKSPACE, &[(&set, Some("m100"))], false).unwrap();
}

#[test]
fn bad_sets_are_refused_as_pyhf_does() {
    let good = patch_set(&workspace_digest());
    let cases = [
        ("m200\"", "m100\"", "patches 0 and 1 are both called `m100`"),
        ("[200.0, \"Gbb\"]", "[100, \"Gtt\"]", "patches 0 and 1 both have the values 100,Gtt"),
        ("[200.0, \"Gbb\"]", "[200.0]", "patch `m200` has 1 value for 2 labels"),
        ("[200.0, \"Gbb\"]", "[200.0, {\"a\": 1}]", "values[1]"),
        ("\"version\": \"1.0.0\"", "\"version\": \"2\"", "`version` is `2`, expected `1.0.0`"),
        (",\n  \"version\": \"1.0.0\"", "", "`version` is missing"),
        ("\"labels\"", "\"lables\"", "`labels` is missing"),
    ];
    for (old, new, message) in cases {
        assert!(good.contains(old), "{old}");
        let found = faults(WORKSPACE, &[(&good.replace(old, new), Some("m100"))]);
        assert!(found.iter().any(|fault| fault.contains(message)), "{message}: {found:#?}");
    }
}

#[test]
fn things_in_the_wrong_place_are_named() {
    let found = faults(SIGNAL, &[]);
    assert!(found[0].contains("the file is a JSON Patch, expected an analysis or a workspace"), "{found:?}");
    let found = faults(WORKSPACE, &[(WORKSPACE, None)]);
    assert!(
        found[0].contains("the file is a pyhf workspace, expected a JSON Patch or a patch set"),
        "{found:?}"
    );
    let found = faults(SIGNAL, &[(SIGNAL, None)]);
    assert!(found[0].starts_with("ws:1:1: error[E0106]"), "{found:?}");
    let found = faults(&WORKSPACE.replace("\"version\"", "\"channels\""), &[(SIGNAL, None)]);
    assert!(found[0].contains("E0105") && found[0].starts_with("ws:9:3"), "{found:?}");
}

#[test]
fn digests_are_pyhfs() {
    // Computed with pyhf 0.7.6: pyhf.utils.digest(json.load(file)), sha256 and md5.
    let weird = r#"{"é\u0001\"": [1e16,1e-5,123456789012345678,0.1,-0.0,1E5,1e22,5e-324,2.5e-7,100000000000000000.0],
        "b":"\u2028/\\\t\u007f😀", "a":true}"#;
    let weird: Value = serde_json::from_str(weird).unwrap();
    let digest = "8c284ccf12314fa61b63a39a650f473c04228d4decf776855c14c8460d4b24a7";
    assert_eq!(pyhf_digest(&weird, "sha256").as_deref(), Some(digest), "{}", dumps(&weird));
    let Some(dir) = common::shared_workspaces() else { return };
    let known = [
        (
            "pyhf-fixtures/tests/test_patchset/example_bkgonly.json",
            "7c32ca3b8db75cbafcf5cd7ed4672fa2b1fa69e391c9b89068dd947a521866ec",
            "202eb7615102c35ba86be47eb6fa5e78",
        ),
        (
            "1lbb.json",
            "7db4783c99c3451d40b9777e2edc9de2a3b71a25671aa56b6003cebdb566b50c",
            "47fa68e9590358e69bc5d2f174c1325b",
        ),
        (
            "ttbar-xsec.json",
            "e1bd1687a355c36b3ce862dd7d4d885ea927e4d96612ca8d4ef07d1b677d08b3",
            "0b5e3fc2f2833a536b935a2d2fb18276",
        ),
        (
            "susy-2018-31-A.json",
            "fc0e4ee0dbb62456514e2cf86f795952a355578eb58378acc90882550789275e",
            "e378ec257ecd30028140dbbc29a85986",
        ),
        (
            "3L-RJ-500.json",
            "10b84ed248b50f7767bc4d04ef9c109218725a6e52d95ca53336bdd962758db4",
            "842a8320d5d70ddca61ee0e6392f0ced",
        ),
    ];
    for (file, sha256, md5) in known {
        let value: Value = serde_json::from_str(&std::fs::read_to_string(dir.join(file)).unwrap()).unwrap();
        assert_eq!(pyhf_digest(&value, "sha256").as_deref(), Some(sha256), "{file}");
        assert_eq!(pyhf_digest(&value, "md5").as_deref(), Some(md5), "{file}");
    }
}

#[test]
fn pyhfs_own_example_works() {
    let Some(dir) = common::shared_workspaces() else { return };
    let dir = dir.join("pyhf-fixtures/tests/test_patchset");
    let text = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    let (workspace, set) = (text("example_bkgonly.json"), text("example_patchset.json"));
    for name in [None, Some("patch_channel1_signal_syst1"), Some("0")] {
        let loaded = patched(&workspace, &[(&set, name)], false).unwrap();
        let modifier = &loaded.analysis.workspace.channels[0].samples[0].modifiers[0];
        assert!(matches!(modifier.kind, ModifierKind::NormSys { lo: 0.8, hi: 1.2, .. }), "{modifier:?}");
    }
    for (file, message) in [
        ("patchset_bad_duplicate_patch_name.json", "both called `Gtt_2100_5000_800`"),
        ("patchset_bad_duplicate_patch_values.json", "both have the values 2100,800"),
        ("patchset_bad_wrong_values_multiplicity.json", "has 3 values for 2 labels"),
        ("patchset_bad_wrong_valuetype.json", "values[1]"),
    ] {
        let found = faults(&workspace, &[(&text(file), Some("Gtt_2100_5000_800"))]);
        assert!(found.iter().any(|fault| fault.contains(message)), "{file}: {found:#?}");
    }
    // Sound sets for a workspace that does not exist: told by the digest, and then by the path.
    let found = faults(&workspace, &[(&text("patchset_good_2_patches.json"), Some("2200,800"))]);
    assert!(found[0].contains("error[E0603]"), "{found:?}");
    let set = text("patchset_good_stringvalues.json");
    let found = patched(&workspace, &[(&set, Some("2100, 800, Gbb"))], true).unwrap_err();
    assert!(found[0].message.contains("operation 0 (add /foo/0/bar): there is no `/foo`"), "{found:?}");
}
