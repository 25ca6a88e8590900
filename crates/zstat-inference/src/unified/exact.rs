//! The construction for one count: every outcome and its probability.

use zstat_core::likelihood::{Data, Nll};
use zstat_core::model::Constraint;

use super::{Calculator, End, Unified, UnifiedOptions, UnifiedPoint, values, warnings_of_ends};
use crate::toys::{Estimate, SAME};
use crate::{Inputs, Profile, TestError};

/// The largest expectation that is summed over.
const MOST: f64 = 1e4;
/// Values among which ends of the interval are looked for, before they are refined.
const SEARCHED: usize = 2001;
/// Halvings of a step of that search.
const HALVINGS: usize = 48;

/// One count and its expectation as a function of the parameter of interest.
struct OneCount<'a> {
    inputs: Inputs<'a>,
    nll: Nll<'a>,
    profile: Profile<'a, 'a>,
    data: Data,
    theta: Vec<f64>,
    poi: usize,
    bin: usize,
    observed: usize,
    /// Expectation at the best value of the parameter, by count, once it was asked for.
    best: Vec<Option<f64>>,
    /// ln n!, by n.
    ln_factorial: Vec<f64>,
    failed: bool,
}

/// The bin and its count, where nothing but the parameter of interest is free and one count is all data.
fn one_count(inputs: &Inputs<'_>, poi: usize) -> Option<(usize, f64)> {
    let mut bins = (0..inputs.data.main.len()).filter(|&bin| !inputs.data.masked[bin]);
    let (bin, other) = (bins.next()?, bins.next());
    let alone = inputs.fixed.iter().enumerate().all(|(i, fixed)| *fixed || i == poi);
    let no_aux = inputs.model.parameters()[poi].constraint == Constraint::None;
    let count = inputs.data.main[bin];
    (other.is_none() && alone && no_aux && count.fract() == 0.0).then_some((bin, count))
}

impl<'a> OneCount<'a> {
    fn rate(&mut self, mu: f64) -> Result<f64, TestError> {
        self.theta[self.poi] = mu;
        let rate = self.nll.expected(&self.theta)[self.bin];
        if rate >= 0.0 {
            return Ok(rate);
        }
        // The same, with a message.
        self.inputs.expected(&self.theta, Some(self.poi)).map(|all| all[self.bin])
    }

    /// The expectation that fits `n` best.
    fn best(&mut self, n: usize) -> Result<f64, TestError> {
        if let Some(Some(known)) = self.best.get(n) {
            return Ok(*known);
        }
        self.data.main[self.bin] = n as f64;
        self.profile.set_data(&self.data);
        let free = self.profile.free().clone();
        self.failed |= !free.converged;
        let rate = self.rate(free.mu)?;
        if n >= self.best.len() {
            self.best.resize(n + 1, None);
        }
        self.best[n] = Some(rate);
        Ok(rate)
    }

    /// t of `n` where `rate` is expected.
    fn statistic(&mut self, n: usize, rate: f64) -> Result<f64, TestError> {
        let best = self.best(n)?;
        let logarithm = if n == 0 { 0.0 } else { n as f64 * (rate / best).ln() };
        Ok((2.0 * (rate - best - logarithm)).max(0.0))
    }

    fn probability(&mut self, n: usize, rate: f64) -> f64 {
        for k in self.ln_factorial.len()..=n {
            let last = self.ln_factorial.last().copied().unwrap_or(0.0);
            self.ln_factorial.push(if k < 2 { 0.0 } else { last + (k as f64).ln() });
        }
        if rate == 0.0 {
            return if n == 0 { 1.0 } else { 0.0 };
        }
        (n as f64 * rate.ln() - rate - self.ln_factorial[n]).exp()
    }

    /// Statistic and probability of all counts that matter at `rate`.
    fn outcomes(&mut self, rate: f64) -> Result<Vec<(f64, f64)>, TestError> {
        let reach = 12.0 * rate.sqrt() + 40.0;
        let counts = (rate - reach).max(0.0) as usize..=(rate + reach) as usize;
        counts.map(|n| Ok((self.statistic(n, rate)?, self.probability(n, rate)))).collect()
    }

