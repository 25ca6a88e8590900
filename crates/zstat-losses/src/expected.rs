//! What a hypothesis expects, as data: in every bin something.

use zstat_core::likelihood::{Data, Nll};
use zstat_core::loss::{Binned, LossError};
use zstat_core::model::Model;

/// A likelihood of the data that `theta` expects, auxiliary data at nominal.
///
/// # Errors
/// Where a bin expects nothing.
pub(crate) fn asimov<'a>(batch: &Binned<'a>, theta: &[f64]) -> Result<Nll<'a>, LossError> {
    let model = batch.model;
    let mut nll = Nll::new(model, model.data(vec![0.0; model.n_bins()]));
    let main = nll.expected(theta).to_vec();
    in_every_bin(model, &main)?;
    nll.set_data(&Data { main, ..nll.data().clone() });
    Ok(nll)
}

/// Whether the start values of a model have a signal: 0 of the parameter of interest is background alone.
///
/// # Errors
/// Where they have none.
pub(crate) fn expects_signal(model: &Model) -> Result<(), LossError> {
    let Some(poi) = model.poi().first() else { return Ok(()) };
    if model.init()[poi.0] != 0.0 {
        return Ok(());
    }
    Err(LossError::NoSignal { parameter: model.parameters()[poi.0].name.clone() })
}

/// Whether every bin expects something.
///
/// # Errors
/// Names the first that does not.
pub(crate) fn in_every_bin(model: &Model, expected: &[f64]) -> Result<(), LossError> {
    match expected.iter().enumerate().find(|(_, events)| **events <= 0.0 || events.is_nan()) {
        None => Ok(()),
        Some((bin, &expected)) => {
            let (channel, bin) = model.locate_bin(bin);
            Err(LossError::EmptyBin { channel: channel.to_owned(), bin, expected })
        }
    }
}
