//! The loop: epochs of steps, watched by events that are not learnt from.

use std::path::Path;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use zstat_core::fit::Fitter;
use zstat_core::model::Model;
use zstat_core::optimiser::Optimiser;
use zstat_core::scorer::Scorer;
use zstat_core::spec::{BuildOptions, Workspace};

use super::blocks::alone;
use super::cells::{Cells, check_factors, factors};
use super::fault::TrainFault;
use super::features::{features, standardiser, wanted};
use super::passes::{Events, Kitchen, passes};
use super::source::Source;
use super::spent::{self, Spent};
use super::step::{At, Engine, Gradient, Learnt, Values};
use super::{kept, memory};
use crate::events::Purpose;
use crate::optimiser::{Clip, Epoch, StoppingState, Watch};
use crate::spec::Training;
use crate::table::Standardiser;

/// What a training is made of, ready to begin.
pub struct Trainer<'t> {
    pub(super) engine: Engine<'t>,
    pub(super) kitchen: Kitchen,
    pub(super) sources: Vec<Source>,
    pub(super) standardiser: Standardiser,
    pub(super) workspace: Workspace,
    pub(super) validation: Events,
    pub(super) options: BuildOptions,
    events: Events,
    seed: u64,
}

/// How far a training is, after an epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Epochs that are over.
    pub epochs: u32,
    /// Epochs in all.
    pub of: u32,
    /// The learning rate of the last step.
    pub rate: f64,
    /// Mean norm of the gradient, before it was clipped.
    pub norm: f64,
    /// Mean loss of the epoch's steps.
    pub loss: f64,
    /// Each loss, where it counts.
    pub parts: Vec<Option<f64>>,
    /// Loss of the validation events.
    pub validation: f64,
    /// Metrics of the validation events in hard bins, as [`super::curve_names`] has them; none where it is not their turn.
    pub curves: Option<Vec<f64>>,
    /// The training ends here: the validation loss has not fallen for long enough.
    pub stopped: bool,
}

/// The state of a training between epochs: all that is needed to go on with the same bits.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Saved {
    /// The next epoch; of a training that was stopped early the number of all.
    pub epoch: u32,
    /// Parameters of the scorer.
    pub parameters: Vec<f32>,
    /// What the summary has learnt.
    pub learnt: Vec<f64>,
    /// Both as they were where the validation loss was lowest, where that is watched.
    pub best: Option<(Vec<f32>, Vec<f64>)>,
    /// Of the optimisers of both.
    pub optimisers: [Vec<f64>; 2],
    /// Of early stopping.
    pub stopping: Option<StoppingState>,
}

/// What a training gives.
pub struct Fitted {
    /// The scorer.
    pub scorer: Box<dyn Scorer>,
    /// What the summary has learnt.
    pub learnt: Vec<f64>,
    /// The epoch whose state this is, from 0: the last, or with early stopping the best.
    pub epoch: u32,
}

/// Seeds of what is random, apart from events.
const START: u64 = 0x5354_4152_5400_0000;
const ORDER: u64 = 0x4f52_4445_5200_0000;

