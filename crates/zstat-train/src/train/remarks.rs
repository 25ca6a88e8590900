//! What losses say of the scores that were learnt.

use zstat_core::loss::{Column, Scored};

use super::fit::{Fitted, Trainer};

/// Events of each process that they are asked with, at most.
const MOST: usize = 5_000;

impl Trainer<'_> {
    /// What a reader of the result should know, by the losses of the last epoch: nothing where all is well.
    pub fn remarks(&self, fitted: &mut Fitted) -> Vec<String> {
        let training = self.engine.training;
        let width = self.kitchen.features.len();
        let (mut x, mut weights, mut process) = (Vec::new(), Vec::new(), Vec::new());
        let nominal = self.engine.nominal();
        for (pass, events) in self.engine.passes.iter().zip(&self.training_events().passes).take(nominal) {
            let all = &self.training_events().weights[pass.process];
            let count = all.len().min(MOST);
            let unit = self.engine.expected[pass.process] / all[..count].iter().sum::<f64>();
            let (first, mut rows) = ((0..count as u32).collect::<Vec<_>>(), Vec::new());
            events.rows(&first, &mut rows);
            for row in rows.into_iter().map(|row| row as usize) {
                x.extend_from_slice(&events.x[row * width..(row + 1) * width]);
                weights.push(events.weights[row] * unit);
                process.push(pass.process);
            }
        }
        let mut out = vec![0.0; weights.len() * fitted.scorer.outputs()];
        fitted.scorer.forward(&x, &mut out);
        let scores: Vec<f64> = out.iter().map(|z| f64::from(*z)).collect();
        let columns: Vec<Vec<f64>> = (0..width)
            .map(|column| x.iter().skip(column).step_by(width).map(|x| f64::from(*x)).collect())
            .collect();
        let columns = self.kitchen.features.iter().zip(&columns);
        let columns: Vec<Column<'_>> = columns.map(|(name, values)| Column { name, values }).collect();
        let batch = Scored {
            scores: &scores,
            outputs: fitted.scorer.outputs(),
            process: &process,
            weights: &weights,
            processes: &self.engine.processes,
            columns: &columns,
        };
        let last = |until: Option<u32>| until.is_none_or(|until| fitted.epoch < until);
        let mut all = Vec::new();
        for (spec, loss) in training.losses.iter().filter(|(spec, _)| last(spec.until)) {
            // A training that has ended well does not fail of what is said of it.
            let found = loss.remarks(&batch);
            let found = found.unwrap_or_else(|error| {
                vec![format!("{}: nothing can be said of the scores learnt: {error}", spec.name)]
            });
            all.extend(found);
        }
        all
    }
}
