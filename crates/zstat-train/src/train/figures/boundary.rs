//! Scores and bins over the plane of two features.

use zstat_core::scorer::Scorer;
use zstat_core::table::Table;

use super::{Trainer, forward};

/// Points of the grid in each direction.
const POINTS: usize = 101;
/// The part of the events that is left out at each end of a feature.
const OUTSIDE: f64 = 0.001;

/// A grid over the plane of two features, in their own units.
#[derive(Debug, Clone, PartialEq)]
pub struct Boundary {
    /// The points; the second feature runs fastest.
    pub points: Vec<[f64; 2]>,
    /// Scores a point.
    pub outputs: usize,
    /// Scores, points × outputs, squashed where the summary squashes them.
    pub scores: Vec<f64>,
    /// The bin that events there are counted in; none where they are in none.
    pub bins: Vec<Option<usize>>,
}

/// Both features of all nominal events, standardised.
#[derive(Default)]
pub(super) struct Plane {
    values: [Vec<f32>; 2],
}

impl Plane {
    /// Adds events: rows of two features.
    pub fn add(&mut self, x: &[f32]) {
        for row in x.chunks_exact(2) {
            self.values.iter_mut().zip(row).for_each(|(values, x)| values.push(*x));
        }
    }

    /// Where a feature is, but for few events at each end.
    fn range(&self, feature: usize, trainer: &Trainer<'_>) -> Result<[f64; 2], String> {
        let mut values = self.values[feature].clone();
        if values.is_empty() {
            return Err("no event of the evaluation is selected".to_owned());
        }
        values.sort_unstable_by(f32::total_cmp);
        let last = values.len() - 1;
        let outside = (OUTSIDE * last as f64).round() as usize;
        let standardiser = trainer.standardiser();
        let (mean, deviation) = (standardiser.mean()[feature], standardiser.deviation()[feature]);
        Ok([outside, last - outside].map(|at| mean + deviation * f64::from(values[at])))
    }

    pub fn boundary(
        &self,
        trainer: &Trainer<'_>,
        scorer: &mut dyn Scorer,
        learnt: &[f64],
    ) -> Result<Boundary, String> {
        let axis = |feature| {
            let [low, high] = self.range(feature, trainer)?;
            // Exact at both ends.
            let at = |point: usize| {
                let part = point as f64 / (POINTS - 1) as f64;
                low * (1.0 - part) + high * part
            };
            Ok::<Vec<f64>, String>((0..POINTS).map(at).collect())
        };
        let (first, second) = (axis(0)?, axis(1)?);
        let points: Vec<[f64; 2]> = first.iter().flat_map(|x| second.iter().map(|y| [*x, *y])).collect();
        let column = |feature: usize| points.iter().map(|point| point[feature]).collect();
        let table = Table::new(trainer.features().to_vec(), vec![column(0), column(1)], points.len())
            .map_err(|fault| fault.to_string())?;
        let x = trainer.standardiser().rows(&table).map_err(|fault| fault.to_string())?;
        let mut scores = forward(scorer, &x, points.len());
        let summary = &trainer.engine.training.summary;
        let mut bins = vec![None; points.len()];
        summary.bin(learnt, &scores, &mut bins);
        summary.show(&mut scores);
        Ok(Boundary { points, outputs: scorer.outputs(), scores, bins })
    }
}
