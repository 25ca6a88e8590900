//! Files of events, read and scored one after the other.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use zstat_core::formula::Expression;
use zstat_core::table::{EventReader, TableFault, TableFaults, missing};
use zstat_core::text::{glob_matches, is_glob};
use zstat_train::apply::{Applier, ApplyFault, Plan, Prepared, Scored};
use zstat_train::spec::ProcessSpec;
use zstat_train::table::{ReaderFault, reader};

use super::apply::Choice;
use super::apply_run::TrainedRun;
use crate::failure::{Failure, OptionFault, known_names};
use crate::input;

/// Scored events of one file.
pub struct FileOfEvents {
    /// The file, as given.
    pub file: PathBuf,
    /// Its events that are selected.
    pub events: Prepared,
    /// Their scores.
    pub scored: Scored,
}

/// Files whose heads fit.
pub struct Heads<'f> {
    files: &'f [PathBuf],
    process: Option<&'f ProcessSpec>,
    plan: Plan,
    /// Columns that are copied into the result.
    pub copied: Vec<String>,
}

impl<'f> Heads<'f> {
    /// Looks at the columns of all files.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn read(
        run: &TrainedRun,
        files: &'f [PathBuf],
        choice: &Choice<'f>,
    ) -> Result<Self, Vec<OptionFault>> {
        let mut faults = twice(files);
        let columns: Vec<Option<Vec<String>>> = files
            .iter()
            .map(|file| {
                input::remember(file);
                let found = reader_of(choice.process, file).and_then(|reader| Ok(reader.columns(file)?));
                found.map_err(|fault| faults.extend(of_file(file, fault, run, choice.process))).ok()
            })
            .collect();
        let derive = &run.training.train.derive;
        let first = columns.iter().flatten().next();
        let known: Vec<String> = first.into_iter().flatten().chain(derive.keys()).cloned().collect();
        let copied = match choice.keep {
            true => first.cloned().unwrap_or_default(),
            false => named(choice.columns, &known, first.is_some(), &mut faults),
        };
        let reserved = |name: &str| {
            let numbered = name.strip_prefix("score_").or_else(|| name.strip_prefix("raw_"));
            matches!(name, "file" | "row" | "bin" | "summary_bin" | "score" | "raw")
                || numbered.is_some_and(|rest| rest.parse::<usize>().is_ok())
        };
        for name in copied.iter().filter(|name| reserved(name)) {
            let option = if choice.keep { "--keep" } else { "--columns" };
            let found = if choice.keep { "" } else { name };
            let message = format!("the result has a column `{name}` of its own");
            faults.push(
                OptionFault::new(option, found, message)
                    .help("name the other columns by --columns, or rename this one in the file"),
            );
        }
        let wanted: Vec<String> = run.record.features.iter().chain(&copied).cloned().collect();
        let plan = match Plan::new(derive, choice.select.as_deref(), choice.weight, &wanted) {
            Ok(plan) => plan,
            Err(found) => {
                faults.extend(found.into_iter().flat_map(ApplyFault::each).map(of_text));
                return Err(faults);
            }
        };
        let asked = Asked::of(choice, derive, &run.record.features);
        faults.extend(asked.iter().filter_map(|asked| asked.missing(files, &columns)));
        let mut needs = plan.needs();
        needs.retain(|need| asked.iter().all(|asked| asked.column != *need));
        for (file, columns) in files.iter().zip(&columns) {
            let fault = columns.as_ref().and_then(|columns| missing(&needs, columns));
            faults.extend(fault.map(|fault| of_table(file, &fault, run, choice.process)));
        }
        if faults.is_empty() {
            Ok(Self { files, process: choice.process, plan, copied })
        } else {
            Err(faults)
        }
    }

    /// Reads and scores all files. `each` is told which begins.
    ///
    /// # Errors
    /// What is wrong with the events of each.
    pub fn score(
        &self,
        run: &TrainedRun,
        applier: &mut Applier<'_>,
        each: &mut dyn FnMut(usize, &Path),
    ) -> Result<Vec<FileOfEvents>, Failure> {
        let mut faults = Vec::new();
        let mut all = Vec::new();
        for (at, file) in self.files.iter().enumerate() {
            each(at, file);
            let read =
                reader_of(self.process, file).and_then(|reader| Ok(reader.read(file, &self.plan.needs())?));
            let table = match read {
                Ok(table) => table,
                Err(fault) => {
                    faults.extend(of_file(file, fault, run, self.process));
                    continue;
                }
            };
            let scored = self.plan.prepare(table).and_then(|events| {
                let scored = applier.score(&events)?;
                Ok((events, scored))
            });
            match scored {
                Ok((events, scored)) => all.push(FileOfEvents { file: file.clone(), events, scored }),
                Err(fault) => faults.extend(fault.each().into_iter().map(|fault| {
                    OptionFault::new("FILE", file.display().to_string(), fault.to_string())
                        .help("leave such events out of the file, or by --select")
                })),
            }
        }
        if faults.is_empty() { Ok(all) } else { Err(Failure::Options(faults)) }
    }
}

/// How a file is read: as those of the process, else by its ending.
fn reader_of(process: Option<&ProcessSpec>, file: &Path) -> Result<Box<dyn EventReader>, ReaderFault> {
    match process {
        Some(process) => process.reader_of(file),
        None => reader(file, None, serde_json::Value::Null),
    }
}

