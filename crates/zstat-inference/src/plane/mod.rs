//! Profile scans of two parameters: 2 ΔNLL on a grid, and the contours where it has a threshold.
//!
//! The grid says where contours run; their points, on the edges of the grid, are roots of the profile.

mod surface;

use crate::contour::ContourLine;
use crate::record::StretchRecord;
use crate::scan::{constrained_too, grid};
use crate::tasks::{Tasks, all_tasks};
use crate::{Inputs, ScanOptions, TestError};
use surface::Surface;

/// One point of the plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlanePoint {
    /// Values of the two parameters.
    pub values: [f64; 2],
    /// 2 [NLL(values) − NLL(best)], all others fitted.
    pub delta_twice_nll: f64,
    /// The same with everything that has a constraint held at its best value: the statistical part.
    pub delta_statistical: Option<f64>,
    /// The fit converged.
    pub converged: bool,
}

/// Where 2 ΔNLL has the threshold of a level.
#[derive(Debug, Clone, PartialEq)]
pub struct Contour {
    /// Confidence level, in the limit of many events.
    pub level: f64,
    /// Its lines.
    pub lines: Vec<ContourLine>,
}

/// A scan of two parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaneScan {
    /// Best values.
    pub best: [f64; 2],
    /// The ranges scanned.
    pub range: [[f64; 2]; 2],
    /// Points in each direction.
    pub shape: [usize; 2],
    /// The grid: by first, then second parameter, ascending.
    pub points: Vec<PlanePoint>,
    /// Contours, level after level.
    pub contours: Vec<Contour>,
    /// The same for the statistical part alone.
    pub statistical: Vec<Contour>,
    /// All fits converged.
    pub converged: bool,
    /// What a reader should know.
    pub warnings: Vec<String>,
    /// Minimisations.
    pub fits: usize,
}

/// How to scan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaneOptions {
    /// The ranges; by default about three standard deviations to both sides, inside the bounds.
    pub range: Option<[[f64; 2]; 2]>,
    /// Points of the grid in each direction.
    pub points: [usize; 2],
    /// Confidence levels of the contours.
    pub levels: Vec<f64>,
    /// The statistical part as well.
    pub statistical: bool,
}

impl Default for PlaneOptions {
    fn default() -> Self {
        Self { range: None, points: [31, 31], levels: ScanOptions::default().levels, statistical: false }
    }
}

/// The threshold in 2 ΔNLL for two parameters: the quantile of χ² with two degrees of freedom, −2 ln(1 − level).
pub fn threshold_2d(level: f64) -> f64 {
    -2.0 * (-level).ln_1p()
}

/// Scans two parameters, in parallel over the grid's columns. Calls `tick` after each column, of the statistical part, too.
///
/// # Errors
/// Where there is no likelihood.
pub fn scan_plane(
    inputs: Inputs<'_>,
    parameters: [usize; 2],
    options: &PlaneOptions,
    tick: &(dyn Fn() + Sync),
) -> Result<PlaneScan, TestError> {
    let study = PlaneStudy::new(inputs, parameters, options)?;
    let records = all_tasks(&study, study.tasks(), tick);
    study.finish(&records)
}

/// A scan of two parameters as a job: task i is column i of the grid, and again for the statistical part. The profile of the
/// first parameter alone leads to the columns, and is made by whoever makes any column. What follows from the grid, lines of
/// contours, is computed when all columns are there.
pub struct PlaneStudy<'a> {
    inputs: Inputs<'a>,
    parameters: [usize; 2],
    options: PlaneOptions,
    range: [[f64; 2]; 2],
    plane: Surface<'a>,
    statistical: Option<Surface<'a>>,
}

impl<'a> PlaneStudy<'a> {
    /// Fits the data, finds the ranges where none are given, and where each column begins.
    ///
    /// # Errors
    /// Where there is no likelihood.
    pub fn new(
        inputs: Inputs<'a>,
        parameters: [usize; 2],
        options: &PlaneOptions,
    ) -> Result<Self, TestError> {
        let mut plane = Surface::new(inputs, parameters, inputs.start, inputs.fixed)?;
        let range = options.range.unwrap_or_else(|| plane.usual_ranges(&options.levels));
        plane.lead([0, 1].map(|k| grid(range[k], options.points[k])));
        let part = |plane: &Surface<'a>| statistical(inputs, parameters, plane);
        let statistical = options.statistical.then(|| part(&plane)).transpose()?;
        Ok(Self { inputs, parameters, options: options.clone(), range, plane, statistical })
    }

    /// How many tasks there are.
    pub fn tasks(&self) -> u64 {
        let parts = if self.statistical.is_some() { 2 } else { 1 };
        (parts * self.options.points[0]) as u64
    }

    /// The result from the records of all tasks, by number.
    ///
    /// # Errors
    /// Where there is no likelihood.
    pub fn finish(self, records: &[StretchRecord]) -> Result<PlaneScan, TestError> {
        let Self { inputs, parameters, options, range, mut plane, statistical: mut part } = self;
        let (of_plane, of_part) = records.split_at(options.points[0].min(records.len()));
        let before = plane.free.nll;
        plane.learn(of_plane);
        let contours = plane.contours(&options.levels);
        let mut points = plane.points();
        let mut warnings = plane.warnings(&contours);
        let (mut converged, mut fits) = (plane.converged(), plane.fits());
        let mut contours_of_part = Vec::new();
        if let Some(part) = &mut part {
            if plane.free.nll < before {
                // What is held was held at another minimum.
                *part = statistical(inputs, parameters, &plane)?;
                part.learn(&part.all_columns());
            } else {
                part.learn(of_part);
            }
            contours_of_part = part.contours(&options.levels);
            for (point, other) in points.iter_mut().zip(part.points()) {
                point.delta_statistical = Some(other.delta_twice_nll);
            }
            let remarks = part.warnings(&contours_of_part);
            warnings.extend(remarks.into_iter().map(|warning| format!("statistical part: {warning}")));
            converged &= part.converged();
            fits += part.fits();
        }
        Ok(PlaneScan {
            best: parameters.map(|p| plane.free.theta[p]),
            range,
            shape: options.points,
            points,
            contours,
            statistical: contours_of_part,
            converged,
            warnings,
            fits,
        })
    }
}

/// The same plane with everything that has a constraint held where the best fit has it.
fn statistical<'a>(
    inputs: Inputs<'a>,
    parameters: [usize; 2],
    plane: &Surface<'a>,
) -> Result<Surface<'a>, TestError> {
    let mut part = Surface::new(inputs, parameters, &plane.free.theta, &constrained_too(&inputs))?;
    part.lead(plane.axes.clone());
    Ok(part)
}

impl Tasks for PlaneStudy<'_> {
    type Worker<'w>
        = ()
    where
        Self: 'w;
    type Record = StretchRecord;

    fn worker(&self) {}

    fn run(&self, (): &mut (), task: u64) -> StretchRecord {
        let columns = self.options.points[0];
        let (part, at) = (task as usize / columns, task as usize % columns);
        match &self.statistical {
            Some(surface) if part > 0 => surface.column(at),
            _ => self.plane.column(at),
        }
    }
}
