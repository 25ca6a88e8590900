//! No text panics, every fault has a place in the text, and the schema agrees with the types.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};
use zstat_core::diag::{Code, Fault, Severity, resolve};
use zstat_core::fit::{Curvature, Fitter, Objective};
use zstat_core::likelihood::Nll;
use zstat_core::model::Model;
use zstat_core::plugin::Registry;
use zstat_core::source::{Document, Native, Node, parse, parse_with, schema, walk};
use zstat_core::spec::{self, Analysis, BuildOptions, Modifier, Workspace};

const YAML: &str = r#"# a comment
zstat: 1
name: "quoted: é \" text"
dialect: root
interpolation: {normsys: code1}
staterror: {constraint: poisson, threshold: 0.05}
workspace:
  channels:
    - name: SR
      samples:
        - name: signal
          data: &nominal [5.0, 12.0, 6.0]
          modifiers:
            - {name: mu, type: normfactor}
            - {name: lumi, type: lumi}
            - {name: acceptance, type: normsys, lo: 0.93, hi: 1.08, constraint: {normal: {sigma: 2}}}
        - name: 'background'
          data: *nominal
          modifiers:
            - &jes {name: jes, type: histosys, lo: [47.0, 39.0, 21.5], hi: [54.0, 40.5, 18.0]}
            - {<<: *jes, interpolation: code2}
            - {name: mc_stat, type: staterror, errors: [2.0, 1.8, 1.2]}
            - {name: shape, type: shapefactor}
            - name: own
              type: shapesys
              errors: [.5, 1e-1, +1]
  observations: {SR: [68, 62, 33]}
  poi: [mu]
  parameters:
    mu: {init: 1, bounds: [0, 10]}
    lumi: {aux: 1.0, constraint: {normal: {sigma: 0.02}}}
    mc_stat: {init: [1, 1, 1], bounds: [[0, 2], [0, 2], [0, 2]], fixed: [true, false, false]}
  constraints:
    - {parameters: [acceptance, jes], correlation: [[1, 0.5], [0.5, 1]]}
  measurements:
    - {name: main, poi: mu, parameters: {mu: {fixed: true}}}
fit: {fitter: {type: newton, tolerance: 1.0e-9}, minos: ["mu", "j*"], multi_start: 3}
"#;

fn yaml_as_json() -> Value {
    let analysis: Analysis = parse(&Document::new("good", YAML.to_owned())).expect("the good spec");
    serde_json::to_value(analysis).expect("JSON")
}

/// Everything that is done to a file before a model is built.
fn run(bytes: Vec<u8>) -> Vec<Fault> {
    let document = match Document::from_bytes("f", bytes) {
        Ok(document) => document,
        Err(diagnostic) => {
            assert!(diagnostic.line > 0 && diagnostic.column > 0);
            return vec![];
        }
    };
    let fitters = Registry::<dyn Fitter>::load("fitter").expect("no fitters");
    let native = document.tree().map_or(Native::Analysis, Native::of);
    let options = BuildOptions::default();
    let faults = match native {
        Native::Analysis => {
            match parse_with::<Analysis>(&document, || spec::schema(&fitters, spec::Sections::default())) {
                Ok(analysis) => {
                    let mut faults = spec::check_analysis(&analysis, &fitters);
                    faults.extend(spec::check(&analysis.workspace, &options));
                    faults.extend(spec::lint(&analysis.workspace, &options));
                    faults
                }
                Err(faults) => {
                    assert!(!faults.is_empty(), "refused without a reason");
                    faults
                }
            }
        }
        Native::Workspace => match parse::<Workspace>(&document) {
            Ok(workspace) => spec::check(&workspace, &options),
            Err(faults) => {
                assert!(!faults.is_empty(), "refused without a reason");
                faults
            }
        },
    };
    for one in resolve(&document, &native, &faults) {
        let marked = document.text().get(one.bytes.clone());
        assert!(marked.is_some(), "{one:?} is not in the text");
        assert!(marked.is_some_and(|text| !text.contains('\n')), "{one:?} runs over lines");
        assert!(one.line > 0 && one.column > 0 && !one.message.is_empty());
        assert!(!one.message.ends_with('.'), "{one}");
    }
    faults
}

