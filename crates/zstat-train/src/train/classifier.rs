//! What the best classifier of signal against background would give, where it is known how events are generated: the ratio of
//! their densities, in as many uniform bins as the summary has. It knows nothing of what varies: a summary that does may be better
//! where much varies, none where nothing does and bins are many.

use super::evaluate::{Counter, Evaluation, PARTS, part_of};
use super::fault::TrainFault;
use super::fit::Trainer;
use crate::events::{Generator, Purpose};

/// Density of a class: processes with the part that each is of it.
struct Class<'a>(Vec<(f64, &'a Generator)>);

impl Class<'_> {
    fn ln_density(&self, event: &[f64]) -> f64 {
        let terms = self.0.iter().map(|(part, generator)| part.ln() + generator.ln_density(event));
        let terms: Vec<f64> = terms.collect();
        let largest = terms.iter().fold(f64::NEG_INFINITY, |largest, term| largest.max(*term));
        if largest.is_finite() {
            largest + terms.iter().map(|term| (term - largest).exp()).sum::<f64>().ln()
        } else {
            largest
        }
    }
}

impl Trainer<'_> {
    /// The events of the evaluation in bins of s/(s + b), both densities normalised to 1; why not where it is not known.
    ///
    /// # Errors
    /// Where events are of no use.
    pub fn exact_classifier(
        &self,
        tick: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Result<Evaluation, String>, TrainFault> {
        let training = self.engine.training;
        let classes = match self.classes() {
            Ok(classes) => classes,
            Err(why) => return Ok(Err(why)),
        };
        let bins = training.summary.bins();
        let mut counter = Counter::new(self, bins);
        for part in 0..PARTS {
            if !tick(part, PARTS) {
                return Err(TrainFault::Interrupted);
            }
            let tables: Vec<_> = (self.sources.iter())
                .map(|source| {
                    let range = part_of(part, source.count(Purpose::Evaluation));
                    source.events(Purpose::Evaluation, range)
                })
                .collect();
            counter.processes(part, tables.iter().map(|(_, weights)| weights.iter().sum()));
            for (at, pass) in self.engine.passes.iter().enumerate() {
                let (table, weights) = &tables[pass.process];
                let name = self.sources[pass.process].name.as_str();
                let (kept, weights, _) =
                    self.kitchen.table((pass.process, name), &pass.effect, table, weights)?;
                let columns = table.columns().len();
                let mut event = vec![0.0; columns];
                let mut places = Vec::with_capacity(kept.rows());
                for row in 0..kept.rows() {
                    event.iter_mut().zip(kept.values()).for_each(|(x, column)| *x = column[row]);
                    let [background, signal] = classes.each_ref().map(|class| class.ln_density(&event));
                    places.push(bin(signal - background, bins));
                }
                counter.put([part, at as u64], &places, &weights);
            }
        }
        Ok(Ok(counter.finish(self)))
    }

    /// Background and signal.
    fn classes(&self) -> Result<[Class<'_>; 2], String> {
        let training = self.engine.training;
        let mut classes = [Class(Vec::new()), Class(Vec::new())];
        let mut sums = [0.0; 2];
        let mut columns: Option<&[String]> = None;
        for (process, source) in self.sources.iter().enumerate() {
            if !training.samples.iter().any(|sample| sample.process == process) {
                continue;
            }
            let generator = source
                .generator()
                .ok_or_else(|| "events are read from files: their density is not known".to_owned())?;
            if columns.get_or_insert(generator.columns()) != &generator.columns() {
                return Err("processes do not have the same columns".to_owned());
            }
            let class = usize::from(training.signals[process]);
            classes[class].0.push((source.expected, generator));
            sums[class] += source.expected;
        }
        for ((class, sum), what) in classes.iter_mut().zip(sums).zip(["background", "signal"]) {
            if class.0.is_empty() {
                return Err(format!("no process is {what}"));
            }
            class.0.iter_mut().for_each(|(part, _)| *part /= sum);
        }
        let cut = |process: usize| training.processes[process].select.as_ref();
        let first = training.samples.first().map(|sample| cut(sample.process));
        if training.samples.iter().any(|sample| Some(cut(sample.process)) != first) {
            return Err("processes are selected differently".to_owned());
        }
        Ok(classes)
    }
}

/// The bin of a logit in uniform bins of 1/(1 + e^−z). Where neither density is positive, there is none.
fn bin(logit: f64, bins: usize) -> Option<usize> {
    if logit.is_nan() {
        return None;
    }
    let place = bins as f64 / (1.0 + (-logit).exp());
    Some((place as usize).min(bins - 1))
}

#[cfg(test)]
mod tests {
    use super::bin;

    #[test]
    fn bins_are_uniform_in_probability() {
        let logit = |p: f64| (p / (1.0 - p)).ln();
        for (p, expected) in [(0.01, 0), (0.099, 0), (0.101, 1), (0.55, 5), (0.95, 9), (0.9999, 9)] {
            assert_eq!(bin(logit(p), 10), Some(expected), "{p}");
        }
        assert_eq!(bin(f64::INFINITY, 10), Some(9));
        assert_eq!(bin(f64::NEG_INFINITY, 10), Some(0));
        assert_eq!(bin(f64::NAN, 10), None);
    }
}
