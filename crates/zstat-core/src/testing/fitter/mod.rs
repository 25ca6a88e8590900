//! Conformance of a fitter to the contract of [`crate::fit`]: [`check_fitter`], for every registered fitter and for
//! third parties' own.

mod functions;

pub use functions::Function;

use crate::fit::{Curvature, Fitter, Known, Minimum, Objective, Problem, Termination};
use functions::{Counting, Flat, Nothing, Nowhere, Quadratic, Recorded, Rosenbrock, Saddle};

/// What is asked of a fitter beyond the contract.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demands {
    /// Largest difference between the value found and the true minimum.
    pub value: f64,
    /// Largest error of a parameter, in units of its uncertainty 1/√H_ii (of 1 where that is larger).
    pub theta: f64,
    /// Largest EDM with `Converged`.
    pub edm: f64,
    /// Problems of more parameters are left out.
    pub dimensions: usize,
}

impl Demands {
    /// For fitters that use derivatives.
    pub const DERIVATIVES: Self = Self { value: 1e-8, theta: 2e-4, edm: 1e-8, dimensions: 60 };
    /// For fitters that use values only.
    pub const VALUES: Self = Self { value: 1e-7, theta: 1e-3, edm: 1e-7, dimensions: 4 };
}

const INFINITE: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

/// A problem and its solution.
struct Case<'a> {
    what: &'a str,
    start: Vec<f64>,
    bounds: Vec<[f64; 2]>,
    fixed: Vec<bool>,
    /// Value at the minimum.
    value: f64,
    /// The minimum; NaN where any coordinate will do.
    theta: Vec<f64>,
    /// Curvatures that set the scale of errors.
    widths: Vec<f64>,
}

impl<'a> Case<'a> {
    fn new(what: &'a str, start: &[f64], bounds: &[[f64; 2]], value: f64, theta: &[f64]) -> Self {
        Self {
            what,
            start: start.to_vec(),
            bounds: bounds.to_vec(),
            fixed: vec![false; start.len()],
            value,
            theta: theta.to_vec(),
            widths: vec![1.0; start.len()],
        }
    }
}

/// Runs a fitter on problems with known answers: quadratics of all conditions, a curved valley, minima on bounds, flat
/// directions, functions without value in part of the box, nothing to fit, and nowhere to start.
///
/// # Panics
/// With the problem's name and what was wrong, at the first violation of the contract or of the demands.
#[track_caller]
pub fn check_fitter(fitter: &dyn Fitter, demands: &Demands) {
    quadratics(fitter, demands);
    valleys(fitter, demands);
    minima_on_bounds(fitter, demands);
    flat_directions(fitter, demands);
    regions_without_value(fitter, demands);
    saddle(fitter, demands);
    fixed_parameters(fitter, demands);
    nowhere_to_start(fitter);
}

#[track_caller]
fn quadratics(fitter: &dyn Fitter, demands: &Demands) {
    for (n, spread, coupling) in
        [(1, 1.0, 0.0), (2, 100.0, 1.0), (4, 1e4, 3.0), (12, 1e6, 0.5), (60, 1e3, 2.0)]
    {
        if n > demands.dimensions {
            continue;
        }
        let centre: Vec<f64> = (0..n).map(|i| (i as f64 * 1.7).sin() * 2.0).collect();
        let function = Quadratic { centre: centre.clone(), spread, coupling };
        let last = (n - 1).max(1) as f64;
        let widths = (0..n).map(|i| spread.powf(-0.5 * i as f64 / last)).collect();
        for bounds in [INFINITE, [-5.0, 5.0], [f64::NEG_INFINITY, 4.0]] {
            let what = format!("quadratic, {n} parameters, condition {spread}, bounds {bounds:?}");
            let mut case = Case::new(&what, &vec![0.5; n], &vec![bounds; n], 0.0, &centre);
            case.widths = Vec::clone(&widths);
            solve(fitter, demands, &function, &case);
        }
    }
}