#[test]
fn the_good_spec_is_good() {
    let faults = run(YAML.as_bytes().to_vec());
    // The fitter is not linked here, and lint finds odd what is there for the sake of the test.
    let errors = faults.iter().filter(|fault| fault.severity() == Severity::Error);
    let codes: Vec<Code> = errors.map(|fault| fault.code).collect();
    assert_eq!(codes, [Code::UnknownPlugin], "{faults:#?}");
    assert!(walk_analysis(&yaml_as_json()).is_empty());
}

/// One edit of a text.
#[derive(Debug, Clone)]
enum Edit {
    Delete(usize, usize),
    Insert(usize, &'static str),
    Copy(usize, usize, usize),
    Cut(usize),
    Byte(usize, u8),
}

fn edit() -> impl Strategy<Value = Edit> {
    const BITS: &[&str] = &[
        "[", "]", "{", "}", ":", ": ", ",", "\"", "'", "\n", "\t", "- ", "#", "&a ", "*a", "*nominal",
        "<<: ", "!x ", "|", ">", "~", "?", "%", "@", "`", "\\", "\0", "\u{feff}", "é", "😀", "1e400", ".nan",
        "-", "---\n", "...\n", "NaN", "null", "\r\n", " ", "0x1", "1_0", "\u{85}", "\u{2028}",
    ];
    prop_oneof![
        (any::<usize>(), 0..40usize).prop_map(|(at, length)| Edit::Delete(at, length)),
        (any::<usize>(), prop::sample::select(BITS)).prop_map(|(at, bit)| Edit::Insert(at, bit)),
        (any::<usize>(), any::<usize>(), 0..60usize)
            .prop_map(|(from, to, length)| Edit::Copy(from, to, length)),
        any::<usize>().prop_map(Edit::Cut),
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Edit::Byte(at, byte)),
    ]
}

fn apply(bytes: &mut Vec<u8>, edit: &Edit) {
    let n = bytes.len().max(1);
    match *edit {
        Edit::Delete(at, length) => {
            let at = (at % n).min(bytes.len());
            bytes.drain(at..(at + length).min(bytes.len()));
        }
        Edit::Insert(at, bit) => {
            let at = (at % n).min(bytes.len());
            bytes.splice(at..at, bit.bytes());
        }
        Edit::Copy(from, to, length) => {
            let (from, to) = ((from % n).min(bytes.len()), (to % n).min(bytes.len()));
            let part = bytes[from..(from + length).min(bytes.len())].to_vec();
            bytes.splice(to..to, part);
        }
        Edit::Cut(at) => bytes.truncate(at % n),
        Edit::Byte(at, byte) => {
            if let Some(old) = bytes.get_mut(at % n) {
                *old = byte;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, rng_seed: RngSeed::Fixed(20), ..ProptestConfig::default() })]

    #[test]
    fn no_yaml_panics(edits in prop::collection::vec(edit(), 1..6)) {
        let mut bytes = YAML.as_bytes().to_vec();
        edits.iter().for_each(|edit| apply(&mut bytes, edit));
        run(bytes);
    }

    #[test]
    fn no_json_panics(edits in prop::collection::vec(edit(), 1..6), bare in any::<bool>()) {
        let json = yaml_as_json();
        let json = if bare { &json["workspace"] } else { &json };
        let mut bytes = format!("{json:#}").into_bytes();
        edits.iter().for_each(|edit| apply(&mut bytes, edit));
        run(bytes);
    }

    #[test]
    fn no_noise_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        run(bytes);
    }

    /// The types and the schema accept the same documents: what one refuses, the other explains.
    #[test]
    fn schema_and_types_agree(changes in prop::collection::vec(change(), 1..3)) {
        let mut value = yaml_as_json();
        changes.iter().for_each(|change| change.apply(&mut value));
        let typed = serde_json::from_value::<Analysis>(value.clone());
        let faults = walk_analysis(&value);
        // Ranges are the schema's alone, but for the range of an unsigned number, which the type has, too.
        let (structure, all) = (faults.iter().filter(|fault| !is_range(fault)).count(), faults.len());
        match typed {
            Ok(_) => prop_assert_eq!(structure, 0, "{:#?}", faults),
            Err(error) => prop_assert!(all > 0, "{}", error),
        }
        // The slow reading explains; it never has to fall back on the reader's own words.
        if let Err(faults) = parse::<Analysis>(&Document::new("f", value.to_string())) {
            prop_assert!(faults.iter().all(|fault| fault.code != Code::Unreadable), "{:#?}", faults);
        }
    }

    #[test]
    fn modifiers_survive_and_fit_their_schema(modifier in modifier()) {
        let value = serde_json::to_value(&modifier).expect("JSON");
        let again: Modifier = serde_json::from_value(value.clone()).expect("readable");
        prop_assert_eq!(&again, &modifier);
        let faults = walk(&Node::from_json(&value), &schema::of::<Modifier>(), "");
        prop_assert!(faults.is_empty(), "{:#?}", faults);
    }
}

