//! `zstat scan`: the profile likelihood of one parameter, and intervals; of two, and contours.

use std::time::Instant;

use clap::Args;
use serde_json::json;
use zstat_inference::{LineStudy, PlaneOptions, PlaneStudy, ScanOptions};

use crate::args::{GlobalArgs, StudyArgs};
use crate::failure::{Failure, OptionFault};
use crate::jobs::{self, Collected, JobArgs, Manifest};
use crate::prepared::{Prepared, Subject, exit_code};
use crate::report::head::{Head, Outcome};
use crate::report::plane::PlaneReport;
use crate::report::scan::ScanReport;
use crate::session::seconds;
use crate::{EXIT_DONE, output, progress};

const TWICE: &str = "is given twice: a plane needs two";

/// Options of `zstat scan`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zstat scan specs/quickstart.yaml --parameter mu\n  zstat scan specs/quickstart.yaml --parameter jes --range=-2:2 --points 81 --statistical --format csv\n  zstat scan specs/several-pois.yaml --parameter mu_ggH --parameter mu_VBF\n  zstat scan big.yaml --points 200 --shard 1/4 --checkpoint part1    # then: zstat merge part*"
)]
pub struct ScanArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// Parameter to scan; by default the first of interest. Given twice: a plane
    #[arg(long, value_name = "NAME", help_heading = "Scan options")]
    parameter: Vec<String>,
    /// Range; by default about three standard deviations to both sides, inside the bounds. One for each parameter, in order
    #[arg(long, value_name = "LO:HI", allow_hyphen_values = true, value_parser = range, help_heading = "Scan options")]
    range: Vec<[f64; 2]>,
    /// Points of the grid; N or NxM in a plane [default: 41; in a plane 31x31]
    #[arg(long, value_name = "N", value_parser = points, help_heading = "Scan options")]
    points: Option<Points>,
    /// Confidence level of an interval or contour; repeatable [default: 0.6827 and 0.95]
    #[arg(long, value_name = "CL", value_parser = super::limit::level, help_heading = "Scan options")]
    level: Vec<f64>,
    /// The statistical part as well: everything with a constraint held at its best value
    #[arg(long, help_heading = "Scan options")]
    statistical: bool,
    #[command(flatten)]
    job: JobArgs,
}

/// Points of the grid: in the first direction, and in the second where it was given.
#[derive(Debug, Clone, Copy)]
struct Points {
    first: usize,
    second: Option<usize>,
}

/// Scans. Exit code 1 where a fit did not converge.
pub fn run(args: &ScanArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let mut prepared = Prepared::open(&args.study, Subject::Named(&args.parameter), faults(args))?;
    match *prepared.subjects() {
        // The same by two spellings: a vector with one bin.
        [first, second] if first == second => {
            Err(Failure::Options(vec![OptionFault::new("--parameter", &args.parameter[1], TWICE)]))
        }
        [first, second, ..] => {
            remarks(args, &mut prepared, &[first, second]);
            plane(args, &prepared, [first, second], global)
        }
        [first] => {
            remarks(args, &mut prepared, &[first]);
            line(args, &prepared, global)
        }
        [] => Err(Failure::Options(Vec::new())),
    }
}

/// What a reader should know of the parameters and their ranges.
fn remarks(args: &ScanArgs, prepared: &mut Prepared, parameters: &[usize]) {
    for (place, &parameter) in parameters.iter().enumerate() {
        prepared.remark_effect(parameter);
        if let Some(range) = args.range.get(place) {
            prepared.remark_ends(parameter, "the range", *range);
        }
    }
}

/// What does not fit together.
fn faults(args: &ScanArgs) -> Vec<OptionFault> {
    let mut faults = Vec::new();
    let names = &args.parameter;
    if names.len() > 2 {
        let message = format!("is given {} times: a scan is over one parameter or two", names.len());
        faults.push(OptionFault::new("--parameter", names.join(", "), message));
    }
    if names.len() == 2 && names[0] == names[1] {
        faults.push(OptionFault::new("--parameter", &names[0], TWICE));
    }
    let wanted = names.len().max(1);
    if !args.range.is_empty() && args.range.len() != wanted {
        let message =
            format!("is given {} times for {wanted} parameters: one each, in order", args.range.len());
        let found = args.range.iter().map(|[low, high]| format!("{low}:{high}")).collect::<Vec<_>>();
        faults.push(OptionFault::new("--range", found.join(", "), message));
    }
    if let (Some(Points { first, second: Some(second) }), 0 | 1) = (args.points, names.len()) {
        let message = "is for two parameters, and one is scanned";
        faults.push(OptionFault::new("--points", format!("{first}x{second}"), message));
    }
    faults
}

