//! One evaluation of the losses on some events, and its gradient.

use zstat_core::fit::Fitter;
use zstat_core::loss::{Binned, Column, Level, LossError, Process, Scored, Slopes};
use zstat_core::model::Model;
use zstat_core::scorer::Scorer;
use zstat_core::summary::Stage;

use super::batch::{Batch, NoWeight, Wanted};
use super::blocks::alone;
use super::cells::Cells;
use super::counts::{Counts, View, widen};
use super::fault::TrainFault;
use super::passes::{Events, Pass};
use super::spent::{Spent, Watch};
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
    /// What steps took so far: evaluations with a gradient.
    pub spent: Spent,
}

#[derive(Default)]
struct Memory {
    batch: Batch,
    /// Outputs of the scorer, and derivatives by them.
    out: Vec<f32>,
    by_out: Vec<f32>,
    counts: Counts,
    /// Of nominal rows, where losses of events count: scores, derivatives of their sum by these, and of one of them.
    scores: Vec<f64>,
    by_scores: Vec<f64>,
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
            spent: Spent::default(),
        }
    }

    /// What the scorer saw last, and the derivatives by the shares that it came to.
    #[cfg(test)]
    pub fn last(&self) -> (Vec<f32>, Vec<f64>) {
        let Memory { batch, counts, .. } = &self.memory;
        let slopes = counts.all_by_shares(batch, self.training.summary.bins());
        (batch.x.clone(), slopes)
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
        let any = |of: fn(&Level<'_>) -> bool| {
            active.iter().zip(&self.training.losses).any(|(active, (_, loss))| *active && of(&loss.level()))
        };
        let with_templates = any(|level| matches!(level, Level::Templates(_)));
        let with_events = any(|level| matches!(level, Level::Events(_)));
        let mut watch = Watch::start();
        self.gather(events, picks, with_templates, at)?;
        watch.lap(|spent| &mut spent.events);
        let memory = &mut self.memory;
        memory.out.resize(memory.batch.rows() * learnt.scorer.outputs(), 0.0);
        learnt.scorer.forward(&memory.batch.x, &mut memory.out);
        watch.lap(|spent| &mut spent.network);
        memory.by_scores.clear();
        let mut values = Values { total: 0.0, parts: vec![None; active.len()] };
        if with_events {
            self.of_events(&active, at, learnt.scorer.outputs(), &mut values)?;
            watch.lap(|spent| &mut spent.loss);
        }
        let slopes = if with_templates {
            self.count(at, learnt.summary)?;
            watch.lap(|spent| &mut spent.summary);
            let slopes = alone(|| self.of_templates(&active, at, &mut values))?;
            watch.lap(|spent| &mut spent.loss);
            Some(slopes)
        } else {
            None
        };
        if let Some(gradient) = gradient {
            gradient.summary = self.by_out(slopes, at, learnt.summary);
            watch.lap(|spent| &mut spent.summary);
            let memory = &self.memory;
            gradient.scorer.resize(learnt.scorer.parameters().len(), 0.0);
            learnt.scorer.backward(&memory.batch.x, &memory.by_out, &mut gradient.scorer);
            watch.lap(|spent| &mut spent.network);
            self.spent += watch.spent;
        }
        Ok(values)
    }

    /// Features and weights of the picked events, of all passes or of nominal ones.
    fn gather(&mut self, events: &Events, picks: &[Vec<u32>], all: bool, at: At) -> Result<(), TrainFault> {
        let nominal = self.nominal();
        let wanted = Wanted {
            passes: &self.passes,
            taken: if all { self.passes.len() } else { nominal },
            nominal,
            width: self.features,
            expected: &self.expected,
            simulated: &self.simulated,
        };
        self.memory.batch.gather(events, picks, &wanted).map_err(|NoWeight { process, sum }| {
            let process = self.processes[process].name.clone();
            TrainFault::Batch { epoch: at.epoch, step: at.step, process, sum }
        })
    }

    /// Derivatives by the scorer's outputs into memory, from those by the templates; and by what the summary learns.
    fn by_out(&mut self, slopes: Option<Slopes>, at: At, learnt: &[f64]) -> Vec<f64> {
        let mut memory = std::mem::take(&mut self.memory);
        let Memory { batch, out, by_out, counts, by_scores, .. } = &mut memory;
        by_out.resize(out.len(), 0.0);
        let by_learnt = match slopes {
            Some(slopes) => {
                let stage = Stage { learnt, progress: at.progress };
                let view = View { summary: self.training.summary.as_ref(), stage, out };
                self.cells.pull(&self.model, slopes.templates, &mut counts.by_yields);
                self.cells.pull_nominal(&slopes.variances, &mut counts.by_squares);
                counts.pull(&view, batch, by_scores, by_out)
            }
            None => {
                by_out.fill(0.0);
                by_out.iter_mut().zip(by_scores).for_each(|(out, slope)| *out = *slope as f32);
                vec![0.0; learnt.len()]
            }
        };
        self.memory = memory;
        by_learnt
    }

    fn of_events(
        &mut self,
        active: &[bool],
        at: At,
        outputs: usize,
        values: &mut Values,
    ) -> Result<(), TrainFault> {
        let Memory { batch, out, scores, by_scores, by_events, .. } = &mut self.memory;
        let rows = batch.process.len();
        if !widen(&out[..rows * outputs], scores) {
            return Err(run_away(at));
        }
        by_scores.resize(rows * outputs, 0.0);
        by_events.resize(rows * outputs, 0.0);
        let columns = self.columns.iter().zip(&batch.columns);
        let columns: Vec<Column<'_>> = columns.map(|(name, values)| Column { name, values }).collect();
        let batch = Scored {
            scores,
            outputs,
            process: &batch.process,
            weights: &batch.weights[..rows],
            processes: &self.processes,
            columns: &columns,
        };
        for (i, (spec, loss)) in self.training.losses.iter().enumerate().filter(|(i, _)| active[*i]) {
            let Level::Events(loss) = loss.level() else { continue };
            let value =
                loss.evaluate(&batch, by_events).map_err(|source| failed(self.training, i, at, source))?;
            values.total += spec.weight * value;
            values.parts[i] = Some(value);
            finite(at, &spec.name, value, by_events.iter())?;
            by_scores.iter_mut().zip(&*by_events).for_each(|(sum, slope)| *sum += spec.weight * slope);
        }
        Ok(())
    }

    /// Yields and variances of all bins, from scores.
    fn count(&mut self, at: At, learnt: &[f64]) -> Result<(), TrainFault> {
        let summary = self.training.summary.as_ref();
        let nominal = self.nominal();
        let Memory { batch, out, counts, .. } = &mut self.memory;
        let view = View { summary, stage: Stage { learnt, progress: at.progress }, out };
        if counts.fill(&view, batch, nominal) { Ok(()) } else { Err(run_away(at)) }
    }

    /// The losses of templates, and their derivatives.
    fn of_templates(&mut self, active: &[bool], at: At, values: &mut Values) -> Result<Slopes, TrainFault> {
        let Memory { counts, .. } = &mut self.memory;
        let mut templates = self.model.templates().clone();
        self.cells.fill(&counts.yields, &mut templates);
        self.model.set_templates(templates);
        let mut variances = vec![0.0; self.model.templates().nominal.len()];
        self.cells.fill_nominal(&counts.squares, &mut variances);
        for slopes in [&mut counts.by_yields, &mut counts.by_squares] {
            slopes.clear();
            slopes.resize(counts.yields.len(), 0.0);
        }
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
            let value =
                loss.evaluate(&batch, &mut one).map_err(|source| failed(self.training, i, at, source))?;
            values.total += spec.weight * value;
            values.parts[i] = Some(value);
            finite(at, &spec.name, value, one.iter())?;
            sum.add(spec.weight, &one);
        }
        Ok(sum)
    }
}

fn failed(training: &Training, loss: usize, at: At, source: LossError) -> TrainFault {
    let name = training.losses[loss].0.name.clone();
    TrainFault::Step { epoch: at.epoch, step: at.step, loss: name, source: Box::new(source) }
}

/// Of scores that [`widen`] has no use for.
fn run_away(at: At) -> TrainFault {
    diverged(at, "the scores are beyond 1e18 or".to_owned())
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
