//! The maximum-likelihood fit of a model to data, with all that is reported about it.

use super::covariance::{Uncertainties, uncertainties};
use super::minima::{Found, find_minima};
use super::minos::{MinosOutcome, minos};
use super::{
    Covariance, FitOptions, FitResult, FitStatus, Fitter, FormulaResult, Minimum, Minos, OtherMinimum,
    ParameterResult, Problem, Termination,
};
use crate::likelihood::Nll;
use crate::model::Parameter;

/// Fits. A fit that does not converge is a result too: see its status.
///
/// # Panics
/// If the lengths in `options` do not fit the model.
pub fn run(nll: &mut Nll<'_>, fitter: &dyn Fitter, options: &FitOptions) -> FitResult {
    let mut fitted = minimum(nll, fitter, options);
    fitted.add_minos(nll, fitter, options);
    fitted.result
}

/// A fit whose MINOS intervals are still to come.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The result so far.
    pub result: FitResult,
    best: Minimum,
    found: Option<Uncertainties>,
}

impl Fitted {
    /// Adds the MINOS intervals that `options` asks for, and what there is to say about them.
    pub fn add_minos(&mut self, nll: &mut Nll<'_>, fitter: &dyn Fitter, options: &FitOptions) {
        let bounds: Vec<[f64; 2]> = nll.model().parameters().iter().map(|p| p.bounds).collect();
        let problem = Problem::new(&options.start, &bounds, &options.fixed);
        let Self { result, best, found } = self;
        let warnings = &mut result.status.warnings;
        for (i, outcome) in minos_intervals(nll, fitter, &problem, options, best, found.as_ref(), warnings) {
            result.parameters[i].minos = Some(outcome.interval);
        }
    }
}

/// [`run`] without the MINOS intervals: the minimum, with everything that does not need another fit.
///
/// # Panics
/// If the lengths in `options` do not fit the model.
pub fn minimum(nll: &mut Nll<'_>, fitter: &dyn Fitter, options: &FitOptions) -> Fitted {
    let model = nll.model();
    let parameters = model.parameters();
    let bounds: Vec<[f64; 2]> = parameters.iter().map(|p| p.bounds).collect();
    let problem = Problem::new(&options.start, &bounds, &options.fixed);
    let mut warnings = Vec::new();
    let mut minima = find_minima(nll, fitter, &problem, options, &mut warnings);
    let Found { minimum: best, on_kink, starts } = minima.remove(0);
    if !on_kink.is_empty() {
        warnings.push(format!(
            "on the kink of {}: the likelihood has a corner there, and the symmetric uncertainty is that of the side above",
            names(&on_kink, parameters)
        ));
    }
    let at_bound = bound_parameters(&best, &problem);
    let found = match best.termination {
        Termination::InvalidStart(_) => None,
        _ => uncertainties(nll, &best.theta, &problem, &at_bound),
    };
    let edge = super::domain::on_edge(nll, &best.theta);
    let is_held = edge.is_some() || !on_kink.is_empty();
    explain(&best, found.as_ref(), &at_bound, is_held, parameters, &mut warnings);
    warnings.extend(edge);
    let is_saddle = !is_held && found.as_ref().is_some_and(|found| !found.downhill.is_empty());
    warnings.extend(nll.root_floors(&best.theta));
    let constant = nll.constant();
    let twice_nll = Some(2.0 * (best.value + constant)).filter(|value| value.is_finite());
    let rows = parameters.iter().enumerate().map(|(i, parameter)| {
        let constraint = parameter.constraint.with_aux(nll.data().aux[i]);
        let width = constraint.centre_and_width();
        let sigma = found.as_ref().and_then(|u| u.sigma(i));
        ParameterResult {
            name: parameter.name.clone(),
            value: best.theta[i],
            uncertainty: if options.fixed[i] { Some(0.0) } else { sigma },
            minos: None,
            init: options.start[i],
            bounds: parameter.bounds,
            fixed: options.fixed[i],
            constraint: parameter.constraint.name(),
            pull: width.map(|(centre, width)| (best.theta[i] - centre) / width),
            constraint_ratio: width.and_then(|(_, width)| sigma.map(|sigma| sigma / width)),
            at_bound: at_bound.contains(&i),
        }
    });
    let rows: Vec<ParameterResult> = rows.collect();
    let result = FitResult {
        twice_nll,
        poi: model.poi().iter().map(|p| parameters[p.0].name.clone()).collect(),
        covariance: found.as_ref().filter(|u| !u.matrix.is_empty()).map(|u| covariance(u, parameters)),
        parameters: rows,
        formulas: formulas(nll, &best.theta, found.as_ref()),
        status: status(&best, minima.len() + 1, &at_bound, is_saddle, parameters, warnings),
        minima: others(&best, starts, minima, constant, options.multi_start),
    };
    Fitted { result, best, found }
}

