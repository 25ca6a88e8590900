//! Events between thresholds on the score, by process.

use zstat_core::likelihood::Nll;
use zstat_core::model::Model;

use super::super::limit::sample_total;
use super::cut::{CutRow, Cuts};
use super::{TrainFault, Trainer};

/// Thresholds divide the signal into so many parts.
const STEPS: usize = 1000;

/// Cuts in the making.
pub(in crate::train) struct Scan {
    /// Names of the processes of the nominal passes, and which are signal.
    processes: Vec<(String, bool)>,
    validation: Counts,
    pub evaluation: Counts,
}

/// Σw and Σw² of each process between thresholds, in the direction of the signal.
#[derive(Clone)]
pub(in crate::train) struct Counts {
    /// 1 where the signal has the larger scores, else −1.
    sign: f64,
    /// Thresholds on the score times the sign, ascending; the first is −∞.
    thresholds: Vec<f64>,
    /// What every event counts for at the start values, by process.
    factors: Vec<f64>,
    sums: Vec<Vec<[f64; 2]>>,
}

impl Scan {
    /// Thresholds from the validation events, whose scores are given by nominal pass; in words why there are none.
    pub fn new(trainer: &Trainer<'_>, scores: &[Vec<f64>]) -> Result<Result<Self, String>, TrainFault> {
        let engine = &trainer.engine;
        let passes = &engine.passes[..trainer.engine.nominal()];
        let events = &trainer.validation;
        let processes: Vec<(String, bool)> = passes
            .iter()
            .map(|pass| (trainer.sources[pass.process].name.clone(), engine.training.signals[pass.process]))
            .collect();
        for (is_signal, what) in [(true, "a signal"), (false, "background")] {
            if !processes.iter().any(|(_, known)| *known == is_signal) {
                return Ok(Err(format!("no process with events is {what}")));
            }
        }
        let at_start = match at_start(trainer)? {
            Ok(at_start) => at_start,
            Err(why) => return Ok(Err(why)),
        };
        let factors: Vec<f64> = passes.iter().map(|pass| at_start[pass.process]).collect();
        let scales: Vec<f64> = passes
            .iter()
            .map(|pass| engine.expected[pass.process] / events.weights[pass.process].iter().sum::<f64>())
            .collect();
        // Scores with what they count for, of all processes of a kind.
        let of_kind = |is_signal: bool| {
            let mut all = Vec::new();
            for (pass, scores) in
                scores.iter().enumerate().filter(|(pass, _)| processes[*pass].1 == is_signal)
            {
                let scale = scales[pass] * factors[pass];
                let weights = &events.passes[pass].weights;
                all.extend(scores.iter().zip(weights.iter()).map(|(score, weight)| (*score, weight * scale)));
            }
            all
        };
        let (signal, background) = (of_kind(true), of_kind(false));
        let sign = if mean(&signal) < mean(&background) { -1.0 } else { 1.0 };
        let counts = Counts { sign, thresholds: thresholds(signal, sign), factors, sums: Vec::new() };
        let mut validation = counts.empty(passes.len());
        let evaluation = validation.clone();
        for (pass, scores) in scores.iter().enumerate() {
            validation.add(pass, scores, &events.passes[pass].weights);
            validation.scale(pass, scales[pass]);
        }
        Ok(Ok(Self { processes, validation, evaluation }))
    }

    /// The cuts.
    pub fn cuts(&self, min_effective: f64) -> Cuts {
        Cuts {
            above: self.validation.sign > 0.0,
            processes: self.processes.clone(),
            min_effective,
            validation: self.validation.rows(&self.processes),
            evaluation: self.evaluation.rows(&self.processes),
        }
    }
}

impl Counts {
    fn empty(self, passes: usize) -> Self {
        let sums = vec![vec![[0.0; 2]; self.thresholds.len()]; passes];
        Self { sums, ..self }
    }

    /// Adds events of a process.
    pub fn add(&mut self, pass: usize, scores: &[f64], weights: &[f64]) {
        for (score, weight) in scores.iter().zip(weights) {
            let signed = score * self.sign;
            let passed = self.thresholds.partition_point(|threshold| *threshold <= signed);
            // A score that is no number passes none.
            let Some(last) = passed.checked_sub(1) else { continue };
            let [sum, square] = &mut self.sums[pass][last];
            *sum += weight;
            *square += weight * weight;
        }
    }

    /// From weights to events of the process, before the start values count.
    pub fn scale(&mut self, pass: usize, scale: f64) {
        let scale = scale * self.factors[pass];
        for [sum, square] in &mut self.sums[pass] {
            *sum *= scale;
            *square *= scale * scale;
        }
    }

