//! Settings of parameters: for parameters that exist, of the right length, and in range.

use super::{Uses, bins, entries, shown};
use crate::diag::{Code, Fault};
use crate::source::pointer;
use crate::spec::{
    BuildOptions, ConstraintSpec, Dialect, Measurement, ModifierKind, OneOrMany, ParameterSpec, Workspace,
};
use crate::text::nearest;

pub(super) fn check(workspace: &Workspace, uses: &Uses<'_>, options: &BuildOptions, faults: &mut Vec<Fault>) {
    let sections = std::iter::once(("/parameters".to_owned(), &workspace.parameters)).chain(
        workspace
            .measurements
            .iter()
            .enumerate()
            .map(|(i, m)| (format!("/measurements/{i}/parameters"), &m.parameters)),
    );
    let mut strangers = 0;
    for (at, settings) in sections {
        for (name, setting) in settings {
            let at = pointer::join(&at, name);
            if setting.formula.is_some() {
                continue; // all of `formulas`' business
            }
            if !uses.is_known(name) {
                if !options.allow_absent {
                    strangers += 1;
                    faults.push(unknown(name, &at, uses, strangers <= bins::ADVISED));
                }
                continue;
            }
            let in_block = workspace.constraints.iter().any(|block| block.names(name));
            Setting { name, setting, at, uses, options, in_block }.check(faults);
        }
    }
    luminosity(workspace, uses, faults);
}

/// The nearest known name is looked for if `advised`.
fn unknown(name: &str, at: &str, uses: &Uses<'_>, advised: bool) -> Fault {
    let message = format!("settings for the parameter `{name}`, which no modifier uses");
    let near = advised.then(|| nearest(name, uses.names())).flatten();
    let help = match (uses.component_of(name), near) {
        (Some((base, _)), _) => {
            format!("settings belong to `{base}` as a whole: give a list with one entry a bin")
        }
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) if uses.has_formulas() => "remove them, or use it in a modifier or a formula".to_owned(),
        (None, None) => "remove them, or add the modifier".to_owned(),
    };
    Fault::new(Code::UnknownName, at, message).at_key().help(help)
}

/// One entry of `parameters`.
struct Setting<'a> {
    name: &'a str,
    setting: &'a ParameterSpec,
    at: String,
    uses: &'a Uses<'a>,
    options: &'a BuildOptions,
    /// A correlated constraint holds it, or one of its components.
    in_block: bool,
}

