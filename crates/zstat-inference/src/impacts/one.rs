//! The impact of one parameter, which depends on the best fit alone: a task for a thread, or for another machine.

use zstat_core::fit::Objective;
use zstat_core::likelihood::{Data, Nll};
use zstat_core::model::Constraint;
use zstat_core::text::number;

use super::reference::Reference;
use super::{Effect, ImpactKind, ParameterImpact};
use crate::Profile;

/// A refit lower than the best fit by more than this in NLL found another minimum.
const LOWER: f64 = 1e-8;
const SIDES: [f64; 2] = [1.0, -1.0];

/// How far all parameters move, one entry a parameter; none where it cannot be said.
type Moves = Option<Vec<f64>>;

impl Reference<'_> {
    /// What the best fit tells of parameter `i`, a free one.
    pub fn unmoved(&self, i: usize) -> ParameterImpact {
        let row = &self.rows[i];
        ParameterImpact {
            parameter: i,
            value: row.value,
            uncertainty: row.uncertainty,
            pull: row.pull,
            pull_error: row.constraint_ratio,
            at_bound: row.at_bound,
            effects: vec![Effect::default(); self.pois.len()],
            notes: Vec::new(),
            converged: true,
            fits: 0,
            lower: None,
        }
    }

    /// The impact of parameter `i`, a free one.
    pub fn impact(&self, i: usize) -> ParameterImpact {
        let mut out = self.unmoved(i);
        if self.kind != ImpactKind::GlobalObservables && self.sigma(i).is_none() {
            out.notes.push("its uncertainty is undetermined, so its impact is, too".to_owned());
        }
        match self.kind {
            ImpactKind::Refit => self.refits(i, &mut out),
            ImpactKind::GlobalObservables => self.shifts(i, &mut out),
            ImpactKind::Covariance => self.slopes(i, &mut out),
        }
        out
    }

    /// By refits with the parameter held.
    fn refits(&self, i: usize, out: &mut ParameterImpact) {
        let mut profile = self.inputs.profile_from(i, &self.theta, self.inputs.fixed);
        profile = profile.with_free(self.theta.clone());
        let steps = [(self.sigma(i), "σ"), (self.width(i), "width of its constraint")];
        let moves = steps.map(|(step, unit)| {
            SIDES.map(|side| step.and_then(|step| self.refit(&mut profile, i, side * step, unit, out)))
        });
        out.notes.extend(profile.warnings().iter().cloned());
        out.converged = profile.converged();
        out.fits = profile.fits();
        let [[up, down], [prefit_up, prefit_down]] = moves;
        self.tell(out, [&up, &down, &prefit_up, &prefit_down]);
    }

    /// The refit with parameter `i` moved by `step`, or to its bound.
    fn refit(
        &self,
        profile: &mut Profile<'_, '_>,
        i: usize,
        step: f64,
        unit: &str,
        out: &mut ParameterImpact,
    ) -> Moves {
        let [lower, upper] = profile.range();
        let wanted = self.theta[i] + step;
        let value = wanted.max(lower).min(upper);
        let shown = number(value);
        let (side, sign) = if step > 0.0 { ("upper", '+') } else { ("lower", '-') };
        if (value - self.theta[i]) * step <= 0.0 {
            out.notes.push(format!("on its {side} bound {shown}: no impact of {sign}1 {unit}"));
            return None;
        }
        if value != wanted {
            out.notes.push(format!(
                "{sign}1 {unit} is beyond the {side} bound {shown}: held there, and the impact is that of {:.2} {unit}",
                (value - self.theta[i]) / step.abs()
            ));
        }
        let fit = profile.held(value);
        if !fit.converged {
            return None;
        }
        if fit.nll < self.nll - LOWER && out.lower.as_ref().is_none_or(|(nll, _)| fit.nll < *nll) {
            out.lower = Some((fit.nll, fit.theta.clone()));
        }
        Some(self.moved(&fit.theta))
    }

    /// By shifts of the auxiliary observation.
    fn shifts(&self, i: usize, out: &mut ParameterImpact) {
        if self.inputs.model.parameters()[i].constraint == Constraint::None {
            return;
        }
        let [up, down] = SIDES.map(|side| match self.shifted(i, side) {
            Some(data) => self.fit_to(data, side, out),
            None => {
                let auxiliary = self.inputs.data.aux[i];
                out.notes
                    .push(format!("its auxiliary observation {auxiliary} has no shift by {side:+} width"));
                None
            }
        });
        self.tell(out, [&up, &down, &None, &None]);
    }

    /// The data with the auxiliary observation of parameter `i` moved by one width to one side; that of a member of a
    /// correlated constraint by its independent shift. None where there is no such observation.
    fn shifted(&self, i: usize, side: f64) -> Option<Data> {
        let mut data = self.inputs.data.clone();
        let aux = &mut data.aux;
        match self.inputs.model.parameters()[i].constraint {
            Constraint::None => return None,
            Constraint::Normal { sigma, .. } => aux[i] += side * sigma,
            // The standard deviation of a count.
            Constraint::Poisson { .. } => aux[i] += side * aux[i].sqrt(),
            Constraint::LogNormal { ln_kappa, .. } => aux[i] *= (side * ln_kappa).exp(),
            Constraint::Correlated { .. } => {
                let place = |members: &[usize]| members.iter().position(|&member| member == i);
                let (root, at) = self.roots.iter().find_map(|root| Some((root, place(&root.members)?)))?;
                for (&member, shift) in root.members.iter().zip(&root.shifts[at]) {
                    aux[member] += side * shift;
                }
            }
        }
        let is_count = matches!(self.inputs.model.parameters()[i].constraint, Constraint::Poisson { .. });
        let moves = *aux != self.inputs.data.aux && !(is_count && aux[i] < 0.0);
        (moves && aux.iter().zip(&self.inputs.data.aux).all(|(new, old)| new.is_finite() || old.is_nan()))
            .then_some(data)
    }

    /// The fit to other data, from where the covariance says that it goes.
    fn fit_to(&self, data: Data, side: f64, out: &mut ParameterImpact) -> Moves {
        let start = self.predicted(&data);
        let nll = Nll::new(self.inputs.model, data);
        let mut profile = Profile::new(nll, self.inputs.fitter, self.pois[0], &start, self.inputs.fixed);
        let fit = profile.free().clone();
        let sign = if side > 0.0 { '+' } else { '-' };
        let notes = profile.warnings().iter();
        out.notes.extend(notes.map(|warning| format!("auxiliary observation {sign}1 width: {warning}")));
        out.fits += profile.fits();
        if !fit.converged {
            out.converged = false;
            out.notes.push(format!("auxiliary observation {sign}1 width: the fit did not converge"));
            return None;
        }
        Some(self.moved(&fit.theta))
    }

    /// The minimum of other data to first order: θ̂ − V Δg with the change Δg of the gradient at θ̂. θ̂ itself where that
    /// leads uphill.
    fn predicted(&self, data: &Data) -> Vec<f64> {
        let n = self.theta.len();
        let mut nll = self.inputs.nll();
        let mut gradients = [vec![0.0; n], vec![0.0; n]];
        nll.hold(self.inputs.fixed);
        let before = nll.gradient(&self.theta, &mut gradients[0]);
        nll.set_data(data);
        let after = nll.gradient(&self.theta, &mut gradients[1]);
        let (Ok(_), Ok(unmoved)) = (before, after) else { return self.theta.clone() };
        let [before, after] = &gradients;
        let changed: Vec<usize> = (0..n).filter(|&i| after[i] != before[i]).collect();
        let mut start = self.theta.clone();
        for (j, (value, parameter)) in start.iter_mut().zip(self.inputs.model.parameters()).enumerate() {
            let step: f64 =
                changed.iter().filter_map(|&i| Some(self.covariance(j, i)? * (after[i] - before[i]))).sum();
            let [lower, upper] = parameter.bounds;
            if !self.inputs.fixed[j] {
                *value = (*value - step).max(lower).min(upper);
            }
        }
        if nll.value(&start).is_ok_and(|value| value <= unmoved) { start } else { self.theta.clone() }
    }

    /// From the covariance.
    fn slopes(&self, i: usize, out: &mut ParameterImpact) {
        let Some(sigma) = self.sigma(i) else { return };
        let width = self.width(i);
        for (effect, &poi) in out.effects.iter_mut().zip(&self.pois) {
            let Some(slope) = self.covariance(poi, i).map(|covariance| covariance / (sigma * sigma)) else {
                continue;
            };
            effect.up = Some(slope * sigma);
            effect.down = Some(-slope * sigma);
            effect.prefit_up = width.map(|width| slope * width);
            effect.prefit_down = width.map(|width| -slope * width);
        }
    }

    fn moved(&self, theta: &[f64]) -> Vec<f64> {
        theta.iter().zip(&self.theta).map(|(now, best)| now - best).collect()
    }

    /// Writes the moves of the parameters of interest: up, down, prefit up and down. One that nothing determines has none:
    /// where a fit leaves it is an accident.
    fn tell(&self, out: &mut ParameterImpact, [up, down, prefit_up, prefit_down]: [&Moves; 4]) {
        for (effect, &poi) in out.effects.iter_mut().zip(&self.pois) {
            let is_known = self.sigma(poi).is_some() || self.rows[poi].at_bound;
            let of = |moves: &Moves| {
                let move_of_poi = moves.as_ref().filter(|_| is_known).map(|moves| moves[poi]);
                move_of_poi.filter(|x| x.is_finite())
            };
            *effect =
                Effect { up: of(up), down: of(down), prefit_up: of(prefit_up), prefit_down: of(prefit_down) };
        }
    }
}