fn bound_parameters(best: &Minimum, problem: &Problem<'_>) -> Vec<usize> {
    let on_bound = |i: usize| {
        let [lower, upper] = problem.bounds[i];
        !problem.fixed[i] && (best.theta[i] <= lower || best.theta[i] >= upper)
    };
    (0..best.theta.len()).filter(|&i| on_bound(i)).collect()
}

fn names(indices: &[usize], parameters: &[Parameter]) -> String {
    let shown =
        indices.iter().take(8).map(|&i| format!("`{}`", parameters[i].name)).collect::<Vec<_>>().join(", ");
    match indices.len() {
        0..=8 => shown,
        n => format!("{shown} and {} more", n - 8),
    }
}

/// Turns what is unusual into sentences; `is_held` where an edge or a corner makes the minimum.
fn explain(
    best: &Minimum,
    found: Option<&Uncertainties>,
    at_bound: &[usize],
    is_held: bool,
    parameters: &[Parameter],
    warnings: &mut Vec<String>,
) {
    if !at_bound.is_empty() {
        warnings.push(format!(
            "at a bound: {}; the symmetric uncertainty of such a parameter means little",
            names(at_bound, parameters)
        ));
    }
    let Some(found) = found else {
        if !matches!(best.termination, Termination::InvalidStart(_)) {
            warnings.push("no second derivatives at the minimum, so no uncertainties".to_owned());
        }
        return;
    };
    if !found.left_out.is_empty() {
        warnings.push(format!(
            "the Hessian is not positive definite with {} free: the covariance holds {} fixed at the bound",
            names(&found.left_out, parameters),
            if found.left_out.len() == 1 { "it" } else { "each" }
        ));
    }
    if !found.undetermined.is_empty() {
        warnings.push(format!(
            "flat direction: the data and constraints do not determine {}; their uncertainties are left open",
            names(&found.undetermined, parameters)
        ));
    }
    if !found.downhill.is_empty() && is_held {
        warnings.push(format!(
            "no uncertainties: the minimum is where the likelihood has an edge or a corner, and without that it would rise along a direction dominated by {}",
            names(&found.downhill, parameters)
        ));
    } else if !found.downhill.is_empty() {
        warnings.push(format!(
            "not a minimum: the likelihood rises along a direction dominated by {}; try --multi-start",
            names(&found.downhill, parameters)
        ));
    }
}

fn minos_intervals(
    nll: &mut Nll<'_>,
    fitter: &dyn Fitter,
    problem: &Problem<'_>,
    options: &FitOptions,
    best: &Minimum,
    found: Option<&Uncertainties>,
    warnings: &mut Vec<String>,
) -> Vec<(usize, MinosOutcome)> {
    let parameters = nll.model().parameters();
    let mut out = Vec::new();
    for &i in &options.minos {
        let name = &parameters[i].name;
        if options.fixed[i] {
            warnings.push(format!("MINOS: `{name}` is fixed"));
            continue;
        }
        if best.termination != Termination::Converged {
            warnings.push(format!("MINOS: no interval of `{name}`, because the fit did not converge"));
            continue;
        }
        let range = problem.bounds[i][1] - problem.bounds[i][0];
        let variance = found.and_then(|u| u.covariance(i, i)).filter(|v| *v > 0.0);
        let sigma = variance.map_or_else(|| if range.is_finite() { 0.1 * range } else { 1.0 }, f64::sqrt);
        let slope = |j| found.and_then(|u| u.covariance(i, j)).unwrap_or(0.0) / (sigma * sigma);
        let slopes: Vec<f64> = (0..parameters.len()).map(|j| if j == i { 1.0 } else { slope(j) }).collect();
        let outcome = minos(nll, fitter, problem, best, i, sigma, &slopes);
        if let Some(why) = &outcome.failed {
            warnings.push(format!("MINOS of `{name}`: {why}"));
        }
        if outcome.failed.is_none() && outcome.lower_minimum.is_none() {
            let Minos { down, up } = outcome.interval;
            for (end, side, bound) in [(down, "lower", 0), (up, "upper", 1)] {
                if end.is_none() {
                    let bound = problem.bounds[i][bound];
                    warnings.push(format!(
                        "MINOS of `{name}`: no {side} end, 2 ΔNLL stays below 1 up to the bound {bound}"
                    ));
                }
            }
        }
        if let Some(drop) = outcome.lower_minimum {
            warnings.push(format!(
                "MINOS of `{name}` found a minimum lower by {drop:.3e} in 2 NLL; try --multi-start"
            ));
        }
        out.push((i, outcome));
    }
    out
}

