//! Where the fits of a profile begin: beside fits that are known, along their tangents, and on the other side of constraints.

use zstat_core::fit::{Curvature, Known, Objective};
use zstat_core::model::Parameter;

use super::{Fit, Profile, SearchFor};

/// A start so near to a minimum, in conditional standard deviations of every parameter and in NLL, leads there.
const NEAR: f64 = 0.25;
const NEAR_NLL: f64 = 0.03;

impl Profile<'_, '_> {
    pub(super) fn moved(&self, theta: &[f64], mu: f64) -> Vec<f64> {
        let mut start = theta.to_vec();
        start[self.poi] = mu;
        start
    }

    /// The point with every constrained parameter on the other side of where its constraint holds it: one-sided variations
    /// have minima on both.
    pub(super) fn mirrored(&self, theta: &[f64]) -> Vec<f64> {
        let model = self.nll.model();
        let one = |(i, parameter): (usize, &Parameter)| {
            let [lower, upper] = self.bounds[i];
            match parameter.constraint.with_aux(self.nll.data().aux[i]).centre_and_width() {
                Some((centre, _)) if !self.fixed[i] => (2.0 * centre - theta[i]).max(lower).min(upper),
                _ => theta[i],
            }
        };
        model.parameters().iter().enumerate().map(one).collect()
    }

    /// The held fit nearest to `mu`, which would stand at `place`.
    pub(super) fn nearest(&self, place: usize, mu: f64) -> Option<usize> {
        let around = place.saturating_sub(1)..(place + 1).min(self.held.len());
        around.min_by(|&a, &b| (self.held[a].mu - mu).abs().total_cmp(&(self.held[b].mu - mu).abs()))
    }

    /// Where the fit at `mu` is to be expected: along the tangent of a held fit, or of the free one.
    pub(super) fn predicted(&mut self, held: Option<usize>, mu: f64) -> Vec<f64> {
        let fit = match held {
            Some(at) => self.held[at].clone(),
            None => self.free().clone(),
        };
        let tangent = match (&self.search, fit.tangent) {
            (SearchFor::One { tangent, .. }, _) => tangent.clone(),
            (_, Some(known)) => known,
            (_, None) => match self.free().tangent.clone() {
                // That of the free fit leads nearly as near, and costs nothing more.
                Some(known) => known,
                None => {
                    let theta = self.free().theta.clone();
                    let tangent = self.tangent(&theta);
                    self.free().tangent = Some(tangent.clone());
                    tangent
                }
            },
        };
        let mut start = self.moved(&fit.theta, mu);
        let step = mu - fit.mu;
        for (i, rate) in tangent.iter().enumerate().filter(|(i, _)| *i != self.poi && !self.fixed[*i]) {
            let [lower, upper] = self.bounds[i];
            start[i] = (fit.theta[i] + step * rate).max(lower).min(upper);
        }
        // A long way along a tangent may leave the likelihood's domain, or lead uphill.
        let plain = self.moved(&fit.theta, mu);
        match (self.nll.value(&start), self.nll.value(&plain)) {
            (Ok(predicted), Ok(unmoved)) if predicted <= unmoved => start,
            (Ok(_), Err(_)) => start,
            _ => plain,
        }
    }

    /// dθ/dμ at a minimum: −H⁻¹ ∂²NLL/∂θ∂μ over what is free and on no bound; empty where there is none.
    pub(super) fn tangent(&mut self, theta: &[f64]) -> Vec<f64> {
        let mut gradient = vec![0.0; theta.len()];
        if self.nll.hessian(theta, Curvature::Exact, &mut gradient, &mut self.hessian).is_err() {
            return Vec::new();
        }
        self.tangent_here(theta)
    }

    /// The same with second derivatives that are known.
    pub(super) fn tangent_here(&mut self, theta: &[f64]) -> Vec<f64> {
        let n = theta.len();
        let is_free = |i: usize| {
            let [lower, upper] = self.bounds[i];
            i != self.poi && !self.fixed[i] && theta[i] > lower && theta[i] < upper
        };
        let free: Vec<bool> = (0..n).map(is_free).collect();
        self.has_curvature = self.solver.factor(&self.hessian, None, &free).is_ok();
        if !self.has_curvature {
            return Vec::new();
        }
        let mut unit = vec![0.0; n];
        unit[self.poi] = 1.0;
        let (mut column, mut out) = (vec![0.0; n], vec![0.0; n]);
        self.hessian.multiply(&unit, &mut column);
        self.solver.solve(&column, &mut out);
        out.iter_mut().for_each(|x| *x = -*x);
        if out.iter().all(|x| x.is_finite()) { out } else { Vec::new() }
    }

    /// The lower of a fit and the one from another start: a search that comes near the fit ends there. Beside the kinks of
    /// piecewise interpolations there may be other minima as near.
    pub(super) fn also_from(&mut self, fit: Fit, start: &[f64], held: bool) -> Fit {
        let fitter = self.fitter;
        // The curvature is that of the last tangent, which is of this profile; none of one that was never taken.
        if !fit.converged || !self.has_curvature || !self.nll.model().kinked().is_empty() {
            let other = self.search(fitter, start, held, None).0;
            return self.lower(fit, other);
        }
        let within: Vec<f64> = (0..start.len()).map(|i| NEAR / self.hessian.diagonal(i).sqrt()).collect();
        let known = Known { theta: &fit.theta, value: fit.nll, within: &within, rise: NEAR_NLL };
        if self.nll.value(start).is_ok_and(|value| known.is_near(start, value)) {
            return fit;
        }
        match self.search(fitter, start, held, Some(&known)) {
            (_, true) => fit,
            (other, false) => self.lower(fit, other),
        }
    }
}