/// Against the types' own schema: no plugin is linked here. Ranges are checked by `spec::check`, not by the types.
fn walk_analysis(value: &Value) -> Vec<Fault> {
    walk(&Node::from_json(value), &schema::of::<Analysis>(), "")
}

fn is_range(fault: &Fault) -> bool {
    fault.code == Code::OutOfRange && !fault.pointer.contains("bounds")
}

/// One change of a document's structure at the n-th place.
#[derive(Debug, Clone)]
enum Change {
    Remove(usize),
    Replace(usize, Value),
    Rename(usize, String),
    Add(usize, String, Value),
}

fn change() -> impl Strategy<Value = Change> {
    let values = || {
        prop::sample::select(vec![
            json!(null),
            json!(true),
            json!(3),
            json!(-2),
            json!(0.5),
            json!("x"),
            json!("normal"),
            json!("none"),
            json!("code4"),
            json!("lumi"),
            json!([]),
            json!([1]),
            json!([1, 2]),
            json!(["a"]),
            json!([[0, 1]]),
            json!({}),
            json!({"sigma": 1}),
            json!({"normal": {"sigma": [1, 2]}}),
            json!({"normal": 1}),
            json!({"none": null}),
            json!({"name": "a", "type": "normfactor"}),
        ])
    };
    let keys = || {
        prop::sample::select(vec![
            "name",
            "type",
            "lo",
            "hi",
            "errors",
            "data",
            "interpolation",
            "constraint",
            "init",
            "zz",
        ])
        .prop_map(str::to_owned)
    };
    prop_oneof![
        any::<usize>().prop_map(Change::Remove),
        (any::<usize>(), values()).prop_map(|(at, value)| Change::Replace(at, value)),
        (any::<usize>(), keys()).prop_map(|(at, key)| Change::Rename(at, key)),
        (any::<usize>(), keys(), values()).prop_map(|(at, key, value)| Change::Add(at, key, value)),
    ]
}

