//! From the tensors of a file to the scorer and summary that learnt them.

use zstat_core::scorer::Scorer;

use super::fault::WeightsFault;
use crate::files::tensors::{NamedTensor, Tensors};

/// Name of the tensor of what the summary has learnt.
pub(super) const SUMMARY: &str = "summary";

/// Puts tensors into a scorer; what the summary has learnt, `learnt` numbers.
///
/// # Errors
/// All tensors that do not fit.
pub(crate) fn restore(
    scorer: &mut dyn Scorer,
    learnt: usize,
    file: &Tensors,
) -> Result<Vec<f64>, Vec<WeightsFault>> {
    let mut faults = Vec::new();
    let mut known = Vec::new();
    for tensor in scorer.tensors() {
        match found(file, &tensor.name, &tensor.shape) {
            Err(fault) => faults.push(fault),
            Ok(named) => match named.numbers.f32() {
                None => faults.push(WeightsFault::Kind { name: tensor.name.clone(), expected: "F32" }),
                Some(numbers) => {
                    if let Some(at) = numbers.iter().position(|number| !number.is_finite()) {
                        faults.push(WeightsFault::NotFinite { name: tensor.name.clone(), at });
                    }
                    scorer.parameters_mut()[tensor.range.clone()].copy_from_slice(numbers);
                }
            },
        }
        known.push(tensor.name);
    }
    let mut summary = Vec::new();
    if learnt > 0 {
        known.push(SUMMARY.to_owned());
        match found(file, SUMMARY, &[learnt]) {
            Err(fault) => faults.push(fault),
            Ok(named) => match named.numbers.f64() {
                None => faults.push(WeightsFault::Kind { name: SUMMARY.to_owned(), expected: "F64" }),
                Some(numbers) => {
                    if let Some(at) = numbers.iter().position(|number| !number.is_finite()) {
                        faults.push(WeightsFault::NotFinite { name: SUMMARY.to_owned(), at });
                    }
                    summary = numbers.to_vec();
                }
            },
        }
    }
    let others = file.tensors.iter().filter(|tensor| known.iter().all(|name| *name != tensor.name));
    faults.extend(others.map(|tensor| WeightsFault::Unknown { name: tensor.name.to_string() }));
    if faults.is_empty() { Ok(summary) } else { Err(faults) }
}

fn found<'f>(
    file: &'f Tensors,
    name: &str,
    shape: &[usize],
) -> Result<&'f NamedTensor<'static>, WeightsFault> {
    match file.get(name) {
        None => Err(WeightsFault::Missing { name: name.to_owned(), shape: shape.to_vec() }),
        Some(tensor) if tensor.shape != shape => Err(WeightsFault::Shape {
            name: name.to_owned(),
            found: tensor.shape.clone(),
            expected: shape.to_vec(),
        }),
        Some(tensor) => Ok(tensor),
    }
}
