//! One evaluation of the losses on some events, and its gradient.

use zstat_core::fit::Fitter;
use zstat_core::loss::{Binned, Column, Level, LossError, Process, Scored, Slopes};
use zstat_core::model::Model;
use zstat_core::scorer::Scorer;
use zstat_core::summary::Stage;

use super::cells::Cells;
use super::fault::TrainFault;
use super::passes::{Events, NONE, Pass};
use crate::spec::Training;

/// Where a training stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    pub epoch: u32,
    pub step: u64,
    /// The part of the training that is over.
    pub progress: f64,
}

/// What is learnt.
pub(super) struct Learnt<'a> {
    pub scorer: &'a mut dyn Scorer,
    /// Of the summary.
    pub summary: &'a [f64],
}

/// Derivatives by what is learnt.
#[derive(Debug, Default)]
pub(super) struct Gradient {
    pub scorer: Vec<f64>,
    pub summary: Vec<f64>,
}

/// The losses of some events.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Values {
    /// Their weighted sum.
    pub total: f64,
    /// Each, not weighted; none where it does not count.
    pub parts: Vec<Option<f64>>,
}

/// Everything that stays the same from step to step, and memory.
pub(super) struct Engine<'t> {
    pub training: &'t Training,
    pub model: Model,
    pub cells: Cells,
    pub passes: Vec<Pass>,
    pub fitter: &'t dyn Fitter,
    /// Events expected, by process.
    pub expected: Vec<f64>,
    /// Simulated events that the result is made of, by process, before any selection.
    pub simulated: Vec<u64>,
    /// As losses see them.
    pub processes: Vec<Process>,
    point: Vec<f64>,
    fixed: Vec<bool>,
    poi: usize,
    features: usize,
    /// Columns that losses read.
    columns: Vec<String>,
    memory: Memory,
}

#[derive(Default)]
struct Memory {
    x: Vec<f32>,
    weights: Vec<f64>,
    process: Vec<usize>,
    /// Columns that losses read, of all rows.
    columns: Vec<Vec<f64>>,
    /// From variances of the batch to those of the result, by process.
    thinning: Vec<f64>,
    /// Where the rows of each pass start, and where the last ends.
    start: Vec<usize>,
    out: Vec<f32>,
    scores: Vec<f64>,
    shares: Vec<f64>,
    by_scores: Vec<f64>,
    by_shares: Vec<f64>,
    by_out: Vec<f32>,
    by_events: Vec<f64>,
}

impl<'t> Engine<'t> {
    pub fn new(
        training: &'t Training,
        model: Model,
        passes: Vec<Pass>,
        fitter: &'t dyn Fitter,
        (features, simulated): (usize, Vec<u64>),
    ) -> Self {
        let expected: Vec<f64> =
            training.processes.values().map(|p| p.events().unwrap_or(f64::NAN)).collect();
        let processes = training.processes.keys().zip(&expected).zip(&training.signals);
        let processes =
            processes.map(|((name, &yield_), &is_signal)| Process { name: name.clone(), is_signal, yield_ });
        Self {
            cells: Cells::new(training, &model, &passes),
            processes: processes.collect(),
            point: model.init(),
            fixed: model.parameters().iter().map(|parameter| parameter.fixed).collect(),
            poi: model.poi().first().map_or(0, |index| index.0),
            training,
            model,
            passes,
            fitter,
            expected,
            simulated,
            features,
            columns: super::passes::columns(training),
            memory: Memory::default(),
        }
    }

    /// What the scorer saw last, and the derivatives by the shares that it came to.
    #[cfg(test)]
    pub fn last(&self) -> (&[f32], &[f64]) {
        (&self.memory.x, &self.memory.by_shares)
    }

    /// Passes at the beginning that are nominal, one a process of a sample: those that losses of single events see. Other events as a
    /// variation may follow; nothing is done to them, and yet they are not nominal.
    pub fn nominal(&self) -> usize {
        let of_sample = |pass: &&Pass| {
            pass.effect == Default::default()
                && self.training.samples.iter().any(|s| s.process == pass.process)
        };
        self.passes.iter().take_while(of_sample).count()
    }