#[track_caller]
fn valleys(fitter: &dyn Fitter, demands: &Demands) {
    let free = Case::new("curved valley", &[-1.2, 1.0], &[INFINITE; 2], 0.0, &[1.0, 1.0]);
    solve(fitter, demands, &Rosenbrock, &free);
    let boxed = Case::new("curved valley in a box", &[-1.2, 1.0], &[[-1.5, 2.0]; 2], 0.0, &[1.0, 1.0]);
    solve(fitter, demands, &Rosenbrock, &boxed);
    // At y ≤ 1/4 the best x solves 400 x³ − 98 x − 2 = 0 near 1/2.
    let (x, y) = (0.504_879_542_410_327_4, 0.25);
    let value = 100.0 * f64::powi(y - x * x, 2) + f64::powi(1.0 - x, 2);
    let cut =
        Case::new("curved valley cut by a bound", &[-1.2, 0.0], &[[-2.0, 2.0], [-1.0, y]], value, &[x, y]);
    solve(fitter, demands, &Rosenbrock, &cut);
}

#[track_caller]
fn minima_on_bounds(fitter: &dyn Fitter, demands: &Demands) {
    let function = Quadratic { centre: vec![-1.0, 0.3, 2.0], spread: 1.0, coupling: 0.0 };
    let value = 0.5 + 0.5;
    let solution = [0.0, 0.3, 1.0];
    for start in [[0.5, 0.5, 0.5], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0]] {
        let what = format!("minimum on bounds, from {start:?}");
        solve(fitter, demands, &function, &Case::new(&what, &start, &[[0.0, 1.0]; 3], value, &solution));
    }
    let outside = Case::new("start outside the box", &[7.0, -7.0, 7.0], &[[0.0, 1.0]; 3], value, &solution);
    solve(fitter, demands, &function, &outside);
    let pinned = Case::new(
        "bounds that meet",
        &[0.5, 0.5, 0.5],
        &[[0.0, 1.0], [0.3, 0.3], [0.0, 1.0]],
        value,
        &solution,
    );
    solve(fitter, demands, &function, &pinned);
    // Gradient exactly zero on the bound that holds the minimum.
    let function = Quadratic { centre: vec![0.0, 1.0], spread: 1.0, coupling: 0.0 };
    let touching = Case::new("minimum that touches bounds", &[0.5, 0.5], &[[0.0, 1.0]; 2], 0.0, &[0.0, 1.0]);
    solve(fitter, demands, &function, &touching);
    // Nothing is seen and no background expected: a line down to the bound, where the expectation is exactly zero.
    for start in [1.0, 5.0, 0.3, 10.0, 0.0] {
        let what = format!("line down to a bound, from {start}");
        let case = Case::new(&what, &[start], &[[0.0, 10.0]], 0.0, &[0.0]);
        let minimum = solve(fitter, demands, &Nothing, &case);
        assert_eq!(minimum.theta, [0.0], "{what}: on the bound");
    }
}

#[track_caller]
fn flat_directions(fitter: &dyn Fitter, demands: &Demands) {
    let any = f64::NAN;
    for bounds in [INFINITE, [-3.0, 3.0]] {
        let what = format!("flat directions, bounds {bounds:?}");
        let case = Case::new(&what, &[1.0, 2.0, 0.5, -0.5], &[bounds; 4], 0.0, &[0.0, any, any, any]);
        solve(fitter, demands, &Flat, &case);
    }
}

#[track_caller]
fn regions_without_value(fitter: &dyn Fitter, demands: &Demands) {
    let function = Counting { n: [30.0, 12.0] };
    let value = 30.0 - 30.0 * f64::ln(30.0) + 12.0 - 12.0 * f64::ln(12.0);
    let solution = [30.0, -18.0];
    for start in [[1e-3, 1.0], [100.0, 500.0], [40.0, -39.9]] {
        let what = format!("region without value, from {start:?}");
        let mut case = Case::new(&what, &start, &[[0.0, 1000.0], INFINITE], value, &solution);
        case.widths = vec![30.0_f64.sqrt(), 42.0_f64.sqrt()];
        solve(fitter, demands, &function, &case);
    }
    // The bound itself has a value only in the limit n ln ν → 0.
    let function = Counting { n: [0.0, 12.0] };
    let value = 12.0 - 12.0 * f64::ln(12.0);
    let case = Case::new(
        "minimum where the value ends",
        &[5.0, 5.0],
        &[[1e-9, 100.0], [0.0, 100.0]],
        value,
        &[1e-9, 12.0],
    );
    solve(fitter, demands, &function, &case);
}

