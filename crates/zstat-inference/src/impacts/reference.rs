//! The best fit that impacts are measured from: point, covariance, pulls; and the result when all impacts are there.

use zstat_core::fit::{Covariance, FitOptions, Objective, ParameterResult, minimum};
use zstat_core::model::CorrelatedRoot;

use super::{ImpactOptions, Impacts, ParameterImpact, REMARKS};
use crate::{Inputs, TestError};

/// The best fit and what every impact is computed from.
pub(super) struct Reference<'a> {
    pub inputs: Inputs<'a>,
    pub kind: super::ImpactKind,
    pub pois: Vec<usize>,
    /// The best point.
    pub theta: Vec<f64>,
    /// −ln L there.
    pub nll: f64,
    /// By parameter: values, uncertainties, pulls.
    pub rows: Vec<ParameterResult>,
    /// Independent shifts of the correlated constraints.
    pub roots: Vec<CorrelatedRoot>,
    covariance: Option<Covariance>,
    warnings: Vec<String>,
    converged: bool,
    fits: usize,
}

impl<'a> Reference<'a> {
    /// The best fit, from `start` and from its mirror image.
    pub fn new(inputs: Inputs<'a>, options: &ImpactOptions, start: &[f64]) -> Result<Self, TestError> {
        let mut profile = inputs.profile_from(options.pois[0], start, inputs.fixed);
        let free = profile.free().clone();
        if !free.nll.is_finite() {
            return Err(profile.no_likelihood(free.mu));
        }
        let mut nll = inputs.nll();
        let fixed = inputs.fixed.to_vec();
        let fit = FitOptions { start: free.theta, fixed, minos: Vec::new(), multi_start: 1, seed: 1 };
        let found = minimum(&mut nll, inputs.fitter, &fit).result;
        let theta: Vec<f64> = found.parameters.iter().map(|p| p.value).collect();
        let mut warnings = profile.warnings().to_vec();
        warnings.extend(found.status.warnings);
        Ok(Self {
            inputs,
            kind: options.kind,
            pois: options.pois.clone(),
            nll: nll.value(&theta).unwrap_or(free.nll),
            theta,
            rows: found.parameters,
            roots: inputs.model.correlated_roots(inputs.fixed),
            covariance: found.covariance,
            warnings,
            converged: found.status.converged,
            fits: profile.fits() + 1,
        })
    }

    /// The same from a point that a refit found to be lower.
    pub fn again(&self, options: &ImpactOptions, theta: &[f64]) -> Result<Self, TestError> {
        let mut found = Self::new(self.inputs, options, theta)?;
        found.fits += self.fits;
        let drop = 2.0 * (self.nll - found.nll);
        let warning =
            format!("the first fit had missed a minimum lower by {drop:.3e} in 2 NLL, which a refit led to");
        found.warnings.insert(0, warning);
        Ok(found)
    }

    /// Covariance of two parameters; none where there is no number.
    pub fn covariance(&self, i: usize, j: usize) -> Option<f64> {
        let known = self.covariance.as_ref()?;
        let row = known.indices.binary_search(&i).ok()?;
        let column = known.indices.binary_search(&j).ok()?;
        Some(known.matrix[row][column]).filter(|value| value.is_finite())
    }

    /// Uncertainty of a free parameter; none where it has no number above 0.
    pub fn sigma(&self, i: usize) -> Option<f64> {
        self.rows[i].uncertainty.filter(|sigma| sigma.is_finite() && *sigma > 0.0)
    }

    /// Width of a parameter's constraint, around its auxiliary observation; none without constraint, or with width 0.
    pub fn width(&self, i: usize) -> Option<f64> {
        let constraint = self.inputs.model.parameters()[i].constraint.with_aux(self.inputs.data.aux[i]);
        let (_, width) = constraint.centre_and_width()?;
        Some(width).filter(|width| width.is_finite() && *width > 0.0)
    }

    /// The result.
    pub fn finish(
        mut self,
        options: &ImpactOptions,
        parameters: Vec<ParameterImpact>,
        fits: usize,
    ) -> Impacts {
        let pois = self.breakdown(&parameters);
        let groups = self.groups(&options.groups, &parameters);
        for &poi in &self.pois {
            let row = &self.rows[poi];
            if row.at_bound {
                self.warnings
                    .push(format!("`{}` is on its bound {}: impacts on it mean little", row.name, row.value));
            } else if self.sigma(poi).is_none() {
                self.warnings
                    .push(format!("`{}` has no uncertainty: there is nothing to break down", row.name));
            }
        }
        let remarks: Vec<String> = parameters
            .iter()
            .flat_map(|p| p.notes.iter().map(|note| format!("`{}`: {note}", self.rows[p.parameter].name)))
            .collect();
        self.warnings.extend(remarks.iter().take(REMARKS).cloned());
        if remarks.len() > REMARKS {
            let more = remarks.len() - REMARKS;
            self.warnings.push(format!("{more} more remarks of this kind: see the parameters' notes"));
        }
        Impacts {
            kind: self.kind,
            pois,
            groups,
            converged: self.converged && parameters.iter().all(|p| p.converged),
            warnings: self.warnings,
            fits: self.fits + fits,
            parameters,
        }
    }
}