impl Change {
    fn apply(&self, value: &mut Value) {
        let (Self::Remove(at) | Self::Replace(at, _) | Self::Rename(at, _) | Self::Add(at, ..)) = self;
        let mut places = Vec::new();
        collect(value, String::new(), &mut places);
        let place = &places[at % places.len()];
        match self {
            Self::Replace(_, new) => {
                if let Some(old) = value.pointer_mut(place) {
                    *old = new.clone();
                }
            }
            Self::Add(_, key, new) => {
                if let Some(Value::Object(map)) = value.pointer_mut(place) {
                    map.insert(key.clone(), new.clone());
                }
            }
            Self::Remove(_) | Self::Rename(..) => {
                let Some((parent, key)) = place.rsplit_once('/') else { return };
                match value.pointer_mut(parent) {
                    Some(Value::Object(map)) => {
                        if let (Some(old), Self::Rename(_, new)) = (map.shift_remove(key), self) {
                            map.insert(new.clone(), old);
                        }
                    }
                    Some(Value::Array(items)) => {
                        if let (Ok(index), Self::Remove(_)) = (key.parse::<usize>(), self) {
                            items.remove(index);
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

fn collect(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| collect(value, format!("{at}/{key}"), places))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, value)| collect(value, format!("{at}/{i}"), places));
        }
        _ => {}
    }
    places.push(at);
}

fn modifier() -> impl Strategy<Value = Modifier> {
    use zstat_core::spec::{ConstraintSpec, HistoSysCode, ModifierKind, NormSysCode, OneOrMany};
    let number = || -1e6..1e6f64;
    let list = || prop::collection::vec(-1e6..1e6f64, 0..5);
    let kind = prop_oneof![
        Just(ModifierKind::NormFactor),
        Just(ModifierKind::Lumi),
        Just(ModifierKind::ShapeFactor),
        (
            number(),
            number(),
            prop::option::of(prop::sample::select(vec![NormSysCode::Code1, NormSysCode::Code4]))
        )
            .prop_map(|(lo, hi, interpolation)| ModifierKind::NormSys { lo, hi, interpolation }),
        (
            list(),
            list(),
            prop::option::of(prop::sample::select(vec![
                HistoSysCode::Code0,
                HistoSysCode::Code2Pyhf,
                HistoSysCode::Code4p
            ]))
        )
            .prop_map(|(lo, hi, interpolation)| ModifierKind::HistoSys { lo, hi, interpolation }),
        list().prop_map(|errors| ModifierKind::ShapeSys { errors }),
        list().prop_map(|errors| ModifierKind::StatError { errors }),
    ];
    let constraint = prop_oneof![
        Just(ConstraintSpec::None),
        number().prop_map(|sigma| ConstraintSpec::Normal { sigma: OneOrMany::One(sigma) }),
        list().prop_map(|tau| ConstraintSpec::Poisson { tau: OneOrMany::Many(tau) }),
    ];
    ("[a-z0-9 é]{0,8}", kind, prop::option::of(constraint)).prop_map(|(name, kind, constraint)| Modifier {
        name,
        kind,
        constraint,
        vary: None,
    })
}

/// Value and gradient are finite here, the products of slopes in the Hessian are not: an error, not a matrix with holes.
#[test]
fn second_derivatives_that_overflow_are_an_error() {
    let text = r#"{
        "channels": [{"name": "SR", "samples": [{"name": "signal", "data": [5.0], "modifiers": [
            {"name": "scale", "type": "normfactor"}, {"name": "mu", "type": "normfactor"}]}]}],
        "observations": {"SR": [5]},
        "parameters": {"scale": {"formula": "1 + 1e160 * (x - 1)"}, "x": {"init": 1}}
    }"#;
    let workspace: Workspace = serde_json::from_str(text).expect("a workspace");
    let model = Model::build(&workspace, &BuildOptions::default()).expect("a model");
    let mut nll = Nll::new(&model, model.data(vec![5.0]));
    let theta = model.init();
    let mut gradient = vec![0.0; theta.len()];
    assert!(nll.gradient(&theta, &mut gradient).is_ok());
    let mut hessian = nll.new_hessian();
    for curvature in [Curvature::Exact, Curvature::Fisher] {
        let error = nll.hessian(&theta, curvature, &mut gradient, &mut hessian).expect_err("an overflow");
        assert!(error.to_string().contains("through a formula"), "{error}");
    }
}

/// The value is finite here; the logarithmic slope of a factor that is nearly zero is not.
#[test]
fn first_derivatives_that_overflow_are_an_error() {
    let text = r#"{
        "channels": [{"name": "SR", "samples": [
            {"name": "signal", "data": [5.0], "modifiers": [
                {"name": "scale", "type": "normfactor"}, {"name": "mu", "type": "normfactor"}]},
            {"name": "background", "data": [50.0], "modifiers": []}]}],
        "observations": {"SR": [53]},
        "parameters": {"scale": {"formula": "1.7976931348623157e308 ^ -mu"}}
    }"#;
    let workspace: Workspace = serde_json::from_str(text).expect("a workspace");
    let model = Model::build(&workspace, &BuildOptions::default()).expect("a model");
    let mut nll = Nll::new(&model, model.data(vec![53.0]));
    let theta = model.init();
    assert!(nll.value(&theta).is_ok());
    let error = nll.gradient(&theta, &mut vec![0.0; theta.len()]).expect_err("an overflow");
    assert_eq!(error.to_string(), "the derivative by parameter `mu` is not finite");
}