    /// What is kept at each threshold: sums from the last one down.
    fn rows(&self, processes: &[(String, bool)]) -> Vec<CutRow> {
        // What one event of a process counts for, squared: where none is left, that one would be there is all that is known.
        let one = |sums: &Vec<[f64; 2]>| {
            let [sum, square] = sums.iter().fold([0.0; 2], |all, of| [all[0] + of[0], all[1] + of[1]]);
            if square > 0.0 { (square / sum).powi(2) } else { 0.0 }
        };
        let ones: Vec<f64> = self.sums.iter().map(one).collect();
        let mut kept = vec![[0.0; 2]; processes.len()];
        let mut rows = Vec::with_capacity(self.thresholds.len());
        for (at, threshold) in self.thresholds.iter().enumerate().rev() {
            let mut both = [[0.0; 2]; 2];
            for ((kept, sums), (_, is_signal)) in kept.iter_mut().zip(&self.sums).zip(processes) {
                let of_kind = &mut both[usize::from(!is_signal)];
                for (i, kept) in kept.iter_mut().enumerate() {
                    *kept += sums[at][i];
                    of_kind[i] += *kept;
                }
            }
            let [[s, s_square], [b, b_square]] = both;
            let unseen = kept.iter().zip(processes).zip(&ones);
            let unseen = unseen.filter(|(([_, square], (_, is_signal)), _)| !is_signal && *square == 0.0);
            let unseen: f64 = unseen.map(|(_, one)| one).sum();
            rows.push(CutRow {
                threshold: threshold * self.sign,
                efficiency: s,
                efficiencies: kept.iter().map(|[sum, _]| *sum).collect(),
                s: [s, s_square.sqrt()],
                b: [b, b_square.sqrt()],
                // Weights of both signs may leave less than nothing.
                effective: if b > 0.0 { b * b / (b_square + unseen) } else { 0.0 },
            });
        }
        rows.reverse();
        // Efficiencies are parts of what there is without a cut.
        let (all, each) = (rows[0].efficiency, rows[0].efficiencies.clone());
        for row in &mut rows {
            row.efficiency /= all;
            row.efficiencies.iter_mut().zip(&each).for_each(|(kept, all)| *kept /= all);
        }
        rows
    }
}

/// The weighted mean of scores.
fn mean(scores: &[(f64, f64)]) -> f64 {
    let sum: f64 = scores.iter().map(|(_, weight)| weight).sum();
    scores.iter().map(|(score, weight)| score * weight).sum::<f64>() / sum
}

/// Thresholds that divide the signal into parts of the same size, after the one that keeps all. Weights count by their size, so
/// that they are in order with negative ones, too.
fn thresholds(mut signal: Vec<(f64, f64)>, sign: f64) -> Vec<f64> {
    signal.iter_mut().for_each(|(score, _)| *score *= sign);
    signal.retain(|(score, _)| !score.is_nan());
    signal.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all: f64 = signal.iter().map(|(_, weight)| weight.abs()).sum();
    let mut thresholds = vec![f64::NEG_INFINITY];
    let (mut below, mut step) = (0.0, 1);
    for (score, weight) in signal {
        if below >= all * step as f64 / STEPS as f64 {
            if thresholds.last().is_none_or(|last| *last < score) {
                thresholds.push(score);
            }
            while step < STEPS && below >= all * step as f64 / STEPS as f64 {
                step += 1;
            }
            if step == STEPS {
                break;
            }
        }
        below += weight.abs();
    }
    thresholds
}

/// What the yield of each process is multiplied by at the start values: the factors of its samples.
fn at_start(trainer: &Trainer<'_>) -> Result<Result<Vec<f64>, String>, TrainFault> {
    let training = trainer.engine.training;
    let model = Model::build(&trainer.workspace, &trainer.options).map_err(TrainFault::Model)?;
    let theta = model.init();
    let mut nll = Nll::new(&model, model.data(vec![0.0; model.n_bins()]));
    let channel = &training.workspace.channels[training.channel];
    let mut factors = vec![0.0; trainer.sources.len()];
    for sample in &training.samples {
        let name = &channel.samples[sample.index].name;
        match sample_total(&mut nll, &model, [&channel.name, name], &theta) {
            Ok((total, _)) => factors[sample.process] += total / trainer.engine.expected[sample.process],
            Err(why) => return Ok(Err(format!("the samples have no yields at the start values: {why}"))),
        }
    }
    Ok(Ok(factors))
}
