//! From options to a study: the session, the data, the minimiser, the parameters it is about.

use zstat_core::fit::Fitter;
use zstat_core::likelihood::Data;
use zstat_inference::{Inputs, TestStatistic};

use crate::args::StudyArgs;
use crate::failure::{Failure, OptionFault, known_names};
use crate::session::{self, Session};
use crate::start::Start;
use crate::{EXIT_DONE, EXIT_NOT_CONVERGED, fitter, select};

/// What a study is about.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// The model as a whole.
    Model,
    /// The first parameter of interest.
    Poi,
    /// All parameters of interest that are free, one at least.
    Pois,
    /// The parameters that `--parameter` names, one each; the first of interest where it is not given.
    Named(&'a [String]),
}

/// All that a study needs.
pub struct Prepared {
    /// Spec and model.
    pub session: Session,
    /// The data.
    pub data: Data,
    /// Start values, and what is fixed.
    pub start: Start,
    fitter: Box<dyn Fitter>,
    rescue: Box<dyn Fitter>,
    fitter_name: String,
    subjects: Vec<usize>,
}

impl Prepared {
    /// Reads the spec, and checks all options at once; `faults` are those found already.
    ///
    /// # Errors
    /// Where a document or an option is faulty.
    pub fn open(args: &StudyArgs, subject: Subject<'_>, faults: Vec<OptionFault>) -> Result<Self, Failure> {
        Self::open_with(args, subject, faults, |_, _, _| ()).map(|(prepared, ())| prepared)
    }

    /// The same, with `more` options that name parts of the model.
    ///
    /// # Errors
    /// As [`Prepared::open`].
    pub fn open_with<T>(
        args: &StudyArgs,
        subject: Subject<'_>,
        faults: Vec<OptionFault>,
        more: impl FnOnce(&Session, &Start, &mut Vec<OptionFault>) -> T,
    ) -> Result<(Self, T), Failure> {
        Self::of(Session::open(&args.model)?, args, subject, faults, more)
    }

    /// The same of a session that is open.
    ///
    /// # Errors
    /// As [`Prepared::open`].
    pub fn of<T>(
        session: Session,
        args: &StudyArgs,
        subject: Subject<'_>,
        mut faults: Vec<OptionFault>,
        more: impl FnOnce(&Session, &Start, &mut Vec<OptionFault>) -> T,
    ) -> Result<(Self, T), Failure> {
        let fitter = fitter::choose(&session, args.fitter.as_deref(), &mut faults)?;
        let session::Setup { data, mut start, unobserved } =
            session.setup(&args.data, &args.parameters, &mut faults)?;
        start.check_bounds(&session.model, &mut faults);
        start.warn_of_fixed(&session.model);
        session.require_data(&args.data, &unobserved, &mut faults);
        let subjects = match subject {
            Subject::Model => Vec::new(),
            Subject::Named(names) if !names.is_empty() => {
                names.iter().filter_map(|name| named(&session, name, &start, &mut faults)).collect()
            }
            Subject::Poi | Subject::Named(_) => poi(&session, &mut start, &mut faults).into_iter().collect(),
            Subject::Pois => pois(&session, &start, &mut faults),
        };
        let more = more(&session, &start, &mut faults);
        session.finish(faults)?;
        // Missing only with a fault, which has ended this.
        let Some(fitter) = fitter else { return Err(Failure::Options(Vec::new())) };
        let fitter_name = fitter::name(&session, args.fitter.as_deref());
        let rescue = fitter::rescue(&fitter_name)?;
        Ok((Self { session, data, start, fitter, rescue, fitter_name, subjects }, more))
    }

    /// The parameters it is about, as indices: one at least, unless it is about the model as a whole.
    pub fn subjects(&self) -> &[usize] {
        &self.subjects
    }

    /// Name of the first parameter it is about.
    pub fn parameter(&self) -> &str {
        &self.session.model.parameters()[self.subjects[0]].name
    }

    /// What is fitted.
    pub fn inputs(&self) -> Inputs<'_> {
        Inputs {
            model: &self.session.model,
            data: &self.data,
            fitter: self.fitter.as_ref(),
            start: &self.start.values,
            fixed: &self.start.fixed,
        }
    }

    /// The minimiser for toys that the first one fails on.
    pub fn rescue(&self) -> &dyn Fitter {
        self.rescue.as_ref()
    }

    /// Name of the minimiser, with its options if it has any.
    pub fn fitter_name(&self) -> &str {
        &self.fitter_name
    }

    /// Remarks on the options, then those of the study.
    pub fn warnings(&self, of_study: &[String]) -> Vec<String> {
        self.start.warnings.iter().chain(of_study).cloned().collect()
    }
}