    /// The losses of the events `picks` (numbers, by process), and derivatives by what is learnt where they are asked for.
    pub fn evaluate(
        &mut self,
        learnt: &mut Learnt<'_>,
        at: At,
        (events, picks): (&Events, &[Vec<u32>]),
        gradient: Option<&mut Gradient>,
    ) -> Result<Values, TrainFault> {
        let counts =
            |from: u32, until: Option<u32>| from <= at.epoch && until.is_none_or(|until| at.epoch < until);
        let active: Vec<bool> =
            self.training.losses.iter().map(|(spec, _)| counts(spec.from, spec.until)).collect();
        let of_templates = |(active, (_, loss)): (&bool, &(_, Box<dyn zstat_core::loss::Loss>))| {
            *active && matches!(loss.level(), Level::Templates(_))
        };
        let with_templates = active.iter().zip(&self.training.losses).any(of_templates);
        let n_passes = if with_templates { self.passes.len() } else { self.nominal() };
        self.gather(events, picks, n_passes, at)?;
        let rows = self.memory.weights.len();
        let outputs = learnt.scorer.outputs();
        let memory = &mut self.memory;
        memory.out.resize(rows * outputs, 0.0);
        learnt.scorer.forward(&memory.x, &mut memory.out);
        memory.scores.clear();
        memory.scores.extend(memory.out.iter().map(|z| f64::from(*z)));
        if !memory.scores.iter().all(|z| z.is_finite()) {
            return Err(diverged(at, "the scores are".to_owned()));
        }
        memory.by_scores.clear();
        memory.by_scores.resize(rows * outputs, 0.0);
        let mut values = Values { total: 0.0, parts: vec![None; active.len()] };
        self.of_events(&active, at, outputs, &mut values)?;
        let mut by_summary = vec![0.0; learnt.summary.len()];
        if with_templates {
            self.of_templates(&active, at, learnt.summary, outputs, &mut values, &mut by_summary)?;
        }
        if let Some(gradient) = gradient {
            let memory = &mut self.memory;
            memory.by_out.clear();
            memory.by_out.extend(memory.by_scores.iter().map(|slope| *slope as f32));
            gradient.scorer.resize(learnt.scorer.parameters().len(), 0.0);
            learnt.scorer.backward(&memory.x, &memory.by_out, &mut gradient.scorer);
            gradient.summary = by_summary;
        }
        Ok(values)
    }

    /// Features and weights of the picked events under the first `n_passes` passes.
    fn gather(
        &mut self,
        events: &Events,
        picks: &[Vec<u32>],
        n_passes: usize,
        at: At,
    ) -> Result<(), TrainFault> {
        let mut units = Vec::with_capacity(picks.len());
        for (process, picks) in picks.iter().enumerate() {
            let weights = &events.weights[process];
            let sum: f64 = picks.iter().map(|&event| weights[event as usize]).sum();
            if !(sum > 0.0 && sum.is_finite()) && self.passes.iter().any(|pass| pass.process == process) {
                let name = self.processes[process].name.clone();
                return Err(TrainFault::Batch { epoch: at.epoch, step: at.step, process: name, sum });
            }
            units.push(self.expected[process] / sum);
        }
        let thinning = picks.iter().zip(&self.simulated).map(|(of, all)| of.len() as f64 / *all as f64);
        self.memory.thinning = thinning.collect();
        let width = self.features;
        let memory = &mut self.memory;
        memory.x.clear();
        memory.weights.clear();
        memory.process.clear();
        memory.columns.resize(self.columns.len(), Vec::new());
        memory.columns.iter_mut().for_each(Vec::clear);
        memory.start.clear();
        for (pass, of) in self.passes.iter().zip(&events.passes).take(n_passes) {
            memory.start.push(memory.weights.len());
            for &event in &picks[pass.process] {
                let row = of.row[event as usize];
                if row == NONE {
                    continue;
                }
                let row = row as usize;
                memory.x.extend_from_slice(&of.x[row * width..(row + 1) * width]);
                memory.weights.push(of.weights[row] * units[pass.process]);
                memory.process.push(pass.process);
                let columns = memory.columns.iter_mut().zip(&of.columns);
                columns.for_each(|(out, column)| out.push(column[row]));
            }
        }
        memory.start.push(memory.weights.len());
        Ok(())
    }