/// From beside a saddle a fitter must leave it. (From right on it: see [`check_saddle`].)
#[track_caller]
fn saddle(fitter: &dyn Fitter, demands: &Demands) {
    let case = Case::new("saddle", &[0.05, 2.0], &[[-4.0, 4.0]; 2], -0.25, &[1.0, 0.0]);
    solve(fitter, demands, &Saddle, &case);
}

/// Checks that a fitter leaves a saddle that it starts on, where the gradient along the way down is exactly zero: two
/// variations to the same side make such a start of α = 0. Not part of [`check_fitter`].
///
/// # Panics
/// If it does not end in one of the two minima.
#[track_caller]
pub fn check_saddle(fitter: &dyn Fitter, demands: &Demands) {
    let mut case = Case::new("start on a saddle", &[0.0, 2.0], &[[-4.0, 4.0]; 2], -0.25, &[f64::NAN, 0.0]);
    let minimum = solve(fitter, demands, &Saddle, &case);
    case.what = "sides of a saddle";
    assert!((minimum.theta[0].abs() - 1.0).abs() <= demands.theta, "{}: {:?}", case.what, minimum.theta);
}

#[track_caller]
fn fixed_parameters(fitter: &dyn Fitter, demands: &Demands) {
    let function = Quadratic { centre: vec![1.0, 2.0, 3.0], spread: 1.0, coupling: 0.0 };
    let mut some = Case::new(
        "a fixed parameter",
        &[0.0, 0.1, 0.0],
        &[[-9.0, 9.0]; 3],
        0.5 * 1.9 * 1.9,
        &[1.0, 0.1, 3.0],
    );
    some.fixed[1] = true;
    solve(fitter, demands, &function, &some);

    let mut all =
        Case::new("all parameters fixed", &[0.0, 2.0, 1.0], &[[-9.0, 9.0]; 3], 2.5, &[0.0, 2.0, 1.0]);
    all.fixed = vec![true; 3];
    let minimum = solve(fitter, demands, &function, &all);
    assert_eq!(minimum.iterations, 0, "{}: iterations", all.what);
    assert_eq!(minimum.gradient, [-1.0, 0.0, -2.0], "{}: gradient", all.what);
    assert_eq!(minimum.edm, 0.0, "{}: edm", all.what);
}

#[track_caller]
fn nowhere_to_start(fitter: &dyn Fitter) {
    let mut objective = Recorded::new(&Nowhere, &[[0.0, 1.0]], vec![None]);
    let problem = Problem::new(&[0.5], &[[0.0, 1.0]], &[false]);
    let minimum = fitter.minimise(&mut objective, &problem);
    assert!(
        matches!(minimum.termination, Termination::InvalidStart(_)),
        "a function without values: {:?}",
        minimum.termination
    );
    assert!(minimum.value.is_nan(), "a function without values: value {}", minimum.value);
    assert_eq!(minimum.theta, [0.5], "a function without values: the point");
}

/// Minimises twice and checks everything the contract says.
#[track_caller]
fn solve<F: Function>(fitter: &dyn Fitter, demands: &Demands, function: &F, case: &Case<'_>) -> Minimum {
    let what = case.what;
    let fixed = case.fixed.iter().zip(&case.start).map(|(&fixed, &value)| fixed.then_some(value)).collect();
    let mut objective = Recorded::new(function, &case.bounds, fixed);
    let problem = Problem::new(&case.start, &case.bounds, &case.fixed);
    let minimum = fitter.minimise(&mut objective, &problem);
    let evaluations = objective.evaluations;
    assert_eq!(objective.trespass, None, "{what}: evaluated at a point that is not allowed");
    assert_eq!(minimum.evaluations, evaluations, "{what}: evaluations said and done");
    let again = fitter.minimise(&mut objective, &problem);
    let bits = |m: &Minimum| m.theta.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&minimum), bits(&again), "{what}: two runs differ");

    check(&mut objective, &minimum, demands, case);
    with_known(fitter, &mut objective, &problem, &minimum, demands, case);
    with_curvature(fitter, &mut objective, &problem, &minimum, demands, case);
    minimum
}

