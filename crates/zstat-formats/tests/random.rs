//! Random workspaces survive every format; random text is refused, never panicked on.

#![allow(clippy::unwrap_used)] // a test fails by panicking

use indexmap::IndexMap;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use zstat_core::source::Document;
use zstat_core::spec::{
    Analysis, Channel, ConstraintSpec, HistoSysCode, Measurement, Modifier, ModifierKind, NormSysCode,
    OneOrMany, ParameterSpec, Sample, Workspace,
};
use zstat_formats::{Format, Input, PatchInput, detect, digest, pyhf, read};

/// Names with everything that YAML, JSON and JSON pointers give a meaning to.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,6}",
        "[ -~]{0,8}",
        "\\PC{1,5}",
        Just("null".to_owned()),
        Just("1e5".to_owned()),
        Just("a/b~c[0]".to_owned()),
        any::<String>(),
    ]
}

/// Any finite number, bit patterns included.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        (-1000i32..1000).prop_map(f64::from),
        -1e3..1e3,
        any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |x| x.is_finite()),
    ]
}

fn numbers() -> impl Strategy<Value = Vec<f64>> {
    vec(number(), 1..5)
}

fn one_or_many() -> impl Strategy<Value = OneOrMany<f64>> {
    prop_oneof![number().prop_map(OneOrMany::One), vec(number(), 2..4).prop_map(OneOrMany::Many)]
}

fn constraint() -> impl Strategy<Value = ConstraintSpec> {
    prop_oneof![
        Just(ConstraintSpec::None),
        one_or_many().prop_map(|sigma| ConstraintSpec::Normal { sigma }),
        one_or_many().prop_map(|tau| ConstraintSpec::Poisson { tau }),
        one_or_many().prop_map(|kappa| ConstraintSpec::Lognormal { kappa }),
    ]
}

fn kind(codes: bool) -> impl Strategy<Value = ModifierKind> {
    let normsys_code = move |on: bool| (on && codes).then_some(NormSysCode::Code1);
    let histosys_code = move |on: bool| (on && codes).then_some(HistoSysCode::Code2Pyhf);
    prop_oneof![
        Just(ModifierKind::NormFactor),
        Just(ModifierKind::Lumi),
        Just(ModifierKind::ShapeFactor),
        (number(), number(), any::<bool>()).prop_map(move |(lo, hi, on)| ModifierKind::NormSys {
            lo,
            hi,
            interpolation: normsys_code(on)
        }),
        (numbers(), numbers(), any::<bool>()).prop_map(move |(lo, hi, on)| ModifierKind::HistoSys {
            lo,
            hi,
            interpolation: histosys_code(on)
        }),
        numbers().prop_map(|errors| ModifierKind::ShapeSys { errors }),
        numbers().prop_map(|errors| ModifierKind::StatError { errors }),
    ]
}

/// `native`: with what pyhf has no word for.
fn channels(native: bool) -> impl Strategy<Value = Vec<Channel>> {
    let modifier =
        (name(), kind(native), option::of(constraint())).prop_map(move |(name, kind, constraint)| Modifier {
            name,
            kind,
            constraint: constraint.filter(|_| native),
            vary: None,
        });
    let sample = (name(), numbers(), vec(modifier, 0..4)).prop_map(|(name, data, modifiers)| Sample {
        name,
        data,
        events: None,
        modifiers,
    });
    let channel = (name(), vec(sample, 1..4)).prop_map(|(name, samples)| Channel { name, samples });
    vec(channel, 1..4)
}

fn parameter() -> impl Strategy<Value = ParameterSpec> {
    let pair = || (number(), number()).prop_map(|(a, b)| [a, b]);
    let bounds = prop_oneof![pair().prop_map(OneOrMany::One), vec(pair(), 2..3).prop_map(OneOrMany::Many)];
    let fixed = prop_oneof![
        any::<bool>().prop_map(OneOrMany::One),
        vec(any::<bool>(), 2..4).prop_map(OneOrMany::Many)
    ];
    (
        option::of(one_or_many()),
        option::of(bounds),
        option::of(fixed),
        option::of(one_or_many()),
        option::of(constraint()),
        option::weighted(0.2, prop::sample::select(vec!["mu * kappa^2", "`a b` - 1", "exp(x)"])),
    )
        .prop_map(|(init, bounds, fixed, aux, constraint, formula)| ParameterSpec {
            init,
            bounds,
            fixed,
            aux,
            constraint,
            formula: formula.map(str::to_owned),
        })
}

fn parameters() -> impl Strategy<Value = IndexMap<String, ParameterSpec>> {
    vec((name(), parameter()), 0..4).prop_map(|entries| entries.into_iter().collect())
}

fn workspace() -> impl Strategy<Value = Workspace> {
    let poi = || {
        option::of(prop_oneof![name().prop_map(OneOrMany::One), vec(name(), 0..3).prop_map(OneOrMany::Many)])
    };
    let measurement = (name(), poi(), parameters()).prop_map(|(name, poi, parameters)| Measurement {
        name,
        poi,
        parameters,
    });
    let observations = vec((name(), numbers()), 0..4).prop_map(|entries| entries.into_iter().collect());
    (channels(true), observations, poi(), parameters(), vec(measurement, 0..3)).prop_map(
        |(channels, observations, poi, parameters, measurements)| Workspace {
            channels,
            observations,
            poi,
            parameters,
            constraints: vec![],
            measurements,
        },
    )
}

