//! Names of columns, wherever a spec has them, and expressions over columns: of generated events everything is known, of files what
//! their heads say.

use indexmap::IndexMap;
use zstat_core::diag::{Code, Fault};
use zstat_core::formula::{Expression, Kind};
use zstat_core::source::pointer::escape;
use zstat_core::text::nearest;

use super::heads::{Head, common};
use super::parts::{Built, BuiltLoss};
use super::samples::Made;
use super::{ProcessSpec, TrainSpec};
use crate::table::{Recipe, RecipeFault, RecipeFaults};

/// What names of columns are held against.
pub(super) struct Columns<'a> {
    pub processes: &'a IndexMap<String, ProcessSpec>,
    /// By process.
    pub heads: &'a [Option<Vec<Head>>],
    pub train: Option<&'a TrainSpec>,
    pub built: Option<&'a Built>,
}

impl Columns<'_> {
    /// Finds what is wrong; each message once, however many processes have it.
    pub fn check(&self, made: &Made, faults: &mut Vec<Fault>) {
        let none = IndexMap::new();
        let derive = self.train.map_or(&none, |train| &train.derive);
        let mut all = Faults(faults);
        if let Err(found) = Recipe::parse(derive, None) {
            all.recipe(found, "");
        }
        for ((name, process), heads) in self.processes.iter().zip(self.heads) {
            let at = format!("/events/{}", escape(name));
            let heads = heads.as_deref().unwrap_or_default();
            if let Some(text) = &process.weight {
                let weight = format!("{at}/weight");
                for column in all.number(text, &weight) {
                    all.known(&column, (name, heads), &IndexMap::new(), &weight, "");
                }
            }
            if let Err(found) = Recipe::parse(&none, process.select.as_deref()) {
                all.recipe(found, &at);
                continue;
            }
            let Ok(recipe) = Recipe::parse(derive, process.select.as_deref()) else { continue };
            for head in heads {
                if let Err(found) = recipe.check(&head.columns) {
                    all.recipe(found, &at);
                }
            }
            self.of_train((name, heads), derive, &mut all);
        }
        self.variations(made, &mut all);
        self.features(&mut all);
    }

    /// Columns that `train` names. Processes that no sample is of are other events of a variation, and are scored as well.
    fn of_train(&self, of: (&String, &[Head]), derive: &IndexMap<String, String>, all: &mut Faults<'_>) {
        let Some(train) = self.train else { return };
        for (i, feature) in train.features.iter().flatten().enumerate() {
            all.known(feature, of, derive, &format!("/train/features/{i}"), "");
        }
        if of.1.iter().any(|head| head.file.is_some()) {
            for (i, key) in train.split.key.iter().enumerate() {
                all.known(key, of, &IndexMap::new(), &format!("/train/split/key/{i}"), "");
            }
        }
        for BuiltLoss { at, spec, loss } in self.built.iter().flat_map(|built| &built.losses) {
            for column in loss.columns() {
                let what = format!("the loss `{}` reads the column `{column}`: ", spec.name);
                all.known(&column, of, derive, at, &what);
            }
        }
    }

    /// Columns that `vary` names.
    fn variations(&self, made: &Made, all: &mut Faults<'_>) {
        for sample in &made.samples {
            for variation in &sample.variations {
                let at = format!(
                    "/workspace/channels/{}/samples/{}/modifiers/{}/vary",
                    made.channel, sample.index, variation.index
                );
                // Of the short form, what is wrong with +1 is wrong with its opposite.
                let is_short = variation.is_short;
                for effect in variation.effects.iter().skip(usize::from(is_short)) {
                    let other = effect.events.as_ref().and_then(|name| self.processes.get_index_of(name));
                    let process = other.unwrap_or(sample.process);
                    let used = match &effect.reweight {
                        None => Vec::new(),
                        Some(text) => all.number(text, &at),
                    };
                    let Some((name, _)) = self.processes.get_index(process) else { continue };
                    let heads = self.heads[process].as_deref().unwrap_or_default();
                    for column in effect.shift.keys().chain(effect.scale.keys()).chain(&used) {
                        all.known(column, (name, heads), &IndexMap::new(), &at, "");
                    }
                }
            }
        }
    }

    /// The list of features, and whether the scorer takes them.
    fn features(&self, all: &mut Faults<'_>) {
        let (Some(train), Some(built)) = (self.train, self.built) else { return };
        let features = match &train.features {
            Some(named) => {
                let twice = named.iter().enumerate().filter(|(i, name)| named[..*i].contains(name));
                let twice: Vec<_> = twice.collect();
                for (i, name) in &twice {
                    let message = format!("the feature `{name}` is listed twice");
                    let fault = Fault::new(Code::DuplicateName, format!("/train/features/{i}"), message);
                    all.put(fault.help("keep one: the second tells the scorer nothing"));
                }
                if !twice.is_empty() {
                    return;
                }
                named.clone()
            }
            None => {
                let Some(mut columns) = common(self.heads) else { return };
                if self.processes.values().all(|process| process.files.is_some()) {
                    let message = "`features` is missing: of files it must be said which columns are scored";
                    let fault = Fault::new(Code::MissingKey, "/train", message);
                    all.put(fault.help(format!("all files have {}", listed(&columns))));
                    return;
                }
                columns.extend(train.derive.keys().cloned());
                columns
            }
        };
        let (Some((_, scorer)), Some(summary)) = (&built.scorer, &built.summary) else { return };
        if let Err(error) = scorer.check(&features, summary.outputs()) {
            all.put(Fault::new(Code::OutOfRange, "/train/network", error.to_string()));
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
            Ok(expression) if expression.kind() == Kind::Number => {
                expression.used().iter().map(|used| used.name.clone()).collect()
            }
            Ok(_) => {
                let message = format!("`{text}` is a condition, and a number is needed");
                let help = format!("write `where({text}, 1, 0)`, or `select` the events");
                self.put(Fault::new(Code::BadFormula, at, message).help(help));
                Vec::new()
            }
            Err(fault) => {
                let message = format!("`{text}`: {}, {}", fault.message, fault.place(text));
                self.put(Fault::new(Code::BadFormula, at, message));
                Vec::new()
            }
        }
    }

    /// Whether all events of a process have a column, or it is derived; `what` asks for it.
    fn known(
        &mut self,
        column: &str,
        (process, heads): (&String, &[Head]),
        derive: &IndexMap<String, String>,
        at: &str,
        what: &str,
    ) {
        if derive.contains_key(column) {
            return;
        }
        let mut without = heads.iter().filter(|head| !head.columns.iter().any(|known| known == column));
        let Some(first) = without.next() else { return };
        let others = match without.count() {
            0 => String::new(),
            n => format!(" (and {n} more of its files)"),
        };
        let message = match &first.file {
            None => format!("{what}events of process `{process}` have no column `{column}`"),
            Some(file) => {
                format!("{what}the file `{file}` of process `{process}` has no column `{column}`{others}")
            }
        };
        let fault = Fault::new(Code::UnknownName, at, message);
        let known: Vec<String> = first.columns.iter().chain(derive.keys()).cloned().collect();
        let near = nearest(column, known.iter().map(String::as_str));
        self.put(match (near, no_names(first)) {
            (_, Some(help)) => fault.help(help),
            (Some(near), _) => fault.help(format!("did you mean `{near}`?")),
            (None, _) => fault.help(format!("there are {}", listed(&known))),
        });
    }
}

/// What to do where the names of a file's columns look as if they were none.
fn no_names(head: &Head) -> Option<String> {
    head.file.as_ref()?;
    let numbers = head.columns.iter().all(|name| name.parse::<f64>().is_ok());
    match head.columns.as_slice() {
        [only] if only.contains([',', ';', '\t', '|']) => Some(format!(
            "the file's only column is `{only}`: say what stands between columns, `reader: {{type: csv, delimiter: semicolon}}`"
        )),
        [_, ..] if numbers => Some(
            "the file's first line holds numbers and no names: name the columns, `reader: {type: csv, columns: [...]}`"
                .to_owned(),
        ),
        _ => None,
    }
}

/// The first names of a list.
fn listed(names: &[String]) -> String {
    const MOST: usize = 40;
    match names.len() {
        0 => "none".to_owned(),
        n if n > MOST => format!("{} and {} more", names[..MOST].join(", "), n - MOST),
        _ => names.join(", "),
    }
}