/// The minimum is the one that is expected, and all it says of itself is true.
#[track_caller]
fn check<F: Function>(
    objective: &mut Recorded<'_, F>,
    minimum: &Minimum,
    demands: &Demands,
    case: &Case<'_>,
) {
    let what = case.what;
    assert_eq!(minimum.termination, Termination::Converged, "{what}: {minimum:?}");
    let mut gradient = vec![f64::NAN; case.start.len()];
    let value = objective.gradient(&minimum.theta, &mut gradient);
    assert_eq!(value.ok().map(f64::to_bits), Some(minimum.value.to_bits()), "{what}: value at the minimum");
    assert_eq!(gradient, minimum.gradient, "{what}: gradient at the minimum");
    assert!(minimum.edm >= 0.0 && minimum.edm <= demands.edm, "{what}: edm {:e}", minimum.edm);
    let excess = minimum.value - case.value;
    assert!(excess.abs() <= demands.value, "{what}: value {:e} above the minimum", excess);
    for (index, (&found, &expected)) in minimum.theta.iter().zip(&case.theta).enumerate() {
        let error = (found - expected).abs();
        assert!(
            expected.is_nan() || error <= demands.theta * case.widths[index],
            "{what}: parameter {index} is {found}, expected {expected}"
        );
    }
}

/// Second derivatives from elsewhere, good ones and useless ones, lead to the same minimum.
#[track_caller]
fn with_curvature<F: Function>(
    fitter: &dyn Fitter,
    objective: &mut Recorded<'_, F>,
    problem: &Problem<'_>,
    minimum: &Minimum,
    demands: &Demands,
    case: &Case<'_>,
) {
    let mut gradient = vec![0.0; minimum.theta.len()];
    let nothing = objective.new_hessian();
    let mut at = |theta: &[f64]| {
        let mut hessian = objective.new_hessian();
        objective.hessian(theta, Curvature::Exact, &mut gradient, &mut hessian).ok().map(|_| hessian)
    };
    let inside = problem.start.iter().zip(problem.bounds).zip(problem.fixed);
    let inside: Vec<f64> = inside
        .map(|((x, [lower, upper]), fixed)| if *fixed { *x } else { x.max(*lower).min(*upper) })
        .collect();
    let matrices = [at(&minimum.theta), at(&inside), Some(nothing), minimum.curvature.clone()];
    for curvature in matrices.iter().flatten() {
        let found = fitter.minimise(objective, &Problem { curvature: Some(curvature), ..*problem });
        check(objective, &found, demands, case);
    }
    assert_eq!(objective.trespass, None, "{}: evaluated at a point that is not allowed", case.what);
}

/// A minimum that is known may end a search near it, and no other: that leads to the same minimum, by whatever way.
#[track_caller]
fn with_known<F: Function>(
    fitter: &dyn Fitter,
    objective: &mut Recorded<'_, F>,
    problem: &Problem<'_>,
    minimum: &Minimum,
    demands: &Demands,
    case: &Case<'_>,
) {
    let what = case.what;
    let within: Vec<f64> = case.widths.iter().map(|width| 0.2 * width).collect();
    let elsewhere: Vec<f64> = minimum.theta.iter().map(|value| value + 1e3).collect();
    for (theta, name) in [(&minimum.theta, "the minimum"), (&elsewhere, "one elsewhere")] {
        let known = Known { theta, value: minimum.value, within: &within, rise: 0.1 };
        let found = fitter.minimise(objective, &Problem { known: Some(&known), ..*problem });
        match found.termination {
            Termination::Known => {
                assert!(
                    known.is_near(&found.theta, found.value),
                    "{what}: {name} is known and was not found"
                );
            }
            _ => check(objective, &found, demands, case),
        }
    }
}
