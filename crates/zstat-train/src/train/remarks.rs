//! What is to be said of what was learnt: whether it is anything, and what losses say of the scores.

use zstat_core::loss::{Column, Level, Loss, Scored};

use super::fit::{Fitted, Trainer};
use crate::files::History;

/// Events of each process that they are asked with, at most.
const MOST: usize = 5_000;

impl Trainer<'_> {
    /// What a reader of the result should know: nothing where all is well.
    pub fn remarks(&mut self, fitted: &mut Fitted, history: &History) -> Vec<String> {
        let mut all = self.nothing_learnt(fitted, history);
        if !fitted.scorer.parameters().is_empty() {
            all.extend(self.of_losses(fitted));
        }
        all
    }

    /// Whether anything was learnt: the loss of the validation events is less than before the training, and has a gradient.
    fn nothing_learnt(&mut self, fitted: &Fitted, history: &History) -> Vec<String> {
        let mut all = Vec::new();
        if fitted.scorer.parameters().is_empty() && fitted.learnt.is_empty() {
            return all;
        }
        let of_events = |(spec, loss): &(crate::spec::LossSpec, Box<dyn Loss>)| {
            spec.weight == 0.0 || matches!(loss.level(), Level::Events(_))
        };
        if fitted.scorer.parameters().is_empty() && self.engine.training.losses.iter().all(of_events) {
            all.push(
                "nothing was learnt: losses of single events do not see the edges of bins, and the scorer has nothing to learn; train the edges with a loss of templates, such as `inferno`"
                    .to_owned(),
            );
            return all;
        }
        let column = |name: &str| {
            let at = history.columns.iter().position(|known| known == name)?;
            Some(history.rows.iter().map(|row| row[at]).collect::<Vec<f64>>())
        };
        let norms = column("gradient_norm").unwrap_or_default();
        let losses = column("loss").unwrap_or_default();
        if losses.last() == Some(&0.0) && norms.last() == Some(&0.0) {
            let from = losses.iter().rposition(|loss| *loss != 0.0).map_or(0, |last| last + 1);
            all.push(format!(
                "the loss is exactly 0 from epoch {from} on, with nothing left to learn from it, as a penalty is where its condition holds; add a loss that says what is wanted, such as `inferno` or `bce`"
            ));
            return all;
        }
        let with_gradient = norms.iter().rposition(|norm| *norm != 0.0).map_or(0, |last| last + 1);
        if with_gradient < norms.len() {
            all.push(format!(
                "the gradient is exactly 0 from epoch {with_gradient} on: all scores are where summary and loss are flat; lower `learning_rate`, or clip the gradient (`clip: {{norm: 1}}`), or try another `seed`"
            ));
        }
        let after = column("validation").and_then(|column| column.get(fitted.epoch as usize).copied());
        if let (Some(after), Some(before)) = (after, self.validation_at_start(fitted.epoch))
            && (after.is_nan() || after >= before)
        {
            all.push(format!(
                "nothing was learnt: the loss of the validation events is {after:.6}, and was {before:.6} before the training; lower `learning_rate`, or train for more `epochs`"
            ));
        }
        all
    }

    /// The loss of the validation events before the training, as that of an epoch counts; none where it has no value.
    fn validation_at_start(&mut self, epoch: u32) -> Option<f64> {
        let (mut scorer, learnt) = self.start().ok()?;
        self.validate(epoch, scorer.as_mut(), &learnt).ok().filter(|loss| loss.is_finite())
    }

    /// What the losses say of the last epoch.
    fn of_losses(&self, fitted: &mut Fitted) -> Vec<String> {
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