impl<'t> Trainer<'t> {
    /// Reads or generates the events, and builds the model. Files of events are relative to `folder`; `seed` stands in place of
    /// the spec's.
    ///
    /// # Errors
    /// Where events are of no use, or the workspace is faulty.
    pub fn new(
        training: &'t Training,
        options: &BuildOptions,
        fitter: &'t dyn Fitter,
        folder: &Path,
        seed: u64,
    ) -> Result<Self, TrainFault> {
        let all = passes(training);
        let features = features(training, folder)?;
        let (mut sources, mut faults) = (Vec::new(), Vec::new());
        for (at, (name, process)) in training.processes.iter().enumerate() {
            let wanted = wanted(training, at, &features);
            match Source::new(training, (name, process), seed, folder, &wanted) {
                Ok(source) => sources.push(source),
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(TrainFault::several(faults));
        }
        memory::check(training, &sources, &all, features.len())?;
        let kitchen = Kitchen::new(training, features.clone())?;
        let standardiser = standardiser(training, &kitchen, &sources)?;
        let events = kitchen.events(&all, &sources, &standardiser, (Purpose::Training, &|n| 0..n))?;
        let validation = kitchen.events(&all, &sources, &standardiser, (Purpose::Validation, &|n| 0..n))?;
        kept::check(training, (&all, &kitchen, &sources, &standardiser), [&events, &validation])?;
        let mut workspace = training.workspace.clone();
        let first = Model::build(&workspace, options).map_err(TrainFault::Model)?;
        factors(training, &Cells::new(training, &first, &all), &events, &mut workspace);
        check_factors(training, &workspace)?;
        let model = Model::build(&workspace, options).map_err(TrainFault::Model)?;
        let simulated = sources.iter().map(|source| source.count(Purpose::Evaluation)).collect();
        let engine = Engine::new(training, model, all, fitter, (features.len(), simulated));
        let options = options.clone();
        Ok(Self { engine, kitchen, sources, standardiser, workspace, validation, options, events, seed })
    }

    /// Names of the features.
    pub fn features(&self) -> &[String] {
        &self.kitchen.features
    }

    /// Means and standard deviations of the features.
    pub fn standardiser(&self) -> &Standardiser {
        &self.standardiser
    }

    /// Events of the evaluation, by process.
    pub fn evaluation_events(&self) -> indexmap::IndexMap<String, u64> {
        let count = |source: &Source| (source.name.clone(), source.count(Purpose::Evaluation));
        self.sources.iter().map(count).collect()
    }

    /// The training events.
    pub(super) fn training_events(&self) -> &Events {
        &self.events
    }

    /// The engine and the training events.
    #[cfg(test)]
    pub(super) fn parts(&mut self) -> (&mut Engine<'t>, &Events) {
        (&mut self.engine, &self.events)
    }

    /// Steps an epoch.
    pub fn steps(&self) -> u64 {
        let most = (0..self.sources.len()).map(|process| self.count(process)).max().unwrap_or(1);
        (most / self.engine.training.train.batch).max(1)
    }

    /// Seconds that all steps took so far.
    pub fn spent(&self) -> Spent {
        self.engine.spent
    }

    fn count(&self, process: usize) -> u64 {
        self.events.weights[process].len() as u64
    }

    /// A scorer and what the summary learns, at their start.
    ///
    /// # Errors
    /// Where the features are not what the scorer takes.
    pub fn start(&self) -> Result<(Box<dyn Scorer>, Vec<f64>), TrainFault> {
        let training = self.engine.training;
        let outputs = training.summary.outputs();
        let scorer = training.scorer.make(&self.kitchen.features, outputs, self.seed ^ START)?;
        Ok((scorer, training.summary.start()))
    }

    /// Trains, from the beginning or from a state. After every epoch `each` is told, with the state to save; where it says
    /// false, the training ends there.
    ///
    /// # Errors
    /// Where a loss has no value, or the training diverges; [`TrainFault::Interrupted`] where `each` says so.
    pub fn run(
        &mut self,
        saved: Option<Saved>,
        each: &mut dyn FnMut(&Progress, &Saved) -> bool,
    ) -> Result<Fitted, TrainFault> {
        let training = self.engine.training;
        let (mut scorer, mut learnt) = self.start()?;
        let kind = &training.optimiser;
        let mut optimisers = [kind.make(scorer.parameters().len()), kind.make(learnt.len())];
        let mut watch = training.train.early_stopping.map(Watch::new);
        let mut best = None;
        let mut first = 0;
        if let Some(saved) = saved {
            let fits =
                saved.parameters.len() == scorer.parameters().len() && saved.learnt.len() == learnt.len();
            if !fits {
                return Err(TrainFault::State("it has another number of parameters".to_owned()));
            }
            scorer.parameters_mut().copy_from_slice(&saved.parameters);
            learnt = saved.learnt;
            for (optimiser, state) in optimisers.iter_mut().zip(&saved.optimisers) {
                optimiser.restore(state)?;
            }
            watch = training
                .train
                .early_stopping
                .zip(saved.stopping)
                .map(|(options, state)| Watch::resume(options, state));
            best = saved.best;
            first = saved.epoch;
        }
        for epoch in first..training.train.epochs {
            // By a thread of the pool: from outside each part of a step would have to wake one.
            let mut progress =
                rayon::scope(|_| self.epoch(epoch, scorer.as_mut(), &mut learnt, &mut optimisers))?;
            if let Some(watch) = &mut watch {
                let verdict = watch.see(progress.validation);
                progress.stopped = verdict.stop;
                if verdict.is_best {
                    best = Some((scorer.parameters().to_vec(), learnt.clone()));
                }
            }
            if training.evaluate.is_turn(training.train.epochs, epoch, progress.stopped) {
                progress.curves = Some(self.curves(scorer.as_mut(), &learnt));
            }
            let state = Saved {
                epoch: if progress.stopped { training.train.epochs } else { epoch + 1 },
                parameters: scorer.parameters().to_vec(),
                learnt: learnt.clone(),
                best: best.clone(),
                optimisers: optimisers.each_ref().map(|optimiser| optimiser.state()),
                stopping: watch.as_ref().map(Watch::state),
            };
            if !each(&progress, &state) {
                return Err(TrainFault::Interrupted);
            }
            if progress.stopped {
                break;
            }
        }
        let mut epoch = training.train.epochs - 1;
        if let (Some((parameters, summary)), Some(Epoch { epoch: at, .. })) =
            (best, watch.and_then(|watch| watch.best()))
        {
            scorer.parameters_mut().copy_from_slice(&parameters);
            learnt = summary;
            epoch = at as u32;
        }
        Ok(Fitted { scorer, learnt, epoch })
    }

    /// One epoch of steps.
    fn epoch(
        &mut self,
        epoch: u32,
        scorer: &mut dyn Scorer,
        learnt: &mut Vec<f64>,
        optimisers: &mut [Box<dyn Optimiser>; 2],
    ) -> Result<Progress, TrainFault> {
        let training = self.engine.training;
        let orders: Vec<Vec<u32>> =
            (0..self.sources.len()).map(|process| self.order(epoch, process)).collect();
        let (steps, epochs) = (self.steps(), training.train.epochs);
        let clip = training.clip.unwrap_or(Clip { norm: None, value: None });
        let mut gradient = Gradient::default();
        let (mut sum, mut parts, mut norms, mut rate) = (0.0, vec![None; training.losses.len()], 0.0, 0.0);
        for step in 0..steps {
            let over = f64::from(epoch) + step as f64 / steps as f64;
            let at = At { epoch, step, progress: over / f64::from(epochs) };
            let picks: Vec<Vec<u32>> =
                orders.iter().map(|order| batch(order, step, training.train.batch)).collect();
            let mut now = Learnt { scorer: &mut *scorer, summary: learnt };
            let values = self.engine.evaluate(&mut now, at, (&self.events, &picks), Some(&mut gradient))?;
            let mut watch = spent::Watch::start();
            rate = training.optimiser.learning_rate() * training.schedule.factor(over, f64::from(epochs));
            let norm = alone(|| {
                let norm = clip.apply(&mut [&mut gradient.scorer, &mut gradient.summary]);
                if norm.is_finite() && values.total.is_finite() {
                    let [of_scorer, of_summary] = &mut *optimisers;
                    of_scorer.step(rate, &gradient.scorer, scorer.parameters_mut().into());
                    of_summary.step(rate, &gradient.summary, learnt.as_mut_slice().into());
                }
                norm
            });
            if !norm.is_finite() || !values.total.is_finite() {
                return Err(TrainFault::Diverged { epoch, step, what: "the gradient is".to_owned() });
            }
            watch.lap(|spent| &mut spent.update);
            self.engine.spent += watch.spent;
            add(&values, steps, &mut sum, &mut parts);
            norms += norm / steps as f64;
        }
        let validation = self.validate(epoch, scorer, learnt)?;
        let (epochs, of) = (epoch + 1, epochs);
        let (norm, loss, curves, stopped) = (norms, sum, None, false);
        Ok(Progress { epochs, of, rate, norm, loss, parts, validation, curves, stopped })
    }

    /// The loss of the validation events as it counts at the end of an epoch.
    pub(super) fn validate(
        &mut self,
        epoch: u32,
        scorer: &mut dyn Scorer,
        learnt: &[f64],
    ) -> Result<f64, TrainFault> {
        let epochs = self.engine.training.train.epochs;
        let at = At { epoch, step: self.steps(), progress: f64::from(epoch + 1) / f64::from(epochs) };
        let picks: Vec<Vec<u32>> =
            self.validation.weights.iter().map(|weights| (0..weights.len() as u32).collect()).collect();
        let mut now = Learnt { scorer, summary: learnt };
        Ok(self.engine.evaluate(&mut now, at, (&self.validation, &picks), None)?.total)
    }

    /// The order of a process's events in an epoch.
    fn order(&self, epoch: u32, process: usize) -> Vec<u32> {
        let mut key = [0; 32];
        for (part, value) in key.chunks_exact_mut(8).zip([self.seed, ORDER, u64::from(epoch), process as u64])
        {
            part.copy_from_slice(&value.to_le_bytes());
        }
        let mut order: Vec<u32> = (0..self.count(process) as u32).collect();
        order.shuffle(&mut ChaCha8Rng::from_seed(key));
        order
    }
}

/// The events of a step: of a process with fewer than others, from its beginning again.
fn batch(order: &[u32], step: u64, size: u64) -> Vec<u32> {
    let n = order.len() as u64;
    (0..size.min(n)).map(|i| order[((step * size + i) % n) as usize]).collect()
}

fn add(values: &Values, steps: u64, sum: &mut f64, parts: &mut [Option<f64>]) {
    *sum += values.total / steps as f64;
    for (sum, value) in parts.iter_mut().zip(&values.parts) {
        if let Some(value) = value {
            *sum = Some(sum.unwrap_or(0.0) + value / steps as f64);
        }
    }
}
