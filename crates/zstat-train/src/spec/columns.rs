//! Expressions and names of columns, as far as they can be told without reading a file: of generated events everything is known.

use indexmap::IndexMap;
use zstat_core::diag::{Code, Fault};
use zstat_core::formula::Expression;
use zstat_core::source::pointer::escape;
use zstat_core::text::nearest;

use super::samples::Made;
use super::{ProcessSpec, TrainSpec};
use crate::events::Generator;
use crate::table::{Recipe, RecipeFault, RecipeFaults};

/// Finds what is wrong; each message once, however many processes have it.
pub(super) fn check(
    processes: &IndexMap<String, ProcessSpec>,
    train: Option<&TrainSpec>,
    made: &Made,
    faults: &mut Vec<Fault>,
) {
    let none = IndexMap::new();
    let derive = train.map_or(&none, |train| &train.derive);
    let mut all = Faults(faults);
    if let Err(found) = Recipe::parse(derive, None) {
        all.recipe(found, "");
    }
    for (name, process) in processes {
        let at = format!("/events/{}", escape(name));
        if let Some(text) = &process.weight {
            all.number(text, &format!("{at}/weight"));
        }
        if let Err(found) = Recipe::parse(&none, process.select.as_deref()) {
            all.recipe(found, &at);
            continue;
        }
        let Ok(Some(generator)) = Generator::of(process) else { continue };
        let Ok(recipe) = Recipe::parse(derive, process.select.as_deref()) else { continue };
        let known = generator.columns();
        if let Err(found) = recipe.check(known) {
            all.recipe(found, &at);
        }
        let features = train.and_then(|train| train.features.as_deref()).unwrap_or_default();
        let with_derived: Vec<&str> = known.iter().chain(derive.keys()).map(String::as_str).collect();
        // Processes that no sample is of are other events of a variation, and are scored as well.
        for (i, feature) in features.iter().enumerate() {
            all.known(feature, &with_derived, &format!("/train/features/{i}"), name);
        }
    }
    variations(processes, made, &mut all);
}

/// Columns that `vary` names.
fn variations(processes: &IndexMap<String, ProcessSpec>, made: &Made, all: &mut Faults<'_>) {
    for sample in &made.samples {
        for variation in &sample.variations {
            let at = format!(
                "/workspace/channels/{}/samples/{}/modifiers/{}/vary",
                made.channel, sample.index, variation.index
            );
            for effect in &variation.effects {
                let other = effect.events.as_ref().and_then(|name| processes.get_full(name));
                let process = other.or_else(|| processes.get_index(sample.process).map(|(n, p)| (0, n, p)));
                let used = match &effect.reweight {
                    None => Vec::new(),
                    Some(text) => all.number(text, &at),
                };
                let Some((_, name, process)) = process else { continue };
                let Ok(Some(generator)) = Generator::of(process) else { continue };
                let known: Vec<&str> = generator.columns().iter().map(String::as_str).collect();
                for column in effect.shift.keys().chain(effect.scale.keys()).chain(&used) {
                    all.known(column, &known, &at, name);
                }
            }
        }
    }
}

/// Faults, each once.
struct Faults<'f>(&'f mut Vec<Fault>);

impl Faults<'_> {
    fn put(&mut self, fault: Fault) {
        if !self.0.contains(&fault) {
            self.0.push(fault);
        }
    }

    /// Of a recipe; its selection stands under `process`.
    fn recipe(&mut self, found: RecipeFaults, process: &str) {
        for fault in found.0 {
            let (code, target) = match &fault {
                RecipeFault::Unknown { target, .. } => (Code::UnknownName, target.clone()),
                RecipeFault::Taken { name } => (Code::DuplicateName, Some(name.clone())),
                RecipeFault::Text { target, .. }
                | RecipeFault::Kind { target, .. }
                | RecipeFault::Row { target, .. } => (Code::BadFormula, target.clone()),
            };
            let at = match target {
                Some(name) => format!("/train/derive/{}", escape(&name)),
                None => format!("{process}/select"),
            };
            self.put(Fault::new(code, at, fault.to_string()));
        }
    }

    /// Names in an expression that gives numbers.
    fn number(&mut self, text: &str, at: &str) -> Vec<String> {
        match Expression::parse(text) {
            Ok(expression) => expression.used().iter().map(|used| used.name.clone()).collect(),
            Err(fault) => {
                let message = format!("`{text}`: {}, {}", fault.message, fault.place(text));
                self.put(Fault::new(Code::BadFormula, at, message));
                Vec::new()
            }
        }
    }

    fn known(&mut self, column: &str, known: &[&str], at: &str, process: &str) {
        if known.contains(&column) {
            return;
        }
        let message = format!("events of process `{process}` have no column `{column}`");
        let fault = Fault::new(Code::UnknownName, at, message);
        self.put(match nearest(column, known.iter().copied()) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault.help(format!("they have {}", known.join(", "))),
        });
    }
}
