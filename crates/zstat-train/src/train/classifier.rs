//! What the best classifier of signal against background would give, where it is known how events are generated: the ratio of
//! their densities, in as many uniform bins as the summary has. It knows nothing of what varies: a summary that does may be better
//! where much varies, none where nothing does and bins are many.

use zstat_core::table::Table;

use super::evaluate::{Counter, Evaluation, PARTS, part_of};
use super::fault::TrainFault;
use super::figures::{Cuts, Scan};
use super::fit::Trainer;
use super::passes::Pass;
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

/// What the exact classifier gives.
pub struct Exact {
    /// The events of the evaluation in bins of s/(s + b), both densities normalised to 1.
    pub evaluation: Evaluation,
    /// Cuts on the logarithm of s/b; why there are none where there are none.
    pub cuts: Result<Cuts, String>,
}

impl Trainer<'_> {
    /// What the exact classifier gives; why it is not known where it is not. Cuts leave at least `min_effective` events of the
    /// background.
    ///
    /// # Errors
    /// Where events are of no use.
    pub fn exact_classifier(
        &self,
        min_effective: f64,
        tick: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Result<Exact, String>, TrainFault> {
        let classes = match self.classes() {
            Ok(classes) => classes,
            Err(why) => return Ok(Err(why)),
        };
        let nominal = self.engine.nominal();
        let validation: Vec<Vec<f64>> = self.engine.passes[..nominal]
            .iter()
            .map(|pass| {
                let source = &self.sources[pass.process];
                let table = source.events(Purpose::Validation, 0..source.count(Purpose::Validation));
                Ok(self.logits(&classes, pass, &table)?.0)
            })
            .collect::<Result<_, TrainFault>>()?;
        let mut scan = Scan::new(self, &validation)?;
        let bins = self.engine.training.summary.bins();
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
                let (logits, weights) = self.logits(&classes, pass, &tables[pass.process])?;
                let places: Vec<Option<usize>> = logits.iter().map(|logit| bin(*logit, bins)).collect();
                counter.put([part, at as u64], &places, &weights);
                if let (Ok(scan), true) = (&mut scan, at < nominal) {
                    scan.evaluation.add(at, &logits, &weights);
                }
            }
        }
        let evaluation = counter.finish(self);
        let cuts = scan.map(|mut scan| {
            (0..nominal).for_each(|pass| scan.evaluation.scale(pass, evaluation.scales[pass]));
            scan.cuts(min_effective)
        });
        Ok(Ok(Exact { evaluation, cuts }))
    }

    /// ln s/b of the events of a pass, with their weights.
    fn logits(
        &self,
        [background, signal]: &[Class<'_>; 2],
        pass: &Pass,
        (table, weights): &(Table, Vec<f64>),
    ) -> Result<(Vec<f64>, Vec<f64>), TrainFault> {
        let name = self.sources[pass.process].name.as_str();
        let (kept, weights, _) = self.kitchen.table((pass.process, name), &pass.effect, table, weights)?;
        let mut event = vec![0.0; table.columns().len()];
        let logit = |row: usize| {
            event.iter_mut().zip(kept.values()).for_each(|(x, column)| *x = column[row]);
            signal.ln_density(&event) - background.ln_density(&event)
        };
        Ok(((0..kept.rows()).map(logit).collect(), weights))
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