/// Settings and parameters of interest that nothing uses do not survive: here all are used.
fn with_all_names_used(mut workspace: Workspace) -> Workspace {
    let settings = |parameters: &IndexMap<String, ParameterSpec>, poi: &Option<OneOrMany<String>>| {
        let poi = poi.iter().flat_map(|poi| poi.as_slice().to_vec());
        parameters.keys().cloned().chain(poi).collect::<Vec<_>>()
    };
    let mut names = settings(&workspace.parameters, &workspace.poi);
    names.extend(workspace.measurements.iter().flat_map(|m| settings(&m.parameters, &m.poi)));
    let modifiers = names
        .into_iter()
        .map(|name| Modifier { name, kind: ModifierKind::NormFactor, constraint: None, vary: None })
        .collect();
    let sample = Sample { name: "user".into(), data: vec![1.0], events: None, modifiers };
    workspace.channels.push(Channel { name: "user".into(), samples: vec![sample] });
    workspace
}

fn load(text: &str) -> Result<Analysis, String> {
    let document = Document::new("f", text.to_owned());
    let input = Input { document: &document, patches: &[], ignore_digests: false };
    read(&input).map(|loaded| loaded.analysis).map_err(|faults| format!("{faults:#?}\n{text}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, rng_seed: proptest::test_runner::RngSeed::Fixed(21), ..ProptestConfig::default() })]

    #[test]
    fn native_formats_bring_everything_back(workspace in workspace()) {
        let analysis = Analysis { zstat: 1, workspace: with_all_names_used(workspace), ..Default::default() };
        for format in [Format::Native, Format::NativeJson] {
            let written = format.write(&analysis).unwrap();
            prop_assert_eq!(written.losses, vec![]);
            let text = written.text;
            let back = load(&text).map_err(TestCaseError::fail)?;
            prop_assert_eq!(&back, &analysis, "{}", text);
            prop_assert_eq!(digest(&back.workspace), digest(&analysis.workspace));
        }
    }

    #[test]
    fn pyhf_brings_back_what_it_can_hold(channels in channels(false), observations in vec(("[a-z]{3}", numbers()), 1..3)) {
        let measurements = vec![Measurement { name: "m".into(), ..Default::default() }];
        let observations = observations.into_iter().collect();
        let mut workspace = Workspace { channels, observations, measurements, ..Default::default() };
        let written = Format::Pyhf.write(&Analysis { workspace: workspace.clone(), ..Default::default() }).unwrap();
        let back = load(&written.text).map_err(TestCaseError::fail)?;
        // A luminosity gets pyhf's default width when it is read.
        workspace.measurements[0].parameters = back.workspace.measurements[0].parameters.clone();
        prop_assert_eq!(back.workspace, workspace);
    }

    #[test]
    fn text_never_panics(text in prop_oneof![any::<String>(), "[\\[\\]{}\":,a-z0-9 \n.-]{0,60}"]) {
        let _ = detect(&text);
        let _ = load(&text);
    }

    #[test]
    fn damaged_workspaces_and_patches_never_panic(at in 0..600usize, what in "[\\[\\]{}\":,0-9a~/-]{0,3}", remove in 0..4usize) {
        let damage = |text: &str| {
            let mut chars: Vec<char> = text.chars().collect();
            let at = at % chars.len();
            let end = (at + remove).min(chars.len());
            chars.splice(at..end, what.chars());
            chars.into_iter().collect::<String>()
        };
        for (workspace, patch) in [(damage(WORKSPACE), PATCH.to_owned()), (WORKSPACE.to_owned(), damage(PATCH)), (WORKSPACE.to_owned(), damage(SET))] {
            let _ = load(&workspace);
            let (document, patch) = (Document::new("w", workspace), Document::new("p", patch));
            for name in [None, Some("a")] {
                let patches = [PatchInput { document: &patch, name }];
                let _ = read(&Input { document: &document, patches: &patches, ignore_digests: true });
            }
        }
    }
}

const WORKSPACE: &str = r#"{"channels": [{"name": "SR", "samples": [{"name": "b", "data": [5.0, 6.0], "modifiers": [
    {"name": "k", "type": "histosys", "data": {"lo_data": [1, 2], "hi_data": [3, 4]}}]}]}],
    "observations": [{"name": "SR", "data": [5, 6]}],
    "measurements": [{"name": "m", "config": {"poi": "", "parameters": [{"name": "k", "inits": [0]}]}}], "version": "1.0.0"}"#;

const PATCH: &str = r#"[{"op": "add", "path": "/channels/0/samples/-", "value": {"name": "s", "data": [1, 2], "modifiers": []}},
    {"op": "move", "from": "/channels/0/samples/1", "path": "/channels/0/samples/0"},
    {"op": "copy", "from": "/channels/0/samples/0/data", "path": "/observations/0/data"},
    {"op": "test", "path": "/version", "value": "1.0.0"}, {"op": "remove", "path": "/channels/0/samples/1/modifiers/0"}]"#;

const SET: &str = r#"{"metadata": {"labels": ["x"], "digests": {"md5": "0"}}, "version": "1.0.0", "patches": [
    {"metadata": {"name": "a", "values": [1]}, "patch": [{"op": "replace", "path": "/channels/0/name", "value": "CR"}]}]}"#;

#[test]
fn the_undamaged_texts_work() {
    let document = Document::new("w", WORKSPACE.to_owned());
    for text in [PATCH, SET] {
        let patch = Document::new("p", text.to_owned());
        let patches = [PatchInput { document: &patch, name: None }];
        read(&Input { document: &document, patches: &patches, ignore_digests: true }).unwrap();
    }
    serde_json::from_str::<pyhf::Workspace>(WORKSPACE).unwrap();
}