    fn point(&mut self, mu: f64, level: f64) -> Result<UnifiedPoint, TestError> {
        let rate = self.rate(mu)?;
        let t_obs = self.statistic(self.observed, rate)?;
        let mut outcomes = self.outcomes(rate)?;
        let at_least = t_obs - SAME * t_obs.max(1.0);
        let p_value: f64 = outcomes.iter().filter(|(t, _)| *t >= at_least).map(|(_, p)| p).sum();
        outcomes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut sum, mut t_critical) = (0.0, 0.0);
        for (t, p) in outcomes {
            if sum >= level {
                break;
            }
            (sum, t_critical) = (sum + p, t);
        }
        let p_value = Estimate { value: p_value.min(1.0), error: 0.0 };
        Ok(UnifiedPoint { mu, t_obs, t_critical, p_value, converged: true, failed: 0 })
    }

    fn accepts(&mut self, mu: f64, level: f64) -> Result<bool, TestError> {
        Ok(self.point(mu, level)?.p_value.value > 1.0 - level)
    }

    /// Where acceptance begins, between a value that is rejected and one that is accepted.
    fn border(&mut self, mut rejected: f64, mut accepted: f64, level: f64) -> Result<End, TestError> {
        for _ in 0..HALVINGS {
            let middle = 0.5 * (rejected + accepted);
            if self.accepts(middle, level)? {
                accepted = middle;
            } else {
                rejected = middle;
            }
        }
        Ok(End { value: accepted, error: None })
    }
}

/// The interval by sums of Poisson probabilities; none where the data are more than one count, where other parameters than
/// that of interest are free, or where more than ten thousand events are expected. The values accepted need not be
/// connected: the interval is from the smallest to the largest, looked for in steps of 1/2000 of the range.
///
/// # Errors
/// Where a value that is tested expects a negative number of events.
pub fn unified_exact(
    inputs: Inputs<'_>,
    poi: usize,
    options: &UnifiedOptions,
) -> Result<Option<Unified>, TestError> {
    let Some((bin, count)) = one_count(&inputs, poi) else { return Ok(None) };
    let [first, last] = options.range;
    let mut counter = OneCount {
        inputs,
        nll: inputs.nll(),
        profile: inputs.profile(poi),
        data: inputs.data.clone(),
        theta: inputs.start.to_vec(),
        poi,
        bin,
        observed: count as usize,
        best: Vec::new(),
        ln_factorial: Vec::new(),
        failed: false,
    };
    let highest = counter.rate(first)?.max(counter.rate(last)?).max(count);
    if highest > MOST {
        return Ok(None);
    }
    let mut observed = inputs.profile(poi);
    let best = observed.free().mu;
    let level = options.level;
    let points: Result<Vec<_>, TestError> =
        values(options.range, options.points, best).into_iter().map(|mu| counter.point(mu, level)).collect();
    let searched = values(options.range, SEARCHED, best);
    let mut accepted = Vec::new();
    for (place, &mu) in searched.iter().enumerate() {
        if counter.accepts(mu, level)? {
            accepted.push(place);
        }
    }
    let [lower, upper] = observed.range();
    let bound = |at_bound: bool, value: f64| at_bound.then_some(End { value, error: None });
    let low = match accepted.first() {
        Some(0) => bound(first <= lower, lower),
        Some(&place) => Some(counter.border(searched[place - 1], searched[place], level)?),
        None => None,
    };
    let high = match accepted.last() {
        Some(&place) if place + 1 == searched.len() => bound(last >= upper, upper),
        Some(&place) => Some(counter.border(searched[place + 1], searched[place], level)?),
        None => None,
    };
    let mut warnings = observed.warnings().to_vec();
    warnings.extend(warnings_of_ends(low, high, !accepted.is_empty()));
    if counter.failed {
        warnings.push("the best value for some counts is not certain: fits did not converge".to_owned());
    }
    Ok(Some(Unified {
        calculator: Calculator::Exact,
        level,
        best,
        range: options.range,
        low,
        high,
        points: points?,
        resolution: 0.0,
        converged: observed.converged() && !counter.failed,
        warnings,
        fits: observed.fits(),
    }))
}
