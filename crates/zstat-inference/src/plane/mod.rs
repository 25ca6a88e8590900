//! Profile scans of two parameters: 2 ΔNLL on a grid, and the contours where it has a threshold.
//!
//! The grid says where contours run; their points, on the edges of the grid, are roots of the profile.

mod surface;

use crate::contour::ContourLine;
use crate::scan::{constrained_too, grid};
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
    let mut plane = Surface::new(inputs, parameters, inputs.start, inputs.fixed)?;
    let range = options.range.unwrap_or_else(|| plane.usual_ranges(&options.levels));
    let axes = [0, 1].map(|k| grid(range[k], options.points[k]));
    plane.fit(&axes, tick);
    let contours = plane.contours(&options.levels);
    let mut statistical = None;
    if options.statistical {
        let mut part =
            Surface::new(inputs, parameters, &plane.free.theta.clone(), &constrained_too(&inputs))?;
        part.fit(&axes, tick);
        let contours = part.contours(&options.levels);
        statistical = Some((part, contours));
    }
    let mut points = plane.points();
    let mut warnings = plane.warnings(&contours);
    let (mut converged, mut fits) = (plane.converged(), plane.fits());
    let mut of_part = Vec::new();
    if let Some((part, contours)) = statistical {
        for (point, other) in points.iter_mut().zip(part.points()) {
            point.delta_statistical = Some(other.delta_twice_nll);
        }
        warnings.extend(
            part.warnings(&contours).into_iter().map(|warning| format!("statistical part: {warning}")),
        );
        converged &= part.converged();
        fits += part.fits();
        of_part = contours;
    }
    Ok(PlaneScan {
        best: parameters.map(|p| plane.free.theta[p]),
        range,
        shape: options.points,
        points,
        contours,
        statistical: of_part,
        converged,
        warnings,
        fits,
    })
}
