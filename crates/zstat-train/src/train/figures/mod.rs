//! The numbers behind figures: distributions of the score, what a cut on it gives, the plane of two features, and metrics along
//! the training.
//!
//! Ranges and thresholds are chosen on the validation events; what is shown is made of the events of the evaluation, as they are
//! counted for the result. Nothing here writes files.

mod boundary;
mod curves;
mod cut;
mod distribution;
mod scan;
#[cfg(test)]
mod tests;

use zstat_core::scorer::Scorer;

pub use boundary::Boundary;
pub use curves::curve_names;
pub use cut::{CutRow, Cuts, Quantity};
pub use distribution::Distribution;

use self::boundary::Plane;
use self::distribution::Histograms;
pub(super) use self::scan::Scan;
use super::evaluate::{Evaluation, evaluate_of};
use super::fault::TrainFault;
use super::fit::Trainer;
use super::passes::PassEvents;
use crate::events::Purpose;

/// Events of a pass as they are counted.
pub(super) struct Seen<'a> {
    pub pass: usize,
    pub events: &'a PassEvents,
    /// Scores, events × outputs.
    pub scores: &'a [f64],
}

/// What is seen of the events while they are evaluated.
pub struct Figures {
    histograms: Histograms,
    scan: Result<Scan, String>,
    plane: Result<Plane, String>,
}

impl Figures {
    /// Ranges and thresholds, from the validation events.
    ///
    /// # Errors
    /// Where the workspace is faulty.
    pub fn new(trainer: &Trainer<'_>, scorer: &mut dyn Scorer) -> Result<Self, TrainFault> {
        let engine = &trainer.engine;
        let (summary, outputs) = (&engine.training.summary, scorer.outputs());
        let nominal = trainer.engine.nominal();
        let mut ranges = vec![[f64::INFINITY, f64::NEG_INFINITY]; outputs];
        let mut known = None;
        // Of one score an event alone: others have no order to cut in.
        let mut scores = Vec::new();
        for (pass, events) in trainer.validation.passes.iter().enumerate() {
            let mut shown = forward(scorer, &events.x, events.weights.len());
            known = summary.show(&mut shown);
            for row in shown.chunks_exact(outputs) {
                for ([low, high], score) in ranges.iter_mut().zip(row) {
                    (*low, *high) = (low.min(*score), high.max(*score));
                }
            }
            if pass < nominal && outputs == 1 {
                scores.push(shown);
            }
        }
        let ranges = ranges.into_iter().map(|found| known.unwrap_or(found)).collect();
        let histograms = Histograms::new(engine.passes.len(), ranges);
        let scan = match outputs {
            1 => Scan::new(trainer, &scores)?,
            _ => Err(format!("there are {outputs} scores an event, and a threshold is on one")),
        };
        let plane = match trainer.features().len() {
            2 => Ok(Plane::default()),
            1 => Err("there is 1 feature, and a plane has two".to_owned()),
            n => Err(format!("there are {n} features, and a plane has two")),
        };
        Ok(Self { histograms, scan, plane })
    }

    /// Counts the events of the evaluation, as [`super::evaluate()`] does, and looks at them. Once for each of these.
    ///
    /// # Errors
    /// Where events are of no use.
    pub fn evaluate(
        &mut self,
        trainer: &Trainer<'_>,
        scorer: &mut dyn Scorer,
        learnt: &[f64],
        tick: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Evaluation, TrainFault> {
        let summary = &trainer.engine.training.summary;
        let nominal = trainer.engine.nominal();
        let mut see = |seen: &Seen<'_>| {
            let mut shown = seen.scores.to_vec();
            summary.show(&mut shown);
            self.histograms.add(seen.pass, &shown, &seen.events.weights);
            if seen.pass >= nominal {
                return;
            }
            if let Ok(scan) = &mut self.scan {
                scan.evaluation.add(seen.pass, &shown, &seen.events.weights);
            }
            if let Ok(plane) = &mut self.plane {
                plane.add(&seen.events.x);
            }
        };
        let found = evaluate_of(trainer, (scorer, learnt), Purpose::Evaluation, tick, &mut see)?;
        if let Ok(scan) = &mut self.scan {
            (0..nominal).for_each(|pass| scan.evaluation.scale(pass, found.scales[pass]));
        }
        self.histograms.scale(&found.scales);
        Ok(found)
    }

    /// The score's distribution in every sample and variation.
    pub fn distributions(&self, trainer: &Trainer<'_>) -> Vec<Distribution> {
        self.histograms.distributions(trainer)
    }

    /// What cuts on the score give; why there are none where there are none.
    ///
    /// # Errors
    /// In words.
    pub fn cuts(&self, min_effective: f64) -> Result<Cuts, String> {
        self.scan.as_ref().map(|scan| scan.cuts(min_effective)).map_err(Clone::clone)
    }

    /// Scores and bins over the plane of both features; why there are none where there are more features, or one.
    ///
    /// # Errors
    /// In words.
    pub fn boundary(
        &self,
        trainer: &Trainer<'_>,
        scorer: &mut dyn Scorer,
        learnt: &[f64],
    ) -> Result<Boundary, String> {
        self.plane.as_ref().map_err(Clone::clone)?.boundary(trainer, scorer, learnt)
    }
}

/// Scores of events.
fn forward(scorer: &mut dyn Scorer, x: &[f32], rows: usize) -> Vec<f64> {
    let mut out = vec![0.0_f32; rows * scorer.outputs()];
    scorer.forward(x, &mut out);
    out.into_iter().map(f64::from).collect()
}
