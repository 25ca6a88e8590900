//! `zstat fit`: maximum likelihood.

use std::num::NonZeroUsize;
use std::time::Instant;

use clap::{Args, ValueEnum};
use zstat_core::fit::{self, FitOptions, FitResult, Fitter};
use zstat_core::likelihood::Nll;
use zstat_core::spec::OneOrMany;
use zstat_core::text::is_glob;

use crate::args::{DataArgs, GlobalArgs, ModelArgs, ParameterArgs, correlation, count, seed};
use crate::failure::{Failure, OptionFault};
use crate::report::fit::{FitReport, Shown, Timing};
use crate::session::{Session, Setup, seconds};
use crate::start::Start;
use crate::{EXIT_BAD_INPUT, EXIT_DONE, EXIT_NOT_CONVERGED, fitter, functions, output, progress, select};

/// Options of `zstat fit`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat fit specs/quickstart.yaml\n  zstat fit specs/quickstart.yaml --minos mu --format json --output fit.json\n  zstat fit specs/quickstart.yaml --fix '*' --free mu    # statistical uncertainty only\n  zstat fit specs/several-pois.yaml --function 'ratio=mu_ggH/mu_VBF'"
)]
pub struct FitArgs {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    parameters: ParameterArgs,
    #[command(flatten)]
    fit: MinimiserArgs,
    #[command(flatten)]
    shown: ShownArgs,
}

/// How to minimise.
#[derive(Debug, Args)]
#[command(next_help_heading = "Fit options")]
struct MinimiserArgs {
    /// Minimiser; see `zstat plugins`
    #[arg(long, value_name = "NAME")]
    fitter: Option<String>,
    /// Asymmetric MINOS intervals of these parameters; names or globs
    #[arg(long, value_name = "NAME", num_args = 1..)]
    minos: Vec<String>,
    /// Number of starts: the first where the options say, the others random inside the bounds
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    multi_start: Option<NonZeroUsize>,
    /// A function of the parameters, with its uncertainty: a formula as in specs; repeatable
    #[arg(long, value_name = "NAME=EXPRESSION")]
    function: Vec<String>,
    /// Seed of the random starts
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = seed, allow_negative_numbers = true)]
    seed: u64,
}

/// Order of the parameter table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Sort {
    /// Parameters of interest, then by size of the pull, unconstrained ones first.
    #[default]
    Pull,
    /// The model's order, which is pyhf's.
    Model,
    /// By name.
    Name,
}

/// What the page for people shows.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output options")]
struct ShownArgs {
    /// Order of the parameter table
    #[arg(long, value_enum, default_value_t, value_name = "ORDER")]
    sort: Sort,
    /// List correlations of at least this size
    #[arg(long, value_name = "RHO", default_value_t = 0.3, value_parser = correlation, allow_negative_numbers = true)]
    correlations: f64,
    /// Show yields bin by bin
    #[arg(long)]
    bins: bool,
}

/// Fits. Exit code 1 where it did not converge: the result is written all the same.
pub fn run(args: &FitArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let session = Session::open(&args.model)?;
    let mut faults = Vec::new();
    let read = functions::read(&args.fit.function, &mut faults);
    let functions = functions::link(&session.model, &read, &mut faults);
    let fitter = fitter::choose(&session, args.fit.fitter.as_deref(), &mut faults)?;
    let Setup { data, mut start, unobserved } = session.setup(&args.data, &args.parameters, &mut faults)?;
    start.check_bounds(&session.model, &mut faults);
    start.warn_of_fixed(&session.model);
    session.require_data(&args.data, &unobserved, &mut faults);
    let minos = minos(&session, &args.fit.minos, &mut start, &mut faults);
    session.finish(faults)?;
    let Some(fitter) = fitter else { return Ok(EXIT_BAD_INPUT) };
    let options = FitOptions {
        start: start.values.clone(),
        fixed: start.fixed.clone(),
        minos,
        multi_start: args.fit.multi_start.map_or_else(|| session.starts(), NonZeroUsize::get),
        seed: args.fit.seed,
    };
    let (result, timing) = minimise(&session, &data, fitter.as_ref(), &options, global);
    let shown = Shown { sort: args.shown.sort, correlations: args.shown.correlations, bins: args.shown.bins };
    let functions = functions::at_minimum(&functions, &result, &options.fixed);
    let report = FitReport::new(&session, &data, &start, result, functions, timing, shown);
    output::write(&report, global)?;
    Ok(if report.converged() { EXIT_DONE } else { EXIT_NOT_CONVERGED })
}

fn minimise(
    session: &Session,
    data: &zstat_core::likelihood::Data,
    fitter: &dyn Fitter,
    options: &FitOptions,
    global: &GlobalArgs,
) -> (FitResult, Timing) {
    let what = match (options.multi_start, options.minos.len()) {
        (n, _) if n > 1 => format!("fitting from {n} starts"),
        (_, 0) => "fitting".to_owned(),
        (_, n) => format!("fitting, with MINOS intervals of {n} parameters"),
    };
    progress::during(global.quiet, &what, || {
        let mut nll = Nll::new(&session.model, data.clone());
        let started = Instant::now();
        let mut fitted = fit::minimum(&mut nll, fitter, options);
        let fit_s = seconds(started);
        let started = Instant::now();
        fitted.add_minos(&mut nll, fitter, options);
        let minos_s = (!options.minos.is_empty()).then(|| seconds(started));
        (fitted.result, Timing { load_s: session.load_s, fit_s, minos_s })
    })
}

/// Indices of the parameters of `--minos`, else of the spec's `fit.minos`; sorted, each once. A glob leaves fixed
/// parameters out; a fixed parameter by name is a fault of the option, and a warning where the spec names it. So is a
/// formula: the spec may name what is a formula in this measurement and a parameter in another.
fn minos(
    session: &Session,
    names: &[String],
    start: &mut Start,
    faults: &mut Vec<OptionFault>,
) -> Vec<usize> {
    let fixed = &start.fixed;
    let of_spec = session.spec.analysis().fit.minos.as_ref().map_or(&[][..], OneOrMany::as_slice);
    let asked = !names.is_empty();
    let names = if asked { names } else { of_spec };
    let mut indices = Vec::new();
    for name in names {
        match select::parameters(&session.model, "--minos", name) {
            Ok(found) if is_glob(name) => indices.extend(found.into_iter().filter(|&i| !fixed[i])),
            Ok(found) if asked && found.iter().all(|&i| fixed[i]) => {
                let message = format!("`{name}` is fixed: there is nothing to vary");
                faults.push(OptionFault::new("--minos", name, message).help("let it go with --free"));
            }
            Ok(found) => indices.extend(found),
            Err(fault) if asked => faults.push(fault),
            Err(fault) => start.warnings.push(format!("no MINOS interval: {}", fault.message)),
        }
    }
    indices.sort_unstable();
    indices.dedup();
    indices
}
