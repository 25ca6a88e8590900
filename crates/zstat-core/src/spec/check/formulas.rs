//! Formula parameters: text that can be read, names that exist, no circles; and what only formulas use.

use std::collections::BTreeMap;

use super::Uses;
use super::uses::is_vector;
use crate::diag::{Code, Fault};
use crate::formula::{Formula, FormulaFault};
use crate::source::pointer;
use crate::spec::scope::Settings;
use crate::spec::{BuildOptions, ParameterSpec, Workspace};
use crate::text::nearest;

/// Formulas of formulas of formulas: far beyond any use, and safe to follow.
const MAX_CHAIN: usize = 200;

pub(super) fn check(workspace: &Workspace, uses: &Uses<'_>, options: &BuildOptions, faults: &mut Vec<Fault>) {
    let mut found: Vec<Fault> = Vec::new();
    for settings in Settings::all(workspace) {
        let formulas = settings.formulas();
        if formulas.is_empty() {
            continue;
        }
        let scope = Scope { settings, uses, parsed: parse(&settings, &formulas, &mut found) };
        for (name, _) in &formulas {
            scope.formula(name, &mut found);
        }
        scope.declared(&mut found);
        scope.circles(&mut found);
        let (poi, at) = settings.poi();
        let listed = settings.poi_is_list();
        let place = |i: usize| if listed { format!("{at}/{i}") } else { at.clone() };
        scope.poi(poi, place, &mut found);
    }
    if let Some(poi) = &options.poi {
        let settings = Settings::of(workspace, options);
        let scope = Scope { settings, uses, parsed: BTreeMap::new() };
        scope.poi(poi, |_| "/poi".to_owned(), &mut found);
    }
    // What stands in the workspace's own settings was seen once a measurement.
    for fault in found {
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }
}

fn parse<'w>(
    settings: &Settings<'w>,
    formulas: &[(&'w str, &'w str)],
    faults: &mut Vec<Fault>,
) -> BTreeMap<&'w str, Formula> {
    let mut parsed = BTreeMap::new();
    for &(name, text) in formulas {
        match Formula::parse(text) {
            Ok(formula) => {
                parsed.insert(name, formula);
            }
            Err(fault) => faults.push(unreadable(name, text, fault, settings)),
        }
    }
    parsed
}

fn unreadable(name: &str, text: &str, fault: FormulaFault, settings: &Settings<'_>) -> Fault {
    let message = format!("the formula of `{name}`, {}: {}", fault.place(text), fault.message);
    let out = Fault::new(Code::BadFormula, field(settings, name, "formula"), message);
    match fault.help {
        Some(help) => out.help(help),
        None => out,
    }
}

/// JSON pointer of a field of a setting.
fn field(settings: &Settings<'_>, name: &str, field: &str) -> String {
    settings.get(name).map_or_else(String::new, |(_, at)| pointer::join(&at, field))
}

/// One measurement's settings.
struct Scope<'w> {
    settings: Settings<'w>,
    uses: &'w Uses<'w>,
    parsed: BTreeMap<&'w str, Formula>,
}

