//! Conformance of a loss: what is asked of it, and the way to its level.

use serde_json::Value;
use zstat_core::loss::{Level, Loss};
use zstat_core::plugin::Registry;

use crate::batch::Batch;
use crate::options::check_options;
use crate::{events, templates};

/// What a loss of events says of itself. Losses of templates need nothing of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossDemands {
    /// Outputs of the scorer that it takes.
    pub outputs: usize,
    /// What becomes of it where all weights are multiplied.
    pub scaling: Scaling,
}

impl Default for LossDemands {
    fn default() -> Self {
        Self { outputs: 1, scaling: Scaling::Degree(0.0) }
    }
}

/// What becomes of a loss where all weights, and all that is expected of processes, are multiplied by one factor c: more data of
/// the same kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scaling {
    /// Value and gradient are multiplied by c to this power: 0 for means over events, 1 for sums, 1/2 for significances.
    Degree(f64),
    /// None of these. The gradient must still be that of the value, whatever the factor.
    Undeclared,
}

/// Checks a registered loss with these options: the options ([`check_options`]) and the contract ([`check_loss_contract`]).
///
/// # Panics
/// At the first violation, with what it is.
#[track_caller]
pub fn check_loss(name: &str, options: &Value, demands: &LossDemands) {
    check_options::<dyn Loss>("loss", name, options);
    let built = Registry::<dyn Loss>::load("loss").and_then(|registry| registry.build(name, options.clone()));
    match built {
        Ok(loss) => check_loss_contract(&*loss, demands),
        Err(error) => panic!("{error}"),
    }
}

/// Checks that a loss keeps the contract of [`zstat_core::loss`].
///
/// Of a loss of events, on random batches with some negative weights: value and gradient are finite, all of the gradient is
/// written, and it is that of differences; the same bits twice and from two threads; the order of events is of no matter, and an
/// event of weight 0 is of none; weights scale as `demands` say; a score that is no number is an error; a batch without events, or
/// without signal, gives a number or an error. Columns that the loss names are normal numbers.
///
/// Of a loss of templates, on [`example_model`](crate::example_model): the gradient is that of differences in every template
/// and every variance, with and without γ for these; without variances there is a value, or an error that says so; the same
/// bits twice and from two threads; a bin without events gives a number or an error.
///
/// # Panics
/// At the first violation, with what it is.
#[track_caller]
pub fn check_loss_contract(loss: &dyn Loss, demands: &LossDemands) {
    let columns = loss.columns();
    let batches: Vec<Batch> = (1..=3).map(|seed| Batch::random(demands.outputs, &columns, seed)).collect();
    check_loss_on(loss, &batches, demands);
}

/// The same on other batches, for losses whose columns have a range. A loss of templates needs none.
///
/// # Panics
/// As [`check_loss_contract`].
#[track_caller]
pub fn check_loss_on(loss: &dyn Loss, batches: &[Batch], demands: &LossDemands) {
    match loss.level() {
        Level::Events(_) => events::check(loss, batches, demands),
        Level::Templates(_) => templates::check(loss),
    }
}
