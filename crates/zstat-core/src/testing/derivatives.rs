//! Derivatives of an [`Objective`] against extrapolated differences of its value and gradient.
//!
//! Differences of several step widths are extrapolated to width zero (Ridders, Adv. Eng. Software 4 (1982) 75); how
//! well the extrapolations agree is the error that the comparison allows for. At an edge of the function's domain, and
//! at a kink, differences are one-sided, towards larger values.

use crate::fit::{Curvature, Objective};

/// Relative error that is accepted besides the differences' own.
const TOLERANCE: f64 = 1e-7;
/// Widest step, relative to max(1, |θ|).
const STEP: f64 = 1e-2;
/// Number of step widths, each half the one before.
const LEVELS: usize = 8;

/// Compares the gradient at `theta` with differences of the value, parameter by parameter.
///
/// `names` are for the message; parameters without a name are numbered.
///
/// # Panics
/// If they differ, or the value of `gradient` is not that of `value`, or nothing can be evaluated at `theta`.
#[track_caller]
pub fn check_gradient(objective: &mut dyn Objective, theta: &[f64], names: &[&str]) {
    let mut gradient = vec![f64::NAN; theta.len()];
    let value = evaluate(objective.value(theta), theta);
    let again = evaluate(objective.gradient(theta, &mut gradient), theta);
    assert!(close(again, value, 1e-12), "`gradient` gives the value {again}, `value` gives {value}");
    let scale = gradient.iter().fold(1.0_f64, |scale, slope| scale.max(slope.abs()));
    for (index, &found) in gradient.iter().enumerate() {
        let mut at = |shift: f64| {
            let mut point = theta.to_vec();
            point[index] += shift;
            objective.value(&point).ok().map(|value| vec![value])
        };
        let numeric = extrapolate(&mut at, theta[index]);
        let (expected, error) = (numeric.slope[0], numeric.error[0]);
        let limit = TOLERANCE * scale + 10.0 * error;
        assert!(
            (found - expected).abs() <= limit && error <= 1e-4 * scale,
            "gradient in {}: found {found:e}, differences give {expected:e} ± {error:e} ({}) at {theta:?}",
            label(names, index),
            numeric.side(),
        );
    }
}

/// Compares the exact Hessian at `theta` with differences of the gradient, row by row.
///
/// # Panics
/// If they differ, or value and gradient are not those of `gradient`, or nothing can be evaluated at `theta`.
#[track_caller]
pub fn check_hessian(objective: &mut dyn Objective, theta: &[f64], names: &[&str]) {
    let n = theta.len();
    let (mut gradient, mut same) = (vec![f64::NAN; n], vec![f64::NAN; n]);
    let mut hessian = objective.new_hessian();
    let value = evaluate(objective.gradient(theta, &mut gradient), theta);
    let again = evaluate(objective.hessian(theta, Curvature::Exact, &mut same, &mut hessian), theta);
    assert!(close(again, value, 1e-12), "`hessian` gives the value {again}, `gradient` gives {value}");
    let scale = gradient.iter().fold(1.0_f64, |scale, slope| scale.max(slope.abs()));
    for index in 0..n {
        let (a, b) = (same[index], gradient[index]);
        let name = label(names, index);
        assert!(
            (a - b).abs() <= 1e-12 * scale,
            "gradient in {name}: `hessian` gives {a:e}, `gradient` {b:e}"
        );
    }
    let dense = hessian.to_dense();
    for row in 0..n {
        check_row(objective, theta, names, row, &dense[row * n..(row + 1) * n]);
    }
}

#[track_caller]
fn check_row(objective: &mut dyn Objective, theta: &[f64], names: &[&str], row: usize, found: &[f64]) {
    let mut at = |shift: f64| {
        let mut point = theta.to_vec();
        point[row] += shift;
        let mut gradient = vec![f64::NAN; point.len()];
        objective.gradient(&point, &mut gradient).ok().map(|_| gradient)
    };
    let numeric = extrapolate(&mut at, theta[row]);
    let scale = found.iter().fold(1.0_f64, |scale, entry| scale.max(entry.abs()));
    for (column, &entry) in found.iter().enumerate() {
        let (expected, error) = (numeric.slope[column], numeric.error[column]);
        let limit = TOLERANCE * scale + 10.0 * error;
        assert!(
            (entry - expected).abs() <= limit && error <= 1e-4 * scale,
            "Hessian in {} and {}: found {entry:e}, differences give {expected:e} ± {error:e} ({}) at {theta:?}",
            label(names, row),
            label(names, column),
            numeric.side(),
        );
    }
}

#[track_caller]
fn evaluate(result: Result<f64, crate::fit::EvalError>, theta: &[f64]) -> f64 {
    match result {
        Ok(value) => value,
        Err(error) => panic!("no value at {theta:?}: {error}"),
    }
}

