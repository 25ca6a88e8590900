//! `zstat bias`: pseudo-experiments of injected values, and what fits make of them.

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use serde_json::json;
use zstat_core::model::{Model, Parameter};
use zstat_inference::{Bias, BiasTally, InjectedFit, StudyOptions, StudyRecord, ToyStudy};

use super::toy_table::ToyTable;
use super::toy_test::toys;
use crate::args::{GlobalArgs, NuisanceArgs, StudyArgs, outside, seed};
use crate::failure::{Failure, OptionFault};
use crate::jobs::{self, Done, JobArgs, Manifest, Merged, ShardReport};
use crate::prepared::{Prepared, Subject, exit_code};
use crate::report::bias::{BiasReport, ToysOfBias};
use crate::report::head::{Head, Outcome};
use crate::session::seconds;
use crate::{EXIT_DONE, output, progress, select};

const INJECT: &str = "--inject";
/// Values of a range where `--points` is not given.
const POINTS: usize = 5;

/// Options of `zstat bias`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat bias specs/quickstart.yaml --inject 0,0.5,1,2 --n 1000\n  zstat bias specs/quickstart.yaml --parameter jes --inject=-2:2 --points 9 --n 1000 --seed 7 --format json\n  zstat bias specs/quickstart.yaml --inject 0:4 --n 10000 --shard 1/4 --checkpoint part1    # then: zstat merge part*"
)]
pub struct BiasArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// Parameter to inject values of; by default the first of interest
    #[arg(long, value_name = "NAME", help_heading = "Injection options")]
    parameter: Option<String>,
    /// True values in the pseudo-data: several with commas, or a range; repeatable
    #[arg(long, value_name = "X,..|LO:HI", required = true, allow_hyphen_values = true, value_parser = injection, help_heading = "Injection options")]
    inject: Vec<Injection>,
    /// Values of a range, from end to end [default: 5]
    #[arg(long, value_name = "N", value_parser = points, allow_negative_numbers = true, help_heading = "Injection options")]
    points: Option<usize>,
    #[command(flatten)]
    nuisances: NuisanceArgs,
    /// Number of pseudo-experiments of each value
    #[arg(long, value_name = "N", value_parser = toys, allow_negative_numbers = true, help_heading = "Toy options")]
    n: NonZeroU64,
    /// Seed of the pseudo-experiments
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = seed, allow_negative_numbers = true, help_heading = "Toy options")]
    seed: u64,
    /// Write the fits of all toys to this file, a Parquet table; made from what --checkpoint keeps
    #[arg(long, value_name = "FILE", requires = "checkpoint", help_heading = "Toy options")]
    save_toys: Option<PathBuf>,
    #[command(flatten)]
    job: JobArgs,
}

/// Values of one `--inject`.
#[derive(Debug, Clone, PartialEq)]
enum Injection {
    Values(Vec<f64>),
    Range([f64; 2]),
}

/// Reads `X,Y,…` or `LO:HI`.
fn injection(text: &str) -> Result<Injection, String> {
    if text.contains(':') {
        return super::scan::range(text).map(Injection::Range);
    }
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|x| x.is_finite());
    let values: Option<Vec<f64>> = text.split(',').map(number).collect();
    values.map(Injection::Values).ok_or_else(|| {
        "expected finite numbers with commas between them, such as 0,0.5,1, or a range such as 0:2".to_owned()
    })
}

fn points(text: &str) -> Result<usize, String> {
    let number = text.parse::<usize>().ok().filter(|count| (2..=10_000).contains(count));
    number.ok_or_else(|| "expected a whole number from 2 to 10000".to_owned())
}

/// Injects, fits and compares. Exit code 1 where a fit did not converge or a toy failed.
pub fn run(args: &BiasArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    if let Some(path) = &args.save_toys {
        output::check_target(path)?;
        let parts = global.merged.as_ref().map(Merged::folders);
        jobs::check_output(path, parts.unwrap_or(args.job.checkpoint.as_slice()))?;
    }
    let mut faults = Vec::new();
    let same = args
        .save_toys
        .as_ref()
        .and_then(|path| jobs::same_output("--save-toys", path, global.output.as_ref()));
    faults.extend(same);
    let injected = args.values(&mut faults);
    let named: Vec<String> = args.parameter.iter().cloned().collect();
    let (mut prepared, ()) =
        Prepared::open_with(&args.study, Subject::Named(&named), faults, |session, _, faults| {
            let parameter = args.subject(&session.model);
            faults.extend(injected.iter().filter_map(|&value| outside(parameter?, value)));
        })?;
    prepared.remark_effect(prepared.subjects()[0]);
    let started = Instant::now();
    let studied = match study(args, &prepared, &injected, global)? {
        Studied::Part(report) => return output::write(&report, global).map(|()| EXIT_DONE),
        Studied::Whole(studied) => *studied,
    };
    let outcome = Outcome {
        warnings: &studied.warnings,
        converged: studied.converged,
        fits: studied.fits,
        stage: ("bias_s", seconds(started)),
    };
    let toys = ToysOfBias { per_point: args.n.get(), seed: args.seed };
    let report = BiasReport::new(Head::new(&prepared, outcome), prepared.parameter(), studied.found, toys);
    output::write(&report, global)?;
    Ok(exit_code(report.converged()))
}

