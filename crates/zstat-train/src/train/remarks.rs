//! What losses say of the scores that were learnt.

use zstat_core::loss::{Column, Process, Scored};

use super::fault::TrainFault;
use super::fit::{Fitted, Trainer};
use super::passes::NONE;

/// Events of each process that they are asked with, at most.
const MOST: usize = 5_000;

impl Trainer<'_> {
    /// What a reader of the result should know, by the losses of the last epoch: nothing where all is well.
    ///
    /// # Errors
    /// Where a loss has no value for the scores.
    pub fn remarks(&self, fitted: &mut Fitted) -> Result<Vec<String>, TrainFault> {
        let training = self.engine.training;
        let width = self.kitchen.features.len();
        let (mut x, mut weights, mut process) = (Vec::new(), Vec::new(), Vec::new());
        let nominal = self.engine.nominal();
        for (pass, events) in self.engine.passes.iter().zip(&self.training_events().passes).take(nominal) {
            let all = &self.training_events().weights[pass.process];
            let count = all.len().min(MOST);
            let unit = self.engine.expected[pass.process] / all[..count].iter().sum::<f64>();
            for row in events.row[..count].iter().filter(|row| **row != NONE) {
                let row = *row as usize;
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
        let processes = training.processes.keys().zip(&self.engine.expected).zip(&training.signals);
        let processes: Vec<Process> = processes
            .map(|((name, &yield_), &is_signal)| Process { name: name.clone(), is_signal, yield_ })
            .collect();
        let batch = Scored {
            scores: &scores,
            outputs: fitted.scorer.outputs(),
            process: &process,
            weights: &weights,
            processes: &processes,
            columns: &columns,
        };
        let last = |until: Option<u32>| until.is_none_or(|until| fitted.epoch < until);
        let mut all = Vec::new();
        for (spec, loss) in training.losses.iter().filter(|(spec, _)| last(spec.until)) {
            let found = loss.remarks(&batch).map_err(|source| TrainFault::Step {
                epoch: fitted.epoch,
                step: self.steps(),
                loss: spec.name.clone(),
                source: Box::new(source),
            })?;
            all.extend(found);
        }
        Ok(all)
    }
}
