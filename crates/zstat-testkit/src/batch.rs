//! Batches of events to try losses on: three processes, uneven weights, some of them negative.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use zstat_core::loss::{Column, Process, Scored};

/// (is it signal?, expected events, events in the batch) of the processes of a random batch.
const PROCESSES: [(bool, f64, usize); 3] = [(true, 3.0, 13), (false, 40.0, 17), (false, 7.0, 9)];
/// One event in so many has a negative weight.
const NEGATIVE: usize = 8;

/// Events with scores, as [`Scored`] has them.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Events × outputs.
    pub scores: Vec<f64>,
    /// Outputs an event.
    pub outputs: usize,
    /// The process of each event.
    pub process: Vec<usize>,
    /// Weights, in expected events.
    pub weights: Vec<f64>,
    /// The processes.
    pub processes: Vec<Process>,
    /// Columns, by name; one value an event.
    pub columns: Vec<(String, Vec<f64>)>,
}

impl Batch {
    /// A batch of 39 events. Scores and columns are normal, and signal is shifted to larger values of all of them, so that
    /// they depend on each other; the weights of a process add up to what is expected of it. No two scores are equal.
    pub fn random(outputs: usize, columns: &[String], seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut batch = Self {
            scores: Vec::new(),
            outputs,
            process: Vec::new(),
            weights: Vec::new(),
            processes: Vec::new(),
            columns: columns.iter().map(|name| (name.clone(), Vec::new())).collect(),
        };
        for (at, (is_signal, yield_, count)) in PROCESSES.into_iter().enumerate() {
            batch.processes.push(Process { name: format!("process_{at}"), is_signal, yield_ });
            let shift = if is_signal { 0.8 } else { 0.0 };
            let weights: Vec<f64> = (0..count).map(|event| weight(&mut random, event)).collect();
            let sum: f64 = weights.iter().sum();
            for weight in weights {
                batch.process.push(at);
                batch.weights.push(weight * yield_ / sum);
                for _ in 0..outputs {
                    batch.scores.push(normal(&mut random) + shift);
                }
                for (_, values) in &mut batch.columns {
                    values.push(normal(&mut random) + 0.5 * shift);
                }
            }
        }
        batch
    }

    /// Number of events.
    pub fn n_events(&self) -> usize {
        self.process.len()
    }

    /// Calls `with` with the batch as losses see it.
    pub fn scored<T>(&self, with: impl FnOnce(&Scored<'_>) -> T) -> T {
        let columns: Vec<Column<'_>> =
            self.columns.iter().map(|(name, values)| Column { name, values }).collect();
        with(&Scored {
            scores: &self.scores,
            outputs: self.outputs,
            process: &self.process,
            weights: &self.weights,
            processes: &self.processes,
            columns: &columns,
        })
    }

    /// The events with these numbers, in this order.
    #[must_use]
    pub fn picked(&self, events: &[usize]) -> Self {
        let pick = |values: &[f64]| events.iter().map(|&event| values[event]).collect();
        let rows = events.iter().flat_map(|&event| &self.scores[event * self.outputs..][..self.outputs]);
        Self {
            scores: rows.copied().collect(),
            process: events.iter().map(|&event| self.process[event]).collect(),
            weights: pick(&self.weights),
            columns: self.columns.iter().map(|(name, values)| (name.clone(), pick(values))).collect(),
            ..self.clone()
        }
    }

    /// The same with all weights, and what is expected of all processes, multiplied.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let mut scaled = self.clone();
        scaled.weights.iter_mut().for_each(|weight| *weight *= factor);
        scaled.processes.iter_mut().for_each(|process| process.yield_ *= factor);
        scaled
    }
}

fn weight(random: &mut impl Rng, event: usize) -> f64 {
    let size = random.random_range(0.4..1.6);
    if event % NEGATIVE == NEGATIVE - 3 { -0.3 * size } else { size }
}

fn normal(random: &mut impl Rng) -> f64 {
    StandardNormal.sample(random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_batch_is_what_it_says() {
        let batch = Batch::random(2, &["mass".to_owned()], 3);
        assert_eq!(batch.scores.len(), 2 * batch.n_events());
        assert!(batch.weights.iter().any(|weight| *weight < 0.0));
        for (at, process) in batch.processes.iter().enumerate() {
            let of = batch.process.iter().zip(&batch.weights).filter(|(process, _)| **process == at);
            let sum: f64 = of.map(|(_, weight)| weight).sum();
            assert!((sum - process.yield_).abs() < 1e-12, "{sum}");
        }
        let picked = batch.picked(&[7, 0]);
        assert_eq!(picked.scores, [&batch.scores[14..16], &batch.scores[..2]].concat());
        assert!(picked.scored(|scored| scored.column("mass").is_ok_and(|values| values.len() == 2)));
    }
}
