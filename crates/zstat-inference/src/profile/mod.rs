//! Fits of one data set with the parameter of interest free, or held at a value: each from several starts, all kept.

mod known;
mod nowhere;
mod starts;

pub(crate) use nowhere::summarised;

use std::sync::Arc;

use zstat_core::fit::{
    EvalError, Fitter, Known, Minimum, Objective, Problem, Termination, Uncertainties, minimise,
    uncertainties,
};
use zstat_core::likelihood::{Data, Nll};
use zstat_core::linalg::{ArrowMatrix, ArrowSolver};

/// Two fits at the same value whose 2 NLL differ by more than this ended in different minima.
const APART: f64 = 1e-6;
/// A statistic below this is no rounding: the free fit missed a lower minimum.
const NEGATIVE: f64 = -1e-8;

/// A minimum, with the parameter of interest at `mu`.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// Value of the parameter of interest.
    pub mu: f64,
    /// The point, one value a parameter.
    pub theta: Vec<f64>,
    /// −ln L there, up to the likelihood's constant. Infinite where some bin with data expects nothing whatever the other
    /// parameters are: the value of the parameter of interest is excluded. NaN where no likelihood was found.
    pub nll: f64,
    /// d NLL / dμ there: the slope of the profile, by the envelope theorem.
    pub slope: f64,
    /// EDM and projected gradient are below tolerance.
    pub converged: bool,
    /// It took another start or another minimiser to converge.
    pub rescued: bool,
    /// dθ/dμ along the profile, once it was asked for; empty where there is none.
    tangent: Option<Vec<f64>>,
}

impl Fit {
    /// A fit that is known from elsewhere.
    pub(crate) fn known(mu: f64, theta: Vec<f64>, nll: f64, slope: f64, converged: bool) -> Self {
        Self { mu, theta, nll, slope, converged, rescued: false, tangent: None }
    }
}

/// How much is done for a minimum.
enum SearchFor<'f> {
    /// Observed data: from several starts, far minima included.
    TheLowest,
    /// One of many toys: from one start, along a tangent that is known; if that fails, from another, and with another
    /// minimiser.
    One { tangent: Vec<f64>, curvature: Option<ArrowMatrix>, rescue: &'f dyn Fitter, other_start: Vec<f64> },
}

/// The profile likelihood of one parameter for one data set. Fits are kept: each value is fitted once.
pub struct Profile<'m, 'f> {
    nll: Nll<'m>,
    fitter: &'f dyn Fitter,
    bounds: Vec<[f64; 2]>,
    /// Kept fixed, besides the parameter of interest.
    fixed: Vec<bool>,
    start: Vec<f64>,
    poi: usize,
    search: SearchFor<'f>,
    free: Option<Fit>,
    /// Fits with the parameter of interest held, by ascending value.
    held: Vec<Fit>,
    /// Second derivatives at a minimum of these data, or near one.
    hessian: ArrowMatrix,
    has_curvature: bool,
    solver: ArrowSolver,
    /// What a reader should know, each once.
    warnings: Vec<String>,
    /// Minimisations so far.
    fits: usize,
    /// Why there was no likelihood, where that happened last.
    reason: Option<EvalError>,
}

impl<'m, 'f> Profile<'m, 'f> {
    /// The profile of parameter `poi`. `start` and `fixed` have one entry a parameter; the entry of `poi` in `fixed` is not
    /// looked at.
    ///
    /// # Panics
    /// If lengths do not fit the model.
    pub fn new(nll: Nll<'m>, fitter: &'f dyn Fitter, poi: usize, start: &[f64], fixed: &[bool]) -> Self {
        let parameters = nll.model().parameters();
        assert!(poi < parameters.len() && start.len() == parameters.len() && fixed.len() == parameters.len());
        let bounds = parameters.iter().map(|p| p.bounds).collect();
        let (start, fixed) = (start.to_vec(), fixed.to_vec());
        let hessian = nll.new_hessian();
        let solver = ArrowSolver::new(Arc::clone(hessian.structure()));
        Self {
            hessian,
            has_curvature: false,
            solver,
            nll,
            fitter,
            bounds,
            fixed,
            start,
            poi,
            search: SearchFor::TheLowest,
            free: None,
            held: Vec::new(),
            warnings: Vec::new(),
            fits: 0,
            reason: None,
        }
    }