impl Scope<'_> {
    fn setting(&self, name: &str) -> Option<&ParameterSpec> {
        self.settings.get(name).map(|(setting, _)| setting)
    }

    fn is_formula(&self, name: &str) -> bool {
        self.setting(name).is_some_and(|setting| setting.formula.is_some())
    }

    fn formula(&self, name: &str, faults: &mut Vec<Fault>) {
        self.nothing_else(name, faults);
        for one in self.uses.get(name) {
            if is_vector(&one.modifier.kind) {
                let message = format!(
                    "`{name}` has one parameter a bin ({}), a formula has one value",
                    one.modifier.kind.name()
                );
                faults.push(
                    Fault::new(Code::BadFormula, field(&self.settings, name, "formula"), message)
                        .help("a formula can drive a normfactor, lumi, normsys or histosys"),
                );
                break;
            }
            if one.modifier.constraint.is_some() {
                let message = format!("{} has a constraint, and its parameter is a formula", one.who());
                faults.push(
                    Fault::new(Code::BadFormula, one.pointer("constraint"), message)
                        .at_key()
                        .help("constrain the parameters that the formula uses"),
                );
            }
        }
        let names = self.parsed.get(name).map_or(&[][..], Formula::names);
        for argument in names {
            if !self.uses.is_one(argument) && !self.is_formula(argument) {
                faults.push(self.unknown(name, argument));
            }
        }
    }

    /// A formula stands in place of a parameter: start value, bounds and so on have no meaning.
    fn nothing_else(&self, name: &str, faults: &mut Vec<Fault>) {
        let Some(setting) = self.setting(name) else { return };
        let given = [
            ("init", setting.init.is_some()),
            ("bounds", setting.bounds.is_some()),
            ("fixed", setting.fixed.is_some()),
            ("aux", setting.aux.is_some()),
            ("constraint", setting.constraint.is_some()),
        ];
        for (key, _) in given.into_iter().filter(|(_, given)| *given) {
            let message = format!("`{name}` is a formula, which has no `{key}` of its own");
            faults.push(
                Fault::new(Code::BadFormula, field(&self.settings, name, key), message)
                    .at_key()
                    .help("remove it; settings belong to the parameters that the formula uses"),
            );
        }
    }

    fn unknown(&self, name: &str, argument: &str) -> Fault {
        let at = field(&self.settings, name, "formula");
        if let Some(count) = self.uses.components(argument) {
            let message = format!("the formula of `{name}` uses `{argument}`, which has {count} components");
            let help = format!("name one: `{argument}[0]` … `{argument}[{}]`", count.saturating_sub(1));
            return Fault::new(Code::BadFormula, at, message).help(help);
        }
        if let Some((base, count)) = self.uses.beyond(argument) {
            let message =
                format!("the formula of `{name}` uses `{argument}`, and `{base}` has {count} components");
            let help = format!("they are `{base}[0]` … `{base}[{}]`", count.saturating_sub(1));
            return Fault::new(Code::BadFormula, at, message).help(help);
        }
        let message = format!("the formula of `{name}` uses `{argument}`, which is no parameter");
        let settings = self.settings.names();
        let known = self.uses.names().chain(settings).filter(|known| *known != name);
        let help = match nearest(argument, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("if no modifier has it, declare it: `parameters: {{{argument}: {{init: 1}}}}`"),
        };
        Fault::new(Code::UnknownName, at, message).help(help)
    }

    /// Parameters that only formulas use have no modifier to give them a start value.
    fn declared(&self, faults: &mut Vec<Fault>) {
        for argument in self.settings.arguments() {
            let Some((setting, at)) = self.settings.get(&argument) else { continue };
            if setting.init.is_none() && self.uses.is_declared(&argument) && setting.formula.is_none() {
                let message =
                    format!("the parameter `{argument}` is used by formulas only and has no `init`");
                faults.push(
                    Fault::new(Code::MissingSetting, at, message)
                        .help("give its start value; without `bounds` it may go anywhere"),
                );
            }
        }
    }

    /// A formula that depends on itself, each circle once.
    fn circles(&self, faults: &mut Vec<Fault>) {
        let mut done: Vec<&str> = Vec::new();
        for &name in self.parsed.keys() {
            let mut path = Vec::new();
            self.follow(name, &mut path, &mut done, faults);
        }
    }

    fn follow<'s>(
        &'s self,
        name: &'s str,
        path: &mut Vec<&'s str>,
        done: &mut Vec<&'s str>,
        faults: &mut Vec<Fault>,
    ) {
        if let Some(start) = path.iter().position(|other| *other == name) {
            let circle: Vec<String> =
                path[start..].iter().chain([&name]).map(|name| format!("`{name}`")).collect();
            let message = if circle.len() == 2 {
                format!("the formula of `{name}` uses `{name}` itself")
            } else {
                format!("formulas go in a circle: {}", circle.join(" uses "))
            };
            faults.push(
                Fault::new(Code::BadFormula, field(&self.settings, name, "formula"), message)
                    .help("one of them must be a parameter, with an `init` in place of its formula"),
            );
            return;
        }
        if path.len() == MAX_CHAIN {
            let message =
                format!("more than {MAX_CHAIN} formulas use one another in a chain, down to `{name}`");
            faults.push(
                Fault::new(Code::Limit, field(&self.settings, name, "formula"), message)
                    .help("write several steps as one formula"),
            );
            done.push(name);
            return;
        }
        let (false, Some(formula)) = (done.contains(&name), self.parsed.get(name)) else { return };
        path.push(name);
        for argument in formula.names() {
            self.follow(argument, path, done, faults);
        }
        path.pop();
        done.push(name);
    }

    fn poi(&self, names: &[String], place: impl Fn(usize) -> String, faults: &mut Vec<Fault>) {
        for (i, name) in names.iter().enumerate().filter(|(_, name)| self.is_formula(name)) {
            let message = format!("the parameter of interest `{name}` is a formula");
            faults.push(
                Fault::new(Code::BadPoi, place(i), message).help(
                    "choose a parameter that it uses; the fit reports its value and uncertainty as well",
                ),
            );
        }
    }
}