/// A column that an option names and no score needs.
struct Asked {
    option: &'static str,
    /// The option's value.
    text: String,
    column: String,
}

impl Asked {
    /// All of them; what is derived is left out.
    fn of(choice: &Choice<'_>, derive: &IndexMap<String, String>, features: &[String]) -> Vec<Self> {
        let scored = Plan::new(derive, None, None, features).map(|plan| plan.needs()).unwrap_or_default();
        let names = choice.columns.iter().filter(|name| !is_glob(name));
        let mut all: Vec<(&'static str, &str, String)> =
            names.map(|name| ("--columns", name.as_str(), name.clone())).collect();
        if let Some((text, weight)) =
            choice.weight.and_then(|text| Some((text, Expression::parse(text).ok()?)))
        {
            all.extend(weight.used().iter().map(|used| ("--weight", text, used.name.clone())));
        }
        all.into_iter()
            .filter(|(.., column)| !scored.contains(column) && !derive.contains_key(column))
            .map(|(option, text, column)| Self { option, text: text.to_owned(), column })
            .collect()
    }

    /// What is wrong where files do not have it.
    fn missing(&self, files: &[PathBuf], columns: &[Option<Vec<String>>]) -> Option<OptionFault> {
        let known = files.iter().zip(columns).filter_map(|(file, columns)| Some((file, columns.as_ref()?)));
        let mut without = known.filter(|(_, columns)| !columns.contains(&self.column));
        let (file, columns) = without.next()?;
        let others = match without.count() {
            0 => String::new(),
            n => format!(" (and {n} more)"),
        };
        let message = format!("the file {}{others} has no column `{}`", file.display(), self.column);
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let fault = OptionFault::new(self.option, &*self.text, message);
        Some(fault.help(known_names(&self.column, &columns)))
    }
}

/// Files that are given more than once: their events would count twice.
fn twice(files: &[PathBuf]) -> Vec<OptionFault> {
    let place = |file: &PathBuf| file.canonicalize().unwrap_or_else(|_| file.clone());
    let places: Vec<PathBuf> = files.iter().map(place).collect();
    let again = files.iter().enumerate().filter(|(at, _)| places[..*at].contains(&places[*at]));
    let fault = |file: &PathBuf| {
        OptionFault::new("FILE", file.display().to_string(), "is given twice")
            .help("its events would be counted twice")
    };
    again.map(|(_, file)| fault(file)).collect()
}

/// Columns that `--columns` names, each once; globs look at those that are `known`.
fn named(texts: &[String], known: &[String], are_known: bool, faults: &mut Vec<OptionFault>) -> Vec<String> {
    let mut copied: Vec<String> = Vec::new();
    for text in texts {
        let found: Vec<&String> = match is_glob(text) {
            false => vec![text],
            true => known.iter().filter(|name| glob_matches(text, name)).collect(),
        };
        if found.is_empty() && are_known {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let mut fault = OptionFault::unknown("--columns", text, "column", &known);
            fault.message = format!("no column matches `{text}`");
            faults.push(fault);
        }
        for name in found {
            if !copied.contains(name) {
                copied.push(name.clone());
            }
        }
    }
    copied
}

fn of_text(fault: ApplyFault) -> OptionFault {
    let option = match fault {
        ApplyFault::WeightText { .. } | ApplyFault::WeightKind { .. } => "--weight",
        _ => "--select",
    };
    OptionFault::new(option, "", fault.to_string())
}

/// What is wrong with a file, one by one.
fn of_file(
    file: &Path,
    fault: ReaderFault,
    run: &TrainedRun,
    process: Option<&ProcessSpec>,
) -> Vec<OptionFault> {
    let name = file.display().to_string();
    match fault {
        ReaderFault::Table(TableFaults { faults, .. }) => {
            faults.iter().map(|fault| of_table(file, fault, run, process)).collect()
        }
        other => {
            let text = other.to_string();
            let text = text.strip_prefix(&format!("{name}: ")).unwrap_or(&text).to_owned();
            vec![OptionFault::new("FILE", name, text)]
        }
    }
}

fn of_table(file: &Path, fault: &TableFault, run: &TrainedRun, process: Option<&ProcessSpec>) -> OptionFault {
    let line = fault.line().map(|line| format!(":{line}")).unwrap_or_default();
    let found = OptionFault::new("FILE", format!("{}{line}", file.display()), fault.to_string());
    let TableFault::Missing { known, .. } = fault else { return found };
    let features = run.record.features.join(", ");
    // A process whose files are read in another way than by their ending.
    let mut with_reader = run.training.processes.iter().filter(|(_, process)| process.reader.is_some());
    found.help(match with_reader.next().filter(|_| process.is_none()) {
        Some((name, _)) => format!(
            "--process {name} reads the file as those of the training were, by its `reader`; otherwise rename the columns: it scored {features}"
        ),
        None if known.len() > 1 && known.iter().all(|name| name.parse::<f64>().is_ok()) => format!(
            "the file's first line holds numbers and no names: write one with names, among them those that the training scored, {features}"
        ),
        None => format!("rename the columns of the file as in the training; it scored {features}"),
    })
}