fn line(args: &ScanArgs, prepared: &Prepared, global: &GlobalArgs) -> Result<u8, Failure> {
    let started = Instant::now();
    let mut options = ScanOptions {
        range: args.range.first().copied(),
        statistical: args.statistical,
        ..ScanOptions::default()
    };
    if let Some(points) = args.points {
        options.points = points.first;
    }
    if !args.level.is_empty() {
        options.levels = args.level.clone();
    }
    let parameter = prepared.subjects()[0];
    let study =
        progress::during(global.quiet, "fitting", || LineStudy::new(prepared.inputs(), parameter, &options))?;
    let description = json!({
        "parameters": [prepared.parameter()], "range": options.range, "points": [options.points],
        "statistical": options.statistical,
    });
    let manifest = Manifest::new("scan", prepared, description, 0, study.tasks())?;
    let records = match jobs::collect("scanning blocks", &study, manifest, &args.job, global)? {
        Collected::Part(report) => return output::write(&report, global).map(|()| EXIT_DONE),
        Collected::All(records) => records,
    };
    let found = progress::during(global.quiet, "ends of intervals", || study.finish(&records));
    let (warnings, converged, fits) = (&found.warnings, found.converged, found.fits);
    let outcome = Outcome { warnings, converged, fits, stage: ("scan_s", seconds(started)) };
    let report = ScanReport::new(Head::new(prepared, outcome), prepared.parameter(), found);
    output::write(&report, global)?;
    Ok(exit_code(report.converged()))
}

fn plane(
    args: &ScanArgs,
    prepared: &Prepared,
    parameters: [usize; 2],
    global: &GlobalArgs,
) -> Result<u8, Failure> {
    let started = Instant::now();
    let mut options = PlaneOptions { statistical: args.statistical, ..PlaneOptions::default() };
    if let [first, second] = args.range[..] {
        options.range = Some([first, second]);
    }
    if let Some(Points { first, second }) = args.points {
        options.points = [first, second.unwrap_or(first)];
    }
    if !args.level.is_empty() {
        options.levels = args.level.clone();
    }
    let names = parameters.map(|index| prepared.session.model.parameters()[index].name.clone());
    let study = progress::during(global.quiet, "fitting", || {
        PlaneStudy::new(prepared.inputs(), parameters, &options)
    })?;
    // The usual ranges are as wide as the levels ask for.
    let description = json!({
        "parameters": names, "range": options.range, "levels": options.range.is_none().then_some(&options.levels),
        "points": options.points, "statistical": options.statistical,
    });
    let manifest = Manifest::new("scan", prepared, description, 0, study.tasks())?;
    let records = match jobs::collect("scanning columns", &study, manifest, &args.job, global)? {
        Collected::Part(report) => return output::write(&report, global).map(|()| EXIT_DONE),
        Collected::All(records) => records,
    };
    let found = progress::during(global.quiet, "contours", || study.finish(&records))?;
    let (warnings, converged, fits) = (&found.warnings, found.converged, found.fits);
    let outcome = Outcome { warnings, converged, fits, stage: ("scan_s", seconds(started)) };
    let report = PlaneReport::new(Head::new(prepared, outcome), names, found);
    output::write(&report, global)?;
    Ok(exit_code(report.converged()))
}

/// Reads `LO:HI`.
pub fn range(text: &str) -> Result<[f64; 2], String> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|x| x.is_finite());
    let ends = text.split_once(':').and_then(|(low, high)| Some([number(low)?, number(high)?]));
    ends.filter(|[low, high]| low < high).ok_or_else(|| "expected LO:HI with LO < HI, such as 0:3".to_owned())
}

fn points(text: &str) -> Result<Points, String> {
    let count = |text: &str| text.parse::<usize>().ok().filter(|count| (2..=100_000).contains(count));
    let points = match text.split_once('x') {
        Some((first, second)) => {
            count(first).zip(count(second)).map(|(first, second)| Points { first, second: Some(second) })
        }
        None => count(text).map(|first| Points { first, second: None }),
    };
    points.ok_or_else(|| "expected a whole number from 2 to 100000, or two such as 31x21".to_owned())
}