impl Setting<'_> {
    fn check(&self, faults: &mut Vec<Fault>) {
        let setting = self.setting;
        if let Some(init) = &setting.init {
            self.length(init, "init", faults);
            self.numbers(init, "init", faults);
        }
        if let Some(aux) = &setting.aux {
            self.length(aux, "aux", faults);
            self.numbers(aux, "aux", faults);
            self.aux(aux, faults);
        }
        if let Some(fixed) = &setting.fixed {
            self.length(fixed, "fixed", faults);
        }
        if let Some(bounds) = &setting.bounds {
            self.length(bounds, "bounds", faults);
            self.bounds(bounds, faults);
        }
        self.init_in_bounds(faults);
        if let Some(constraint) = &setting.constraint {
            let at = format!("{}/constraint", self.at);
            let who = format!("parameter `{}`", self.name);
            faults.extend(constraint_faults(self.name, constraint, &at, &who, self.uses, self.options));
        }
    }

    fn fault(&self, code: Code, field: &str, message: String) -> Fault {
        Fault::new(code, format!("{}/{field}", self.at), format!("parameter `{}`: {message}", self.name))
    }

    fn length<T>(&self, values: &OneOrMany<T>, field: &str, faults: &mut Vec<Fault>) {
        let components = self.uses.components(self.name).unwrap_or(1);
        let OneOrMany::Many(values) = values else { return };
        if values.len() == components || values.len() == 1 {
            return;
        }
        let message = format!("`{field}` has {}, expected {}", entries(values.len()), expected(components));
        faults.push(self.fault(Code::SettingLength, field, message).help(if components == 1 {
            "it is a single parameter: write one value"
        } else {
            "give one value for all bins, or a list with one a bin"
        }));
    }

    fn numbers(&self, values: &OneOrMany<f64>, field: &str, faults: &mut Vec<Fault>) {
        for (i, &value) in values.as_slice().iter().enumerate() {
            let at = || format!("{}/{field}{}", self.at, index(values, i));
            faults.extend(bins::number(value, || (at(), format!("parameter `{}`: `{field}`", self.name))));
        }
    }

    fn bounds(&self, bounds: &OneOrMany<[f64; 2]>, faults: &mut Vec<Fault>) {
        for (i, &[lower, upper]) in bounds.as_slice().iter().enumerate() {
            let at = format!("bounds{}", index(bounds, i));
            if lower.is_nan() || upper.is_nan() {
                faults.push(self.fault(Code::NotFinite, &at, "a bound is not a number".into()));
            } else if lower >= upper {
                let message = format!("the bounds [{}, {}] leave no room", shown(lower), shown(upper));
                let help = if lower > upper {
                    "write the lower bound first"
                } else {
                    "to hold a parameter, write `fixed: true`"
                };
                faults.push(self.fault(Code::ParameterSetting, &at, message).help(help));
            }
        }
    }

    /// The start value that results against the bounds that result, from settings and defaults.
    fn init_in_bounds(&self, faults: &mut Vec<Fault>) {
        let setting = self.setting;
        let first = self.uses.get(self.name).first();
        let defaults = first.and_then(|first| defaults(&first.modifier.kind, setting, self.options));
        let count = self.uses.components(self.name).unwrap_or(1);
        for i in 0..count {
            let init = setting.init.as_ref().and_then(|all| pick(all, i)).or(defaults.map(|(init, _)| init));
            let bounds =
                setting.bounds.as_ref().and_then(|all| pick(all, i)).or(defaults.map(|(_, bounds)| bounds));
            let (Some(init), Some([lower, upper])) = (init, bounds) else { continue };
            if lower >= upper || (lower <= init && init <= upper) || !init.is_finite() {
                continue;
            }
            let range = format!("[{}, {}]", shown(lower), shown(upper));
            let (field, message, help) = match (&setting.init, &setting.bounds) {
                (Some(all), Some(_)) => {
                    let message = format!("the start value {} is outside the bounds {range}", shown(init));
                    (format!("init{}", index(all, i)), message, "move one of the two")
                }
                (Some(all), None) => {
                    let message =
                        format!("the start value {} is outside the default bounds {range}", shown(init));
                    (format!("init{}", index(all, i)), message, "give `bounds` as well")
                }
                _ => {
                    let message =
                        format!("the default start value {} is outside the bounds {range}", shown(init));
                    ("bounds".to_owned(), message, "give `init` as well")
                }
            };
            faults.push(self.fault(Code::ParameterSetting, &field, message).help(help));
            return;
        }
    }

    fn aux(&self, aux: &OneOrMany<f64>, faults: &mut Vec<Fault>) {
        let first = self.uses.get(self.name).first();
        let shorthand = self.uses.get(self.name).iter().find_map(|one| one.modifier.constraint.as_ref());
        let kind = match self.setting.constraint.as_ref().or(shorthand) {
            Some(ConstraintSpec::None) => "none",
            Some(ConstraintSpec::Poisson { .. }) => "poisson",
            Some(ConstraintSpec::Lognormal { .. }) => "lognormal",
            Some(ConstraintSpec::Normal { .. }) => "normal",
            None if self.in_block => "normal",
            None => match first.map(|first| &first.modifier.kind) {
                None | Some(ModifierKind::NormFactor | ModifierKind::ShapeFactor) => "none",
                Some(ModifierKind::ShapeSys { .. }) => "poisson",
                Some(_) => "normal",
            },
        };
        if kind == "none" {
            let message = "`aux` is the measurement of a constraint, and it has none".to_owned();
            faults.push(
                self.fault(Code::ParameterSetting, "aux", message).help("remove it, or give a `constraint`"),
            );
            return;
        }
        let wrong = |value: f64| match kind {
            "poisson" => value < 0.0,
            "lognormal" => value <= 0.0,
            _ => false,
        };
        if let Some((i, &value)) = aux.as_slice().iter().enumerate().find(|(_, value)| wrong(**value)) {
            let expected = if kind == "poisson" { "zero or more events" } else { "more than zero" };
            let message = format!("`aux` is {}, a {kind} constraint expects {expected}", shown(value));
            faults.push(self.fault(Code::ParameterSetting, &format!("aux{}", index(aux, i)), message));
        }
    }
}

