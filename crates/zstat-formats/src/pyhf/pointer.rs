//! Places in zstat's layout → places in a pyhf file, so that a fault of the model points into the file the user has.

use zstat_core::spec::{ConstraintSpec, Modifier, ModifierKind, ParameterSpec, Workspace};

/// The place in the pyhf file that `pointer`, a JSON pointer into `workspace`, was read from.
///
/// `model` says that the file holds a model alone (channels and parameters, no measurements). A place that the file
/// does not have (a default, say) maps to the nearest one that it has.
pub fn to_pyhf_pointer(pointer: &str, workspace: &Workspace, model: bool) -> String {
    let tokens: Vec<String> = tokens(pointer);
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    match tokens[..] {
        ["channels", c, "samples", s, "modifiers", m, ref rest @ ..] => {
            let base = format!("/channels/{c}/samples/{s}/modifiers/{m}");
            base + &modifier_place(find_modifier(workspace, c, s, m), rest)
        }
        ["observations", channel, ref rest @ ..] => match workspace.observations.get_index_of(channel) {
            Some(i) => format!("/observations/{i}/data{}", join(rest)),
            None => "/observations".to_owned(),
        },
        ["parameters", name, ref rest @ ..] if model => {
            format!("/parameters{}", parameter_place(&workspace.parameters, name, rest))
        }
        ["poi" | "parameters", ..] if !model => measurement_place(workspace, 0, &tokens),
        ["measurements", m, ref rest @ ..] => match m.parse() {
            Ok(index) => measurement_place(workspace, index, rest),
            Err(_) => "/measurements".to_owned(),
        },
        ["poi" | "constraints", ..] => String::new(),
        _ => pointer.to_owned(),
    }
}

fn measurement_place(workspace: &Workspace, index: usize, rest: &[&str]) -> String {
    let Some(measurement) = workspace.measurements.get(index) else { return "/measurements".to_owned() };
    let base = format!("/measurements/{index}");
    match *rest {
        ["poi", ..] => base + "/config/poi",
        ["parameters", name, ref rest @ ..] => {
            base + "/config/parameters" + &parameter_place(&measurement.parameters, name, rest)
        }
        ["parameters"] => base + "/config/parameters",
        ["name"] => base + "/name",
        _ => base,
    }
}

fn parameter_place(
    parameters: &indexmap::IndexMap<String, ParameterSpec>,
    name: &str,
    rest: &[&str],
) -> String {
    let Some((index, _, settings)) = parameters.get_full(name) else { return String::new() };
    let (key, index_rest) = match *rest {
        ["init", ref rest @ ..] => ("inits", rest),
        ["bounds", ref rest @ ..] => ("bounds", rest),
        ["fixed", ..] => ("fixed", &[][..]),
        ["aux", ref rest @ ..] => ("auxdata", rest),
        ["constraint", ref rest @ ..] => match settings.constraint {
            Some(ConstraintSpec::Poisson { .. }) => ("factors", rest.get(2..).unwrap_or_default()),
            _ => ("sigmas", rest.get(2..).unwrap_or_default()),
        },
        _ => return format!("/{index}"),
    };
    // A scalar is a list of one entry in pyhf's layout; a pair of bounds stands one level deeper for the same reason.
    format!("/{index}/{key}{}", join(index_rest))
}

fn modifier_place(modifier: Option<&Modifier>, rest: &[&str]) -> String {
    let histosys = matches!(modifier.map(|m| &m.kind), Some(ModifierKind::HistoSys { .. }));
    match *rest {
        ["lo", ref rest @ ..] if histosys => format!("/data/lo_data{}", join(rest)),
        ["hi", ref rest @ ..] if histosys => format!("/data/hi_data{}", join(rest)),
        [key @ ("lo" | "hi"), ..] => format!("/data/{key}"),
        ["errors", ref rest @ ..] => format!("/data{}", join(rest)),
        ["interpolation" | "constraint", ..] => String::new(),
        _ => join(rest),
    }
}

fn find_modifier<'a>(workspace: &'a Workspace, c: &str, s: &str, m: &str) -> Option<&'a Modifier> {
    let channel = workspace.channels.get(c.parse::<usize>().ok()?)?;
    let sample = channel.samples.get(s.parse::<usize>().ok()?)?;
    sample.modifiers.get(m.parse::<usize>().ok()?)
}

/// The unescaped segments of a JSON pointer (RFC 6901).
pub(crate) fn tokens(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect()
}

/// Segments back to a JSON pointer.
pub(crate) fn join<T: AsRef<str>>(tokens: &[T]) -> String {
    tokens.iter().map(|token| format!("/{}", token.as_ref().replace('~', "~0").replace('/', "~1"))).collect()
}
