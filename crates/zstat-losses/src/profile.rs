//! The likelihood ratio between two values of the parameter of interest on Asimov data, and its derivatives by the templates.
//!
//! Data are what `truth` expects, so that the free minimum is there and known: q = 2 [NLL(held) − NLL(truth)] needs one fit,
//! with the parameter held. By the envelope theorem dq/dT is the explicit derivative there: through the data, ln(n/ν), and
//! through the expectation, 1 − n/ν. Nothing is differentiated through the fit.

use zstat_core::fit::{Objective, Problem, Termination, minimise};
use zstat_core::likelihood::Nll;
use zstat_core::loss::{Binned, LossError, Slopes};

use crate::expected::asimov;

/// q of the hypothesis that the parameter of interest is `held`, on data where it is `truth`; its derivatives into `gradient`
/// (overwritten).
///
/// # Errors
/// Where a bin expects nothing, or the fit does not converge.
pub(crate) fn likelihood_ratio(
    batch: &Binned<'_>,
    truth: f64,
    held: f64,
    gradient: &mut Slopes,
) -> Result<f64, LossError> {
    let mut theta = batch.point.to_vec();
    theta[batch.poi] = truth;
    let mut nll = asimov(batch, &theta)?;
    let best = conditional(batch, &mut nll, &theta, held)?;
    let nu = nll.expected(&best.0).to_vec();
    let data = &nll.data().main;
    let by_data: Vec<f64> = data.iter().zip(&nu).map(|(n, nu)| (n / nu).ln()).collect();
    let by_yield: Vec<f64> = data.iter().zip(&nu).map(|(n, nu)| 1.0 - n / nu).collect();
    gradient.clear();
    nll.pull_to_templates(&theta, &by_data, &mut gradient.templates)?;
    nll.pull_to_templates(&best.0, &by_yield, &mut gradient.templates)?;
    gradient.scale(2.0);
    Ok(2.0 * best.1)
}

/// The minimum with the parameter of interest held, and its value above that of the truth, which is 0 but for constraints that
/// the truth itself pulls.
fn conditional(
    batch: &Binned<'_>,
    nll: &mut Nll<'_>,
    theta: &[f64],
    held: f64,
) -> Result<(Vec<f64>, f64), LossError> {
    let parameters = batch.model.parameters();
    let bounds: Vec<[f64; 2]> = parameters.iter().map(|parameter| parameter.bounds).collect();
    let mut fixed = batch.fixed.to_vec();
    fixed[batch.poi] = true;
    let mut start = theta.to_vec();
    start[batch.poi] = held;
    let reference = nll.value(theta)?;
    let (minimum, _) = minimise(nll, batch.fitter, &Problem::new(&start, &bounds, &fixed));
    match minimum.termination {
        Termination::Converged => Ok((minimum.theta, minimum.value - reference)),
        why => Err(LossError::NotConverged {
            parameter: parameters[batch.poi].name.clone(),
            value: held,
            reason: match why {
                Termination::InvalidStart(why) => why,
                Termination::IterationLimit => "the limit on iterations was reached".to_owned(),
                _ => "no step lowers the value any further".to_owned(),
            },
        }),
    }
}