/// The exit code of a result.
pub fn exit_code(converged: bool) -> u8 {
    if converged { EXIT_DONE } else { EXIT_NOT_CONVERGED }
}

/// The statistic called `name`, among `known`; a fault where there is none.
pub fn statistic(name: &str, known: &[TestStatistic], faults: &mut Vec<OptionFault>) -> TestStatistic {
    match name.parse::<TestStatistic>() {
        Ok(statistic) if known.contains(&statistic) => statistic,
        other => {
            let names: Vec<&str> = known.iter().map(|statistic| statistic.name()).collect();
            faults.push(match other {
                Ok(_) => OptionFault::new("--test-stat", name, "this command has no use for it")
                    .help(known_names("", &names)),
                Err(()) => OptionFault::unknown("--test-stat", name, "statistic", &names),
            });
            known[0]
        }
    }
}

/// The one parameter that a `--parameter` names.
fn named(session: &Session, name: &str, start: &Start, faults: &mut Vec<OptionFault>) -> Option<usize> {
    const OPTION: &str = "--parameter";
    match select::parameters(&session.model, OPTION, name) {
        Ok(found) if found.len() == 1 && start.fixed[found[0]] => {
            faults.push(OptionFault::new(OPTION, name, "is fixed").help("let it go with --free"));
            None
        }
        Ok(found) if found.len() == 1 => Some(found[0]),
        Ok(found) => {
            let parameters = session.model.parameters();
            let names: Vec<&str> = found.iter().map(|&i| parameters[i].name.as_str()).collect();
            let message = format!("means {} parameters, expected one", found.len());
            faults.push(OptionFault::new(OPTION, name, message).help(known_names("", &names)));
            None
        }
        Err(fault) => {
            faults.push(fault);
            None
        }
    }
}

/// All parameters of interest that are free.
fn pois(session: &Session, start: &Start, faults: &mut Vec<OptionFault>) -> Vec<usize> {
    let all: Vec<usize> = session.model.poi().iter().map(|index| index.0).collect();
    let free: Vec<usize> = all.iter().copied().filter(|&index| !start.fixed[index]).collect();
    if all.is_empty() {
        faults.push(no_poi(session));
    } else if free.is_empty() {
        let name = &session.model.parameters()[all[0]].name;
        faults.push(fixed_poi(name, start, all[0]));
    }
    free
}

fn no_poi(session: &Session) -> OptionFault {
    let known = select::known_parameters(&session.model);
    let message = match absent_poi(session) {
        Some(name) => format!("is needed: no modifier of the spec uses `{name}`, its parameter of interest"),
        None => "is needed: the spec has no parameter of interest".to_owned(),
    };
    // Of a background-only file the signal is a patch.
    let by_patch =
        if session.spec.is_foreign() { "a signal may come with `--patch FILE:NAME`; " } else { "" };
    let known = known_names("", &known);
    OptionFault::new("--poi", "NAME", message).help(format!("{by_patch}{known}"))
}

/// The parameter of interest that the spec names, of which the model knows nothing.
fn absent_poi(session: &Session) -> Option<String> {
    let workspace = &session.spec.analysis().workspace;
    let chosen = session.options.measurement.as_deref();
    let measurement = workspace.measurements.iter().find(|one| chosen.is_none_or(|name| one.name == name));
    let poi = measurement.and_then(|one| one.poi.as_ref()).or(workspace.poi.as_ref())?;
    poi.as_slice().first().cloned()
}

fn fixed_poi(name: &str, start: &Start, index: usize) -> OptionFault {
    match start.fixed_by(index) {
        Some(text) => {
            let message = format!("fixes `{name}`, the parameter of interest: it must be free here");
            OptionFault::new("--fix", text, message).help("choose another with --poi")
        }
        None => {
            let fault = OptionFault::new("--poi", name, "is fixed, and must be free here");
            fault.help("let it go with --free, or choose another with --poi")
        }
    }
}

/// The parameter that is tested: the first of interest.
fn poi(session: &Session, start: &mut Start, faults: &mut Vec<OptionFault>) -> Option<usize> {
    let model = &session.model;
    let Some(first) = model.poi().first() else {
        faults.push(no_poi(session));
        return None;
    };
    let name = &model.parameters()[first.0].name;
    if start.fixed[first.0] {
        faults.push(fixed_poi(name, start, first.0));
        return None;
    }
    if model.poi().len() > 1 {
        start.warnings.push(format!(
            "of {} parameters of interest `{name}` is tested, the others are profiled; choose with --poi, hold with --fix",
            model.poi().len()
        ));
    }
    Some(first.0)
}
