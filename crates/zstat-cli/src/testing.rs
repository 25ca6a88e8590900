//! From options to a test: the session, the data, the parameter that is tested.

use zstat_core::fit::Fitter;
use zstat_core::likelihood::Data;
use zstat_inference::{Asimov, Setup, TestStatistic};

use crate::args::{TestArgs, asimov_data};
use crate::failure::{Failure, OptionFault, known_names};
use crate::session::{self, Session};
use crate::start::Start;
use crate::{EXIT_DONE, EXIT_NOT_CONVERGED, fitter, select};

/// All that a test needs.
pub struct Testing {
    /// Spec and model.
    pub session: Session,
    data: Data,
    start: Start,
    fitter: Box<dyn Fitter>,
    poi: usize,
    asimov: Asimov,
}

impl Testing {
    /// Reads the spec, and checks all options at once; `faults` are those found already. The parameter that is tested is
    /// `parameter`, or the first of interest.
    ///
    /// # Errors
    /// Where a document or an option is faulty.
    pub fn open(
        args: &TestArgs,
        parameter: Option<&str>,
        mut faults: Vec<OptionFault>,
    ) -> Result<Self, Failure> {
        let session = Session::open(&args.model)?;
        let fitter = fitter::choose(&session, args.fitter.as_deref(), &mut faults)?;
        let session::Setup { data, mut start, unobserved } =
            session.setup(&args.data, &args.parameters, &mut faults)?;
        start.check_bounds(&session.model, &mut faults);
        start.warn_of_fixed(&session.model);
        session.require_data(&args.data, &unobserved, &mut faults);
        let poi = match parameter {
            Some(name) => named(&session, name, &start, &mut faults),
            None => poi(&session, &mut start, &mut faults),
        };
        session.finish(faults)?;
        // Each of them is missing only with a fault, which has ended this.
        let (Some(fitter), Some(poi)) = (fitter, poi) else { return Err(Failure::Options(Vec::new())) };
        Ok(Self { session, data, start, fitter, poi, asimov: asimov_data(args.asimov) })
    }

    /// Name of the parameter that is tested.
    pub fn parameter(&self) -> &str {
        &self.session.model.parameters()[self.poi].name
    }

    /// How the Asimov data are made.
    pub fn asimov(&self) -> Asimov {
        self.asimov
    }

    /// What is to be tested.
    pub fn setup(&self, statistic: TestStatistic, signal: f64) -> Setup<'_> {
        Setup {
            model: &self.session.model,
            data: &self.data,
            fitter: self.fitter.as_ref(),
            poi: self.poi,
            start: &self.start.values,
            fixed: &self.start.fixed,
            statistic,
            asimov: self.asimov,
            signal,
        }
    }

    /// Remarks on the options, then those of the test.
    pub fn warnings(&self, of_test: &[String]) -> Vec<String> {
        self.start.warnings.iter().chain(of_test).cloned().collect()
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

/// The one parameter that `--parameter` names.
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

/// The parameter that is tested: the first of interest.
fn poi(session: &Session, start: &mut Start, faults: &mut Vec<OptionFault>) -> Option<usize> {
    let model = &session.model;
    let Some(first) = model.poi().first() else {
        let known = select::known_parameters(model);
        let message = "is needed: the spec has no parameter of interest";
        faults.push(OptionFault::new("--poi", "NAME", message).help(known_names("", &known)));
        return None;
    };
    let name = &model.parameters()[first.0].name;
    if start.fixed[first.0] {
        let fault = OptionFault::new("--poi", name.clone(), "is fixed: a test needs it free");
        faults.push(fault.help("let it go with --free, or choose another with --poi"));
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