/// The model's formulas at the minimum, with uncertainties to first order.
fn formulas(nll: &mut Nll<'_>, theta: &[f64], found: Option<&Uncertainties>) -> Vec<FormulaResult> {
    let slopes = nll.formula_slopes(theta);
    let formulas = nll.model().formulas().iter().zip(slopes);
    formulas
        .map(|(formula, (value, slopes))| FormulaResult {
            name: formula.name.clone(),
            formula: formula.text().to_owned(),
            value,
            uncertainty: found.filter(|_| value.is_finite()).and_then(|found| propagated(&slopes, found)),
        })
        .collect()
}

/// √(gᵀ V g) for the slopes g by parameter; none where the covariance has no number. Fixed parameters add nothing.
fn propagated(slopes: &[(usize, f64)], found: &Uncertainties) -> Option<f64> {
    // Differences of large terms may leave a little less than nothing.
    found.between(slopes, slopes).map(|variance| variance.max(0.0).sqrt())
}

fn covariance(found: &Uncertainties, parameters: &[Parameter]) -> Covariance {
    let n = found.indices.len();
    Covariance {
        names: found.indices.iter().map(|&i| parameters[i].name.clone()).collect(),
        indices: found.indices.clone(),
        matrix: found.matrix.chunks(n.max(1)).map(<[f64]>::to_vec).collect(),
        flat: found.flat.clone(),
    }
}

pub(super) fn reason(termination: &Termination) -> String {
    match termination {
        Termination::Converged => "edm below tolerance".to_owned(),
        Termination::NoProgress => {
            "no step lowers the value any further, but the edm is above tolerance".to_owned()
        }
        Termination::Known => "at a minimum known before".to_owned(),
        Termination::IterationLimit => "the limit on iterations was reached".to_owned(),
        Termination::InvalidStart(why) => format!("no likelihood at the start values: {why}"),
    }
}

fn status(
    best: &Minimum,
    minima: usize,
    at_bound: &[usize],
    is_saddle: bool,
    parameters: &[Parameter],
    warnings: Vec<String>,
) -> FitStatus {
    let converged = best.termination == Termination::Converged;
    FitStatus {
        converged: converged && !is_saddle,
        reason: match converged && is_saddle {
            true => "the slopes are 0, but it is no minimum".to_owned(),
            false => reason(&best.termination),
        },
        iterations: best.iterations,
        evaluations: best.evaluations,
        edm: best.edm,
        minima,
        at_bound: at_bound.iter().map(|&i| parameters[i].name.clone()).collect(),
        warnings,
    }
}

/// The list of minima of a multi-start fit, the best first.
fn others(
    best: &Minimum,
    starts: usize,
    rest: Vec<Found>,
    constant: f64,
    multi_start: usize,
) -> Vec<OtherMinimum> {
    if multi_start <= 1 {
        return Vec::new();
    }
    let rest = rest.into_iter().map(|found| (found.minimum, found.starts));
    std::iter::once((best.clone(), starts))
        .chain(rest)
        .map(|(minimum, starts)| OtherMinimum {
            twice_nll: 2.0 * (minimum.value + constant),
            values: minimum.theta,
            starts,
        })
        .collect()
}