fn expected(components: usize) -> String {
    if components == 1 { "one".to_owned() } else { format!("one or {components}, one a bin") }
}

/// "/3" for the fourth of many, "" for the only one.
fn index<T>(values: &OneOrMany<T>, i: usize) -> String {
    match values {
        OneOrMany::One(_) => String::new(),
        OneOrMany::Many(_) => format!("/{i}"),
    }
}

fn pick<T: Copy>(values: &OneOrMany<T>, i: usize) -> Option<T> {
    match values.as_slice() {
        [only] => Some(*only),
        many => many.get(i).copied(),
    }
}

/// Start value and bounds without a setting; none where they depend on more than the kind.
fn defaults(kind: &ModifierKind, setting: &ParameterSpec, options: &BuildOptions) -> Option<(f64, [f64; 2])> {
    Some(match (kind, options.dialect) {
        (ModifierKind::NormFactor, _) => (1.0, [0.0, 10.0]),
        (ModifierKind::NormSys { .. } | ModifierKind::HistoSys { .. }, _) => (0.0, [-5.0, 5.0]),
        (ModifierKind::Lumi, _) => {
            let nominal = setting.aux.as_ref().and_then(|aux| pick(aux, 0)).unwrap_or(1.0);
            (nominal, [0.0, 10.0 * nominal])
        }
        (ModifierKind::ShapeFactor, Dialect::Pyhf) => (1.0, [0.0, 10.0]),
        (ModifierKind::ShapeFactor, Dialect::Root) => (1.0, [0.0, 1000.0]),
        (ModifierKind::ShapeSys { .. } | ModifierKind::StatError { .. }, Dialect::Pyhf) => {
            (1.0, [1e-10, 10.0])
        }
        // ROOT's upper bound is 1 + 5σ of the bin.
        (ModifierKind::ShapeSys { .. } | ModifierKind::StatError { .. }, Dialect::Root) => return None,
    })
}

/// What is wrong with a constraint: its width, its length, or the values that its parameter takes.
pub(super) fn constraint_faults(
    name: &str,
    constraint: &ConstraintSpec,
    at: &str,
    who: &str,
    uses: &Uses<'_>,
    _options: &BuildOptions,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    let (kind, field, values, least) = match constraint {
        ConstraintSpec::None => return faults,
        ConstraintSpec::Normal { sigma } => ("normal", "sigma", sigma, 0.0),
        ConstraintSpec::Poisson { tau } => ("poisson", "tau", tau, 0.0),
        ConstraintSpec::Lognormal { kappa } => ("lognormal", "kappa", kappa, 1.0),
    };
    let at = format!("{at}/{kind}/{field}");
    let components = uses.components(name).unwrap_or(1);
    if values.as_slice().len() != 1 && values.as_slice().len() != components {
        let message = format!(
            "{who}: `{field}` has {}, expected {}",
            entries(values.as_slice().len()),
            expected(components)
        );
        faults.push(Fault::new(Code::SettingLength, &at, message));
    }
    for (i, &value) in values.as_slice().iter().enumerate() {
        let at = format!("{at}{}", index(values, i));
        let what = format!("{who}: `{field}`");
        if let Some(fault) = bins::number(value, || (at.clone(), what.clone())) {
            faults.push(fault);
        } else if value <= least {
            let message = format!("{what} is {}, expected more than {}", shown(value), shown(least));
            let help = match kind {
                "lognormal" => "kappa is a factor: write 1.1 for an uncertainty of 10 %",
                _ => "to hold a parameter, write `fixed: true`; to free it, `constraint: none`",
            };
            faults.push(Fault::new(Code::ParameterSetting, at, message).help(help));
        }
    }
    faults
}