    fn failed(&self, loss: usize, at: At, source: LossError) -> TrainFault {
        let name = self.training.losses[loss].0.name.clone();
        TrainFault::Step { epoch: at.epoch, step: at.step, loss: name, source: Box::new(source) }
    }

    fn of_events(
        &mut self,
        active: &[bool],
        at: At,
        outputs: usize,
        values: &mut Values,
    ) -> Result<(), TrainFault> {
        let rows = self.memory.start[self.nominal()];
        let values_of = std::mem::take(&mut self.memory.columns);
        let columns = self.columns.iter().zip(&values_of);
        let columns: Vec<Column<'_>> =
            columns.map(|(name, values)| Column { name, values: &values[..rows] }).collect();
        let memory = &mut self.memory;
        for (i, (spec, loss)) in self.training.losses.iter().enumerate().filter(|(i, _)| active[*i]) {
            let Level::Events(loss) = loss.level() else { continue };
            let batch = Scored {
                scores: &memory.scores[..rows * outputs],
                outputs,
                process: &memory.process[..rows],
                weights: &memory.weights[..rows],
                processes: &self.processes,
                columns: &columns,
            };
            memory.by_events.resize(rows * outputs, 0.0);
            match loss.evaluate(&batch, &mut memory.by_events[..rows * outputs]) {
                Ok(value) => {
                    values.total += spec.weight * value;
                    values.parts[i] = Some(value);
                    finite(at, &spec.name, value, memory.by_events[..rows * outputs].iter())?;
                    let slopes = memory.by_scores.iter_mut().zip(&memory.by_events);
                    slopes.take(rows * outputs).for_each(|(sum, slope)| *sum += spec.weight * slope);
                }
                Err(source) => return Err(self.failed(i, at, source)),
            }
        }
        Ok(())
    }

    fn of_templates(
        &mut self,
        active: &[bool],
        at: At,
        learnt: &[f64],
        outputs: usize,
        values: &mut Values,
        by_summary: &mut [f64],
    ) -> Result<(), TrainFault> {
        let summary = &self.training.summary;
        let bins = summary.bins();
        let stage = Stage { learnt, progress: at.progress };
        let rows = self.memory.weights.len();
        self.memory.shares.resize(rows * bins, 0.0);
        summary.assign(stage, &self.memory.scores, &mut self.memory.shares);
        let yields = self.yields(bins);
        let mut templates = self.model.templates().clone();
        self.cells.fill(&yields, &mut templates);
        self.model.set_templates(templates);
        let variances = self.variances(bins);
        let batch = Binned {
            model: &self.model,
            variances: &variances,
            gammas: &self.cells.gammas,
            point: &self.point,
            fixed: &self.fixed,
            poi: self.poi,
            fitter: self.fitter,
        };
        let (mut sum, mut one) = (Slopes::of(&batch), Slopes::of(&batch));
        for (i, (spec, loss)) in self.training.losses.iter().enumerate().filter(|(i, _)| active[*i]) {
            let Level::Templates(loss) = loss.level() else { continue };
            match loss.evaluate(&batch, &mut one) {
                Ok(value) => {
                    values.total += spec.weight * value;
                    values.parts[i] = Some(value);
                    finite(at, &spec.name, value, one.iter())?;
                    sum.add(spec.weight, &one);
                }
                Err(source) => return Err(self.failed(i, at, source)),
            }
        }
        self.by_shares(bins, sum);
        let memory = &mut self.memory;
        let mut by_scores = vec![0.0; rows * outputs];
        summary.pull(stage, &memory.scores, &memory.by_shares[..rows * bins], &mut by_scores, by_summary);
        memory.by_scores.iter_mut().zip(&by_scores).for_each(|(sum, slope)| *sum += slope);
        Ok(())
    }