    /// For toys, all from the start of this profile: one search a fit, along the tangent dθ/dμ of the point that the toys
    /// are made from. A fit that fails is repeated from `other_start`, and with the minimiser `rescue`.
    #[must_use]
    pub fn for_toys(
        mut self,
        tangent: &[f64],
        curvature: Option<&ArrowMatrix>,
        rescue: &'f dyn Fitter,
        other_start: &[f64],
    ) -> Self {
        // A copy with this likelihood's structure: what threads share they wait for.
        let own = |curvature| {
            let mut own = self.nll.new_hessian();
            own.copy_from(curvature);
            own
        };
        self.search = SearchFor::One {
            tangent: tangent.to_vec(),
            curvature: curvature.map(own),
            rescue,
            other_start: other_start.to_vec(),
        };
        self
    }

    /// Other data; all fits are forgotten.
    pub fn set_data(&mut self, data: &Data) {
        self.nll.set_data(data);
        self.free = None;
        self.held.clear();
        self.has_curvature = false;
        self.warnings.clear();
    }

    /// dθ/dμ along the profile at the free fit, and the second derivatives there; empty, and none, where these are not positive
    /// definite.
    pub fn free_tangent(&mut self) -> (Vec<f64>, Option<&ArrowMatrix>) {
        let theta = self.free().theta.clone();
        let tangent = self.tangent(&theta);
        (tangent, self.has_curvature.then_some(&self.hessian))
    }