/// Whether two constraints mean the same; a list of equal widths is the same as one.
pub(super) fn same_constraint(a: &ConstraintSpec, b: &ConstraintSpec) -> bool {
    let same = |a: &OneOrMany<f64>, b: &OneOrMany<f64>| {
        let (a, b) = (a.as_slice(), b.as_slice());
        let count = a.len().max(b.len());
        let at = |values: &[f64], i: usize| {
            if values.len() == 1 { values.first().copied() } else { values.get(i).copied() }
        };
        (0..count).all(|i| at(a, i) == at(b, i))
    };
    match (a, b) {
        (ConstraintSpec::None, ConstraintSpec::None) => true,
        (ConstraintSpec::Normal { sigma: a }, ConstraintSpec::Normal { sigma: b }) => same(a, b),
        (ConstraintSpec::Poisson { tau: a }, ConstraintSpec::Poisson { tau: b }) => same(a, b),
        (ConstraintSpec::Lognormal { kappa: a }, ConstraintSpec::Lognormal { kappa: b }) => same(a, b),
        _ => false,
    }
}

/// The luminosity has no default: every measurement needs its value and its width.
fn luminosity(workspace: &Workspace, uses: &Uses<'_>, faults: &mut Vec<Fault>) {
    for (name, of_name) in uses.iter() {
        let Some(first) = of_name.iter().find(|one| matches!(one.modifier.kind, ModifierKind::Lumi)) else {
            continue;
        };
        let shorthand = of_name.iter().any(|one| one.modifier.constraint.is_some());
        let missing = |measurement: Option<&Measurement>| {
            let setting =
                measurement.and_then(|m| m.parameters.get(name)).or_else(|| workspace.parameters.get(name));
            let value = setting.is_some_and(|s| s.aux.is_some() || s.init.is_some());
            let width = shorthand || setting.is_some_and(|s| s.constraint.is_some());
            match (value, width) {
                (true, true) => None,
                (false, false) => Some("neither value nor uncertainty"),
                (false, true) => Some("no value (`aux`)"),
                (true, false) => Some("no uncertainty (`constraint`)"),
            }
        };
        let mut report = |what: &str, at: String, of: String| {
            let message = format!("the luminosity `{name}` of {} has {what}{of}", first.of_sample());
            faults.push(Fault::new(Code::MissingSetting, at, message).help(format!(
                "write `parameters: {{{name}: {{aux: 1.0, constraint: {{normal: {{sigma: 0.017}}}}}}}}` with your measured values"
            )));
        };
        if workspace.measurements.is_empty()
            && let Some(what) = missing(None)
        {
            let has = workspace.parameters.contains_key(name);
            let at = if has { pointer::join("/parameters", name) } else { first.pointer("") };
            report(what, at, String::new());
        }
        for (i, measurement) in workspace.measurements.iter().enumerate() {
            if let Some(what) = missing(Some(measurement)) {
                let base = format!("/measurements/{i}");
                let has = measurement.parameters.contains_key(name);
                let at = if has { pointer::join(&format!("{base}/parameters"), name) } else { base };
                report(what, at, format!(" in measurement `{}`", measurement.name));
            }
        }
    }
}
