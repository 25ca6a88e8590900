//! Is there anything better than the trivial scores F = 0?
//!
//! The loss is convex in the scores, so for linear functions F = w·x + c of the features F = 0 is the minimum if and only if no
//! direction (w, c) descends from it. The slopes at 0 are the largest of ⟨g, (w, c)⟩ over a polytope of subgradients g, whose
//! corners belong to the orders of the events: no direction descends if and only if the polytope contains 0. The element of
//! smallest norm is found by M. Frank and P. Wolfe's method, whose linear problem is a sort.

use zstat_core::loss::{EventLoss, LossError, Scored};

use super::{DeltaZ, sign};
use crate::bce::single_output;

/// Steps of the search.
const STEPS: usize = 500;
/// Slopes smaller than this part of the trivial loss, for features of size 1, are none.
const FLAT: f64 = 2e-3;
/// A loss that is less than the trivial one by no more than this part is trivial, too.
const SAME: f64 = 1e-3;

/// What descends from the trivial scores F = 0, among linear functions of the features.
#[derive(Debug, Clone, PartialEq)]
pub enum Descent {
    /// Nothing: F = 0 is the minimum.
    None,
    /// A direction, of length 1, one number a column and one for the constant; and its slope, negative.
    Along(Vec<f64>, f64),
    /// The search did not end: no direction was found that descends.
    Unknown,
}

impl DeltaZ {
    /// Looks for a linear function of the batch's columns, each moved and scaled to mean 0 and standard deviation 1, along which the
    /// loss becomes smaller than at F = 0.
    ///
    /// # Errors
    /// As the loss.
    pub fn descent(&self, batch: &Scored<'_>) -> Result<Descent, LossError> {
        let trivial = self.trivial(batch)?;
        let columns: Vec<Vec<f64>> = batch.columns.iter().map(|column| standardised(column.values)).collect();
        let mut norm_point = self.subgradient(batch, &columns, &vec![0.0; columns.len() + 1])?.1;
        for _ in 0..STEPS {
            let norm = dot(&norm_point, &norm_point).sqrt();
            if norm <= FLAT * trivial {
                return Ok(Descent::None);
            }
            let direction: Vec<f64> = norm_point.iter().map(|x| -x / norm).collect();
            let (slope, corner) = self.subgradient(batch, &columns, &direction)?;
            if slope < -FLAT * trivial {
                return Ok(Descent::Along(direction, slope));
            }
            // The point of the line to the corner that is nearest to 0.
            let way: Vec<f64> = corner.iter().zip(&norm_point).map(|(to, from)| to - from).collect();
            let part = (-dot(&norm_point, &way) / dot(&way, &way)).clamp(0.0, 1.0);
            norm_point.iter_mut().zip(&way).for_each(|(x, way)| *x += part * way);
        }
        Ok(Descent::Unknown)
    }

    /// The slope of the loss at F = 0 along a linear function, and the subgradient that gives it.
    fn subgradient(
        &self,
        batch: &Scored<'_>,
        columns: &[Vec<f64>],
        direction: &[f64],
    ) -> Result<(f64, Vec<f64>), LossError> {
        let value = |event: usize| {
            let terms = columns.iter().zip(direction);
            terms.map(|(column, w)| w * column[event]).sum::<f64>() + direction[columns.len()]
        };
        let changes: Vec<f64> =
            (0..batch.n_events()).map(|event| -sign(batch, event) * value(event)).collect();
        let gains = self.gains(batch, &changes)?;
        let by_score: Vec<f64> =
            gains.iter().enumerate().map(|(event, gain)| -sign(batch, event) * gain).collect();
        let mut gradient: Vec<f64> = columns.iter().map(|column| dot(column, &by_score)).collect();
        gradient.push(by_score.iter().sum());
        Ok((dot(&changes, &gains), gradient))
    }
}

/// With mean 0 and standard deviation 1; a constant is all 0.
fn standardised(values: &[f64]) -> Vec<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let deviation = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    let scale = if deviation > 0.0 { deviation.recip() } else { 0.0 };
    values.iter().map(|x| (x - mean) * scale).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// What a reader should know.
pub(super) fn remarks(loss: &DeltaZ, batch: &Scored<'_>) -> Result<Vec<String>, LossError> {
    single_output(batch)?;
    let trivial = loss.trivial(batch)?;
    let value = loss.evaluate(batch, &mut vec![0.0; batch.scores.len()])?;
    let mut remarks = Vec::new();
    if value > (1.0 - SAME) * trivial {
        remarks.push(format!(
            "delta_z: the scores learnt have a loss of {value:.4}, no better than that of scores that are all 0 ({trivial:.4}): they tell \
             nothing; take a larger `epsilon`, or train with `bce` first"
        ));
    }
    if loss.descent(batch)? == Descent::None {
        remarks.push(format!(
            "delta_z: of all linear functions of the features the one that is 0 has the least loss ({trivial:.4}): what was learnt is a \
             state on the way there, and more training makes it worse; take a larger `epsilon`"
        ));
    }
    Ok(remarks)
}