    /// The likelihood.
    pub fn nll(&mut self) -> &mut Nll<'m> {
        &mut self.nll
    }

    /// The bounds of the parameter of interest.
    pub fn range(&self) -> [f64; 2] {
        self.bounds[self.poi]
    }

    /// What a reader should know.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Minimisations so far.
    pub fn fits(&self) -> usize {
        self.fits
    }

    /// Whether all fits so far converged.
    pub fn converged(&self) -> bool {
        self.free.iter().chain(&self.held).all(|fit| fit.converged)
    }

    /// Standard deviation of the parameter of interest at the free fit, from the second derivatives; none where they do not
    /// determine one.
    pub fn free_width(&mut self) -> Option<f64> {
        let theta = self.free().theta.clone();
        let tangent = self.tangent(&theta);
        let mut column = vec![0.0; theta.len()];
        let mut direction = tangent.clone();
        if !self.has_curvature || direction.is_empty() {
            return None;
        }
        direction[self.poi] = 1.0;
        self.hessian.multiply(&direction, &mut column);
        self.free().tangent = Some(tangent);
        let curvature = column[self.poi];
        (curvature > 0.0).then(|| curvature.sqrt().recip()).filter(|width| width.is_finite())
    }

    /// Uncertainties at the free fit, from the second derivatives; none where there are none.
    pub fn free_uncertainties(&mut self) -> Option<Uncertainties> {
        let theta = self.free().theta.clone();
        let mut fixed = self.fixed.clone();
        fixed[self.poi] = false;
        let on_bound = |i: &usize| {
            let [lower, upper] = self.bounds[*i];
            !fixed[*i] && (theta[*i] <= lower || theta[*i] >= upper)
        };
        let at_bound: Vec<usize> = (0..theta.len()).filter(on_bound).collect();
        let problem = Problem::new(&theta, &self.bounds, &fixed);
        uncertainties(&mut self.nll, &theta, &problem, &at_bound)
    }

    /// Whether one of the fits took another start or minimiser.
    pub fn rescued(&self) -> bool {
        self.free.iter().chain(&self.held).any(|fit| fit.rescued)
    }

    /// The fit with the parameter of interest free, inside its bounds.
    pub fn free(&mut self) -> &mut Fit {
        let fit = match self.free.take() {
            Some(known) => known,
            None => {
                let mut first = self.minimise(&self.start.clone(), false);
                if first.nll.is_nan() {
                    first = self.begin_anywhere(first, &self.start.clone(), false);
                }
                if self.is_one_of_many() {
                    self.rescue(first, None)
                } else {
                    // The search that found the minimum has the second derivatives there, or nearly so.
                    let known = self.has_curvature && first.converged;
                    let tangent =
                        if known { self.tangent_here(&first.theta) } else { self.tangent(&first.theta) };
                    first.tangent = Some(tangent);
                    let start = self.mirrored(&first.theta);
                    self.also_from(first, &start, false)
                }
            }
        };
        self.free.insert(fit)
    }

    /// The fit with the parameter of interest held at `mu`, which need not be inside its bounds: from the nearest fit that
    /// is known, and from the free fit. Where they end apart, the lower is taken and a warning given.
    pub fn held(&mut self, mu: f64) -> Fit {
        let place = self.held.partition_point(|fit| fit.mu < mu);
        if let Some(known) = self.held.get(place).filter(|fit| fit.mu == mu) {
            return known.clone();
        }
        let free = self.free().clone();
        if free.mu == mu {
            return free;
        }
        let start = self.predicted(None, mu);
        let best = self.minimise(&start, true);
        let best = if self.is_one_of_many() {
            self.rescue(best, Some(mu))
        } else {
            self.lowest_held(best, place, mu)
        };
        let best = if best.nll.is_nan() {
            self.begin_anywhere(best, &self.moved(&self.start, mu), true)
        } else {
            best
        };
        if !best.converged {
            self.warn(format!("the fit at {} = {} did not converge", self.name(), short(mu)));
        }
        self.held.insert(place, best.clone());
        best
    }

    /// The lowest of the minima at `mu` that other starts than that of `best` lead to; `place` is where it belongs.
    fn lowest_held(&mut self, mut best: Fit, place: usize, mu: f64) -> Fit {
        if let Some(nearest) = self.nearest(place, mu) {
            let start = self.predicted(Some(nearest), mu);
            best = self.also_from(best, &start, true);
        }
        // Minima that the free fit is far from: looked for at first, later their neighbours lead to them.
        if self.held.is_empty() || !best.converged {
            let start = self.moved(&self.mirrored(&best.theta), mu);
            best = self.also_from(best, &start, true);
        }
        if !best.converged {
            let other = self.minimise(&self.moved(&self.start.clone(), mu), true);
            best = self.lower(best, other);
        }
        best
    }

    /// The fit, or where that failed one from the other start, or with the other minimiser.
    fn rescue(&mut self, fit: Fit, mu: Option<f64>) -> Fit {
        let SearchFor::One { rescue, ref other_start, .. } = self.search else { return fit };
        if fit.converged {
            return fit;
        }
        let at = |theta: &[f64]| mu.map_or(theta.to_vec(), |mu| self.moved(theta, mu));
        // What the toy was made from is likely where nothing else is.
        let (other, same, truth) = (at(other_start), at(&fit.theta), at(&self.start));
        let attempts = [
            (self.fitter, &other),
            (self.fitter, &truth),
            (rescue, &same),
            (rescue, &other),
            (rescue, &truth),
        ];
        for (fitter, start) in attempts {
            let again = self.minimise_with(fitter, start, mu.is_some());
            if again.converged {
                return Fit { rescued: true, ..again };
            }
        }
        fit
    }

    fn is_one_of_many(&self) -> bool {
        matches!(self.search, SearchFor::One { .. })
    }

    /// 2 [NLL(μ) − NLL(reference)], where the reference is the free fit, or μ = 0 if `bounded` and the free fit is below;
    /// and the reference's value of the parameter. Where a held fit is lower than the free one, that is repeated from there.
    pub fn twice_rise(&mut self, mu: f64, bounded: bool) -> (f64, f64) {
        let held = self.held(mu);
        let mut reference = self.reference(bounded);
        if 2.0 * (held.nll - reference.nll) < NEGATIVE {
            let again = self.minimise(&held.theta.clone(), false);
            let drop = 2.0 * (self.free().nll - again.nll);
            if drop > -NEGATIVE {
                let name = self.name();
                self.warn(format!(
                    "the free fit had missed a minimum lower by {drop:.3e} in 2 NLL, at {name} = {}",
                    short(again.mu)
                ));
                self.free = Some(again);
                reference = self.reference(bounded);
            }
        }
        (2.0 * (held.nll - reference.nll), reference.mu)
    }

    fn reference(&mut self, bounded: bool) -> Fit {
        let free = self.free().clone();
        if bounded && free.mu < 0.0 { self.held(0.0) } else { free }
    }

    fn name(&self) -> String {
        format!("`{}`", self.nll.model().parameters()[self.poi].name)
    }

    fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    fn lower(&mut self, a: Fit, b: Fit) -> Fit {
        if !a.converged || !b.converged {
            // A fit that went nowhere says nothing about minima.
            return if a.converged == b.converged && b.nll < a.nll || b.converged { b } else { a };
        }
        let apart = 2.0 * (a.nll - b.nll).abs();
        let best = if b.nll < a.nll { b } else { a };
        if apart > APART {
            let (name, mu) = (self.name(), best.mu);
            self.warn(format!(
                "two minima at {name} = {}, {apart:.3e} apart in 2 NLL: the lower is taken",
                short(mu)
            ));
        }
        best
    }

    fn minimise(&mut self, start: &[f64], held: bool) -> Fit {
        self.minimise_with(self.fitter, start, held)
    }

    fn minimise_with(&mut self, fitter: &dyn Fitter, start: &[f64], held: bool) -> Fit {
        self.search(fitter, start, held, None).0
    }

    /// A minimisation, and whether it ended at the minimum that is known.
    fn search(
        &mut self,
        fitter: &dyn Fitter,
        start: &[f64],
        held: bool,
        known: Option<&Known<'_>>,
    ) -> (Fit, bool) {
        let mut fixed = self.fixed.clone();
        fixed[self.poi] = held;
        let metric = match &self.search {
            _ if self.has_curvature => Some(&self.hessian),
            SearchFor::One { curvature, .. } => curvature.as_ref(),
            SearchFor::TheLowest => None,
        };
        let problem = Problem { known, curvature: metric, ..Problem::new(start, &self.bounds, &fixed) };
        let (minimum, _) = minimise(&mut self.nll, fitter, &problem);
        let is_known = minimum.termination == Termination::Known;
        (self.found(minimum, known.is_none()), is_known)
    }

    /// A fit of what a search found, whose second derivatives are kept if they are at a `new` minimum.
    fn found(&mut self, minimum: Minimum, new: bool) -> Fit {
        let Minimum { theta, value, gradient, termination, curvature, .. } = minimum;
        self.fits += 1;
        if let Some(curvature) = curvature.filter(|_| new) {
            self.hessian = curvature;
            self.has_curvature = true;
        }
        Fit {
            mu: theta[self.poi],
            nll: value,
            slope: gradient.get(self.poi).copied().unwrap_or(f64::NAN),
            theta,
            converged: termination == Termination::Converged,
            rescued: false,
            tangent: None,
        }
    }
}

/// A value in a sentence: of any size, never more than a few digits.
fn short(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-4..1e7).contains(&size) {
        let digits = format!("{value:.6}");
        digits.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        format!("{value:e}")
    }
}