fn close(a: f64, b: f64, relative: f64) -> bool {
    (a - b).abs() <= relative * b.abs().max(1.0)
}

fn label(names: &[&str], index: usize) -> String {
    names.get(index).map_or_else(|| format!("parameter {index}"), |name| format!("`{name}`"))
}

/// A derivative from differences, one entry a component of the function.
struct Differences {
    slope: Vec<f64>,
    error: Vec<f64>,
    central: bool,
}

impl Differences {
    fn side(&self) -> &'static str {
        if self.central { "central" } else { "one-sided" }
    }
}

/// Central differences; one-sided ones where central ones leave the domain or do not settle, or where the two settle
/// on different values: at a kink central differences give the mean of both slopes.
fn extrapolate(at: &mut dyn FnMut(f64) -> Option<Vec<f64>>, theta: f64) -> Differences {
    let width = STEP * theta.abs().max(1.0);
    let nothing = || Differences { slope: vec![f64::NAN], error: vec![f64::NAN], central: false };
    match (narrowing(at, width, true), narrowing(at, width, false)) {
        (Some(central), Some(forward)) => {
            let kinked = settled(&forward) && !agree(&central, &forward);
            if kinked || !settled(&central) { forward } else { central }
        }
        (central, forward) => central.or(forward).unwrap_or_else(nothing),
    }
}

fn agree(a: &Differences, b: &Differences) -> bool {
    let scale = a.slope.iter().fold(1.0_f64, |scale, slope| scale.max(slope.abs()));
    let limit = |i: usize| 1e-6 * scale + 10.0 * (a.error[i] + b.error[i]);
    (0..a.slope.len()).all(|i| (a.slope[i] - b.slope[i]).abs() <= limit(i))
}

/// Starts narrower for functions that end, bend sharply or diverge nearby.
fn narrowing(at: &mut dyn FnMut(f64) -> Option<Vec<f64>>, width: f64, central: bool) -> Option<Differences> {
    let worst = |d: &Differences| d.error.iter().fold(0.0_f64, |a, &b| a.max(b));
    let mut best: Option<Differences> = None;
    for shrink in [1.0, 1e-1, 1e-2, 1e-3] {
        let Some(found) = neville(at, width * shrink, central) else { continue };
        if best.as_ref().is_none_or(|best| worst(&found) < worst(best)) {
            best = Some(found);
        }
        if best.as_ref().is_some_and(settled) {
            break;
        }
    }
    best
}

fn settled(differences: &Differences) -> bool {
    let scale = differences.slope.iter().fold(1.0_f64, |scale, slope| scale.max(slope.abs()));
    differences.error.iter().all(|&error| error <= 1e-6 * scale)
}

/// The extrapolation table; per component the entry with the smallest error. None where a point has no value.
fn neville(at: &mut dyn FnMut(f64) -> Option<Vec<f64>>, width: f64, central: bool) -> Option<Differences> {
    let base = if central { None } else { Some(at(0.0)?) };
    // Errors go with h², h⁴, … for central and with h, h², … for one-sided differences.
    let ratio = if central { 4.0 } else { 2.0 };
    let mut previous: Vec<Vec<f64>> = Vec::new();
    let mut best: Option<Differences> = None;
    for level in 0..LEVELS {
        let h = width * 0.5_f64.powi(level as i32);
        let upper = at(h)?;
        let first = match &base {
            None => difference(&upper, &at(-h)?, 2.0 * h),
            Some(base) => difference(&upper, base, h),
        };
        let mut current = vec![first];
        for (order, coarse) in previous.iter().enumerate() {
            let weight = f64::powi(ratio, order as i32 + 1);
            let fine = &current[order];
            let next: Vec<f64> =
                fine.iter().zip(coarse).map(|(f, c)| (weight * f - c) / (weight - 1.0)).collect();
            let error: Vec<f64> =
                (0..next.len()).map(|i| (next[i] - fine[i]).abs().max((next[i] - coarse[i]).abs())).collect();
            keep_best(&mut best, &next, &error, central);
            current.push(next);
        }
        previous = current;
    }
    best
}

fn keep_best(best: &mut Option<Differences>, slope: &[f64], error: &[f64], central: bool) {
    let Some(best) = best else {
        *best = Some(Differences { slope: slope.to_vec(), error: error.to_vec(), central });
        return;
    };
    for i in 0..slope.len() {
        if error[i] < best.error[i] {
            best.slope[i] = slope[i];
            best.error[i] = error[i];
        }
    }
}

fn difference(upper: &[f64], lower: &[f64], width: f64) -> Vec<f64> {
    upper.iter().zip(lower).map(|(u, l)| (u - l) / width).collect()
}