    /// Yields of each pass, passes × bins, from shares and weights.
    fn yields(&self, bins: usize) -> Vec<f64> {
        let memory = &self.memory;
        let mut yields = vec![0.0; self.passes.len() * bins];
        for (pass, out) in yields.chunks_exact_mut(bins).enumerate() {
            for row in memory.start[pass]..memory.start[pass + 1] {
                let weight = memory.weights[row];
                let shares = &memory.shares[row * bins..(row + 1) * bins];
                out.iter_mut().zip(shares).for_each(|(sum, share)| *sum += weight * share);
            }
        }
        yields
    }

    /// Σ (w a)² behind each nominal yield, as it will be in the result, in the layout of the templates.
    fn variances(&self, bins: usize) -> Vec<f64> {
        let memory = &self.memory;
        let mut squares = vec![0.0; self.passes.len() * bins];
        for (pass, out) in squares.chunks_exact_mut(bins).enumerate().take(self.nominal()) {
            for row in memory.start[pass]..memory.start[pass + 1] {
                let weight = memory.weights[row];
                let shares = &memory.shares[row * bins..(row + 1) * bins];
                out.iter_mut().zip(shares).for_each(|(sum, share)| *sum += (weight * share).powi(2));
            }
            let thinning = memory.thinning[self.passes[pass].process];
            out.iter_mut().for_each(|square| *square *= thinning);
        }
        let mut all = vec![0.0; self.model.templates().nominal.len()];
        self.cells.fill_nominal(&squares, &mut all);
        all
    }

    /// Derivatives by the shares from those by templates and variances: with y = Σ w a and v = t Σ (w a)² they are
    /// w ∂y + 2 t w² a ∂v.
    fn by_shares(&mut self, bins: usize, slopes: Slopes) {
        let mut by_yields = vec![0.0; self.passes.len() * bins];
        let mut by_squares = by_yields.clone();
        self.cells.pull(&self.model, slopes.templates, &mut by_yields);
        self.cells.pull_nominal(&slopes.variances, &mut by_squares);
        let memory = &mut self.memory;
        memory.by_shares.resize(memory.weights.len() * bins, 0.0);
        for pass in 0..self.passes.len() {
            let place = pass * bins..(pass + 1) * bins;
            let twice = 2.0 * memory.thinning[self.passes[pass].process];
            for row in memory.start[pass]..memory.start[pass + 1] {
                let weight = memory.weights[row];
                let slopes = by_yields[place.clone()].iter().zip(&by_squares[place.clone()]);
                let at = row * bins..(row + 1) * bins;
                let shares = memory.by_shares[at.clone()].iter_mut().zip(&memory.shares[at]);
                for ((out, share), (by_yield, by_square)) in shares.zip(slopes) {
                    *out = weight * (by_yield + twice * weight * share * by_square);
                }
            }
        }
    }
}

fn diverged(at: At, what: String) -> TrainFault {
    TrainFault::Diverged { epoch: at.epoch, step: at.step, what }
}

/// Whether a loss and its derivatives are finite.
fn finite<'a>(
    at: At,
    loss: &str,
    value: f64,
    mut slopes: impl Iterator<Item = &'a f64>,
) -> Result<(), TrainFault> {
    if !value.is_finite() {
        return Err(diverged(at, format!("loss `{loss}` is {value},")));
    }
    if slopes.all(|slope| slope.is_finite()) {
        return Ok(());
    }
    Err(diverged(at, format!("the gradient of loss `{loss}` is")))
}