impl BiasArgs {
    /// The parameter that is meant, if it is one.
    fn subject<'m>(&self, model: &'m Model) -> Option<&'m Parameter> {
        let index = match &self.parameter {
            Some(name) => match select::parameters(model, "--parameter", name).ok()?[..] {
                [index] => index,
                _ => return None,
            },
            None => model.poi().first()?.0,
        };
        Some(&model.parameters()[index])
    }

    /// The injected values, in the order given.
    fn values(&self, faults: &mut Vec<OptionFault>) -> Vec<f64> {
        let mut values: Vec<f64> = Vec::new();
        for injection in &self.inject {
            match injection {
                Injection::Values(given) => values.extend(given),
                Injection::Range(range) => {
                    values.extend(zstat_inference::grid(*range, self.points.unwrap_or(POINTS)));
                }
            }
        }
        if let Some(points) = self.points
            && !self.inject.iter().any(|injection| matches!(injection, Injection::Range(_)))
        {
            let fault =
                OptionFault::new("--points", points.to_string(), "is for a range, and values are given");
            faults.push(fault.help("a range is `--inject LO:HI`"));
        }
        for (at, value) in values.iter().enumerate() {
            if values[..at].contains(value) {
                faults.push(OptionFault::new(INJECT, value.to_string(), "is injected twice"));
            }
        }
        values
    }
}

enum Studied {
    Whole(Box<Whole>),
    Part(ShardReport),
}

struct Whole {
    found: Bias,
    converged: bool,
    warnings: Vec<String>,
    fits: usize,
}

fn study(
    args: &BiasArgs,
    prepared: &Prepared,
    injected: &[f64],
    global: &GlobalArgs,
) -> Result<Studied, Failure> {
    let index = prepared.subjects()[0];
    let truths = progress::during(global.quiet, "fitting", || {
        let point = |&value: &f64| args.nuisances.point(prepared, &[(index, value)]);
        injected.iter().map(point).collect::<Result<Vec<_>, Failure>>()
    })?;
    let (mut points, mut converged, mut fits, mut warnings) = (Vec::new(), true, 0, Vec::new());
    for ((theta, found), value) in truths.into_iter().zip(injected) {
        points.push(theta);
        converged &= found.converged;
        fits += found.fits;
        warnings.extend(found.warnings.iter().map(|warning| format!("{value} injected: {warning}")));
    }
    let options = StudyOptions { poi: Some(index), reported: vec![index], with_data: false, seed: args.seed };
    let study = progress::during(global.quiet, "preparing", || {
        ToyStudy::new(prepared.inputs(), points, prepared.rescue(), options)
    })?;
    let description = json!({
        "parameter": prepared.parameter(), "injected": injected, "rest": args.nuisances.description(),
    });
    let tasks = study.tasks(args.n.get());
    let manifest = Manifest::new("bias", prepared, description, args.seed, tasks)?;
    let bounds = prepared.session.model.parameters()[index].bounds;
    let mut tally = BiasTally::new(injected, bounds);
    let mut each = |task: u64, record: StudyRecord| tally.put(task, &InjectedFit::from(&record));
    let done = jobs::run_in_order("toys", &study, manifest, &args.job, global, &mut each)?;
    if let Done::Part(report) = done {
        return Ok(Studied::Part(report));
    }
    let found = tally.finish();
    if let (Some(path), Some(folder)) = (&args.save_toys, &args.job.checkpoint) {
        let model = &prepared.session.model;
        let reported = [index];
        let table =
            ToyTable { model, tasks, reported: &reported, poi: Some(index), injected, with_data: false };
        table.write(path, folder, global, &mut |_| {})?;
    }
    converged &= found.points.iter().all(|point| point.failed == 0);
    warnings.extend(remarks(&found, prepared.parameter()));
    Ok(Studied::Whole(Box::new(Whole { found, converged, warnings, fits })))
}

/// What a reader should know of the toys.
fn remarks(found: &Bias, name: &str) -> Vec<String> {
    let mut out = Vec::new();
    let failed: u64 = found.points.iter().map(|point| point.failed).sum();
    let toys: u64 = found.points.iter().map(|point| point.toys).sum();
    if failed > 0 {
        out.push(format!(
            "{failed} of {toys} toys are left out: their fits failed with every start and minimiser"
        ));
    }
    let at_bound: Vec<String> = (found.points.iter())
        .filter(|point| 20 * point.response.at_bound > point.toys)
        .map(|point| format!("{} ({} of {})", point.response.truth, point.response.at_bound, point.toys))
        .collect();
    if !at_bound.is_empty() {
        out.push(format!(
            "fitted values of `{name}` are at a bound in more than 5 % of the toys of {}: they are biased by it{}",
            at_bound.join(", "),
            if found.line.is_some() { ", and so is the line" } else { "" }
        ));
    }
    let off: Vec<String> = (found.points.iter())
        .filter(|point| point.response.value.mean_error().is_none_or(|error| error <= 0.0))
        .map(|point| point.response.truth.to_string())
        .collect();
    if !off.is_empty() && found.points.len() > 1 {
        out.push(format!("the line leaves out what has no error: {}", off.join(", ")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn injections_are_values_or_ranges() {
        assert_eq!(injection("0, 0.5,-1e1"), Ok(Injection::Values(vec![0.0, 0.5, -10.0])));
        assert_eq!(injection("-1:2"), Ok(Injection::Range([-1.0, 2.0])));
        for bad in ["", "1,", "inf", "nan", "1:1", "2:1", "1:2:3", "mu=1"] {
            assert!(injection(bad).is_err(), "{bad}");
        }
    }
}
