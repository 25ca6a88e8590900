//! The significance of a discovery: how improbable the data are without signal.

use crate::asymptotic::one_sided_p;
use crate::{BANDS, Hypotest, Setup, TestError, hypotest, upper_tail};

/// p-values of the background-only hypothesis, and the same in standard deviations.
#[derive(Debug, Clone, PartialEq)]
pub struct Significance {
    /// The test of μ = 0.
    pub test: Hypotest,
    /// p-value of the data.
    pub p0_obs: f64,
    /// Its one-sided significance.
    pub z_obs: f64,
    /// p-value of the signal's Asimov data.
    pub p0_exp: f64,
    /// Its significance.
    pub z_exp: f64,
    /// p-values expected at −2, −1, 0, 1 and 2 standard deviations, ascending: the first where the signal comes out largest.
    pub p0_exp_band: [f64; 5],
}

/// Tests μ = 0 against a signal; the statistic of `setup` is `q0`, or `u0`.
///
/// # Errors
/// As [`hypotest`].
pub fn significance(setup: Setup<'_>) -> Result<Significance, TestError> {
    let test = hypotest(setup, 0.0)?;
    let z = |q: f64| q.abs().sqrt().copysign(q);
    let z_exp = z(test.q_asimov);
    Ok(Significance {
        p0_obs: one_sided_p(test.q_obs),
        // √q itself: the p-value of a huge one underflows.
        z_obs: z(test.q_obs),
        p0_exp: one_sided_p(test.q_asimov),
        z_exp,
        p0_exp_band: BANDS.map(|sigmas| upper_tail(z_exp + sigmas)),
        test,
    })
}
