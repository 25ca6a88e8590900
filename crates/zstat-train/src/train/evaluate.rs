//! The result: templates in hard bins of events that training never saw, and what they are worth.

use zstat_core::fit::Fitter;
use zstat_core::loss::{Binned, Level, Loss, LossError, Slopes};
use zstat_core::model::Model;
use zstat_core::scorer::Scorer;
use zstat_core::spec::{BuildOptions, ModifierKind, Workspace};
use zstat_losses::{
    Asimov, AsimovOptions, Cls, ClsOptions, Discovery, DiscoveryOptions, Exclusion, Form, Inferno,
    InfernoOptions, SOverSqrtB, SOverSqrtBOptions, Width,
};

use super::cells::check_factors;
use super::fault::TrainFault;
use super::figures::Seen;
use super::fit::Trainer;
use super::soundness::{more_events, unsound};
use crate::events::Purpose;

/// Events are evaluated in so many parts; leaving out one at a time tells the statistical error of what they give.
pub(crate) const PARTS: u64 = 10;

/// Events of the evaluation in hard bins.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Sums of weights in each pass and bin, by part: parts × (passes × bins).
    parts: Vec<Vec<f64>>,
    /// The same of all selected events of each pass: for factors on the normalisation.
    sums: Vec<Vec<f64>>,
    /// The same of all events of each process, before any selection.
    processes: Vec<Vec<f64>>,
    /// The process of each pass, and the events expected of it.
    of: Vec<(usize, f64)>,
    /// Yields of all parts together, passes × bins.
    yields: Vec<f64>,
    /// Σ w² of the same.
    squares: Vec<f64>,
    /// Simulated events in each bin of each pass.
    pub counts: Vec<u64>,
    /// What makes events of weights, by pass.
    pub(super) scales: Vec<f64>,
    bins: usize,
}

/// A number with its error from the limited number of events.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// The value.
    pub value: f64,
    /// Its standard deviation; none where it could not be told.
    pub error: Option<f64>,
}

/// What a measurement gets from the result.
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics {
    /// The measurement; none for the workspace's own settings.
    pub measurement: Option<String>,
    /// Parameter of interest.
    pub poi: String,
    /// By name; why not where there is none.
    pub values: Vec<(&'static str, Result<Metric, String>)>,
}

/// Counts the events of the evaluation in hard bins.
///
/// # Errors
/// Where events are of no use.
pub fn evaluate(
    trainer: &mut Trainer<'_>,
    scorer: &mut dyn Scorer,
    learnt: &[f64],
    tick: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Evaluation, TrainFault> {
    evaluate_of(trainer, (scorer, learnt), Purpose::Evaluation, tick, &mut |_| {})
}

/// The same of any events; `see` is shown all of them, pass by pass, in parts.
pub(super) fn evaluate_of(
    trainer: &Trainer<'_>,
    (scorer, learnt): (&mut dyn Scorer, &[f64]),
    purpose: Purpose,
    tick: &mut dyn FnMut(u64, u64) -> bool,
    see: &mut dyn FnMut(&Seen<'_>),
) -> Result<Evaluation, TrainFault> {
    let summary = &trainer.engine.training.summary;
    let mut counter = Counter::new(trainer, summary.bins());
    for part in 0..PARTS {
        if !tick(part, PARTS) {
            return Err(TrainFault::Interrupted);
        }
        let events = trainer.kitchen.events(
            &trainer.engine.passes,
            &trainer.sources,
            &trainer.standardiser,
            (purpose, &|n| part_of(part, n)),
        )?;
        counter.processes(part, events.weights.iter().map(|weights| weights.iter().sum()));
        for (pass, of) in events.passes.iter().enumerate() {
            let rows = of.weights.len();
            let mut out = vec![0.0_f32; rows * scorer.outputs()];
            scorer.forward(&of.x, &mut out);
            let scores: Vec<f64> = out.iter().map(|z| f64::from(*z)).collect();
            let mut places = vec![None; rows];
            summary.bin(learnt, &scores, &mut places);
            see(&Seen { pass, events: of, scores: &scores });
            counter.put([part, pass as u64], &places, &of.weights);
        }
    }
    Ok(counter.finish(trainer))
}

/// The events of a part, by number.
pub(super) fn part_of(part: u64, n: u64) -> std::ops::Range<u64> {
    part * n / PARTS..(part + 1) * n / PARTS
}

/// Weights in bins, by part and pass, as they come.
pub(super) struct Counter {
    bins: usize,
    parts: Vec<Vec<f64>>,
    squares: Vec<f64>,
    counts: Vec<u64>,
    sums: Vec<Vec<f64>>,
    /// Weights of all events, before any selection, by part and process.
    processes: Vec<Vec<f64>>,
}

impl Counter {
    pub fn new(trainer: &Trainer<'_>, bins: usize) -> Self {
        let passes = trainer.engine.passes.len();
        let parts = PARTS as usize;
        Self {
            bins,
            parts: vec![vec![0.0; passes * bins]; parts],
            squares: vec![0.0; passes * bins],
            counts: vec![0; passes * bins],
            sums: vec![vec![0.0; passes]; parts],
            processes: vec![Vec::new(); parts],
        }
    }

    /// Sums of weights of all events of the processes.
    pub fn processes(&mut self, part: u64, sums: impl Iterator<Item = f64>) {
        self.processes[part as usize] = sums.collect();
    }

    /// Selected events of a part and pass.
    pub fn put(&mut self, [part, pass]: [u64; 2], places: &[Option<usize>], weights: &[f64]) {
        let (part, pass, bins) = (part as usize, pass as usize, self.bins);
        for (place, weight) in places.iter().zip(weights) {
            self.sums[part][pass] += weight;
            let Some(bin) = place else { continue };
            self.parts[part][pass * bins + bin] += weight;
            self.squares[pass * bins + bin] += weight * weight;
            self.counts[pass * bins + bin] += 1;
        }
    }

    /// From weights to events: of all parts together, and of each as if it were all.
    pub fn finish(self, trainer: &Trainer<'_>) -> Evaluation {
        let Self { bins, parts, mut squares, counts, sums, processes } = self;
        let passes = &trainer.engine.passes;
        let of: Vec<(usize, f64)> =
            passes.iter().map(|pass| (pass.process, trainer.engine.expected[pass.process])).collect();
        let (mut yields, mut scales) = (vec![0.0; passes.len() * bins], vec![0.0; passes.len()]);
        for (pass, &(process, expected)) in of.iter().enumerate() {
            let total: f64 = processes.iter().map(|sums| sums[process]).sum();
            scales[pass] = expected / total;
            for bin in pass * bins..(pass + 1) * bins {
                yields[bin] = parts.iter().map(|part| part[bin]).sum::<f64>() * expected / total;
                squares[bin] *= (expected / total).powi(2);
            }
        }
        Evaluation { parts, sums, processes, of, yields, squares, counts, scales, bins }
    }
}

impl Evaluation {
    /// Yields of each pass in bins, and of all that is selected: of all events, or of those that are not of one part, which then stand
    /// for all.
    fn without(&self, part: Option<usize>) -> (Vec<f64>, Vec<f64>) {
        let others: Vec<usize> = (0..self.parts.len()).filter(|other| Some(*other) != part).collect();
        let sum = |of: &[Vec<f64>], at: usize| others.iter().map(|part| of[*part][at]).sum::<f64>();
        let scale = |pass: usize| {
            let (process, expected) = self.of[pass];
            (expected, sum(&self.processes, process))
        };
        let yields = match part {
            None => self.yields.clone(),
            Some(_) => {
                let of = |at: usize| {
                    let (expected, total) = scale(at / self.bins);
                    sum(&self.parts, at) * expected / total
                };
                (0..self.yields.len()).map(of).collect()
            }
        };
        let all = |pass: usize| {
            let (expected, total) = scale(pass);
            sum(&self.sums, pass) * expected / total
        };
        (yields, (0..self.of.len()).map(all).collect())
    }

    /// Nominal yields of a pass and their statistical errors √Σw².
    pub fn nominal(&self, pass: usize) -> (&[f64], Vec<f64>) {
        let place = pass * self.bins..(pass + 1) * self.bins;
        (&self.yields[place.clone()], self.squares[place].iter().map(|square| square.sqrt()).collect())
    }

    /// Bins that some event is in; the others are left out of the result.
    pub fn kept(&self) -> Vec<usize> {
        let seen = |bin: &usize| (*bin..self.counts.len()).step_by(self.bins).any(|at| self.counts[at] > 0);
        (0..self.bins).filter(seen).collect()
    }

    /// Bins of the summary.
    pub fn bins(&self) -> usize {
        self.bins
    }
}

/// The workspace with the templates of the evaluation; `part` leaves one part out.
pub(super) fn filled(trainer: &Trainer<'_>, found: &Evaluation, part: Option<usize>) -> Workspace {
    let training = trainer.engine.training;
    let mut workspace = trainer.workspace.clone();
    let (yields, sums) = found.without(part);
    let n = found.bins;
    let of = |pass: usize| yields[pass * n..(pass + 1) * n].to_vec();
    let cells = &trainer.engine.cells;
    for (cell, sample_of) in training.samples.iter().enumerate() {
        let sample = &mut workspace.channels[training.channel].samples[sample_of.index];
        let nominal = cells.nominal_pass(cell);
        sample.data = of(nominal);
        for &modifier in &sample_of.statistics {
            // Those of all parts: leaving one out is to tell how the yields scatter.
            sample.modifiers[modifier].kind = ModifierKind::StatError { errors: found.nominal(nominal).1 };
        }
        for variation in &sample_of.variations {
            let [down, up] = cells.variation(cell, variation);
            match &mut sample.modifiers[variation.index].kind {
                ModifierKind::HistoSys { lo, hi, .. } => (*lo, *hi) = (of(down), of(up)),
                ModifierKind::NormSys { lo, hi, .. } => {
                    (*lo, *hi) = (sums[down] / sums[nominal], sums[up] / sums[nominal]);
                }
                _ => {}
            }
        }
    }
    let kept = found.kept();
    if kept.len() < n {
        let pick = |list: &mut Vec<f64>| {
            if list.len() == n {
                *list = kept.iter().map(|&bin| list[bin]).collect();
            }
        };
        let channel = &mut workspace.channels[training.channel];
        for sample in &mut channel.samples {
            pick(&mut sample.data);
            for modifier in &mut sample.modifiers {
                match &mut modifier.kind {
                    ModifierKind::HistoSys { lo, hi, .. } => {
                        pick(lo);
                        pick(hi);
                    }
                    ModifierKind::ShapeSys { errors } | ModifierKind::StatError { errors } => pick(errors),
                    _ => {}
                }
            }
        }
        if let Some(observed) = workspace.observations.get_mut(&channel.name) {
            pick(observed);
        }
    }
    workspace
}

/// The workspace as a document of its own: nothing in it is made from events any more. Channels without observations get what is
/// expected at the start values.
///
/// # Errors
/// Where it is faulty, or data have events in a bin that is left out.
pub fn workspace(
    trainer: &Trainer<'_>,
    found: &Evaluation,
    options: &BuildOptions,
) -> Result<Workspace, TrainFault> {
    trainer.left_out(found)?;
    if found.kept().is_empty() {
        return Err(TrainFault::NoBins);
    }
    let mut workspace = filled(trainer, found, None);
    check_factors(trainer.engine.training, &workspace)?;
    for sample in workspace.channels.iter_mut().flat_map(|channel| &mut channel.samples) {
        sample.events = None;
        sample.modifiers.iter_mut().for_each(|modifier| modifier.vary = None);
    }
    let model = Model::build(&workspace, options).map_err(TrainFault::Model)?;
    let mut nll = zstat_core::likelihood::Nll::new(&model, model.data(vec![0.0; model.n_bins()]));
    let expected = nll.expected(&model.init()).to_vec();
    for channel in model.channels() {
        let observed = workspace.observations.entry(channel.name.clone());
        observed.or_insert_with(|| expected[channel.bins.clone()].to_vec());
    }
    Ok(workspace)
}

impl Trainer<'_> {
    /// The pass of the nominal yields of a sample of the training.
    pub fn nominal_pass(&self, sample: usize) -> usize {
        self.engine.cells.nominal_pass(sample)
    }

    /// What each measurement of the workspace gets from the result, with errors from the number of events.
    ///
    /// # Errors
    /// Where the workspace is faulty.
    pub fn metrics(
        &self,
        found: &Evaluation,
        options: &BuildOptions,
        fitter: &dyn Fitter,
    ) -> Result<Vec<Metrics>, TrainFault> {
        let names: Vec<Option<String>> = match self.workspace.measurements.len() {
            0 => vec![None],
            _ => {
                self.workspace.measurements.iter().map(|measurement| Some(measurement.name.clone())).collect()
            }
        };
        let whole = filled(self, found, None);
        let leaving: Vec<Workspace> =
            (0..PARTS as usize).map(|part| filled(self, found, Some(part))).collect();
        let mut all = Vec::new();
        for measurement in names {
            let options = BuildOptions { measurement: measurement.clone(), ..options.clone() };
            let model = Model::build(&whole, &options).map_err(TrainFault::Model)?;
            let others = leaving.iter().map(|workspace| Model::build(workspace, &options));
            let others = others.collect::<Result<Vec<_>, _>>().map_err(TrainFault::Model)?;
            let poi =
                model.poi().first().map_or(String::new(), |index| model.parameters()[index.0].name.clone());
            let unsound = unsound(&model, self.engine.training);
            let values = metrics().into_iter().map(|(name, of)| {
                let value = match &unsound {
                    Some(why) => Err(why.clone()),
                    None => of(&model, fitter).map_err(|error| self.without_value(&error)),
                };
                let value = value.map(|value| Metric { value, error: leaving_out(&others, of, fitter) });
                (name, value)
            });
            all.push(Metrics { measurement, poi, values: values.collect() });
        }
        Ok(all)
    }
}

impl Trainer<'_> {
    /// Why a metric of the result has no value: there are no batches any more that could be larger.
    fn without_value(&self, error: &LossError) -> String {
        match error {
            LossError::EmptyBin { channel, bin, expected } => {
                let more = more_events(self.engine.training);
                let expected = zstat_core::text::number(*expected);
                format!(
                    "bin {bin} of channel `{channel}` expects {expected} events: use fewer bins, or {more}"
                )
            }
            other => other.to_string(),
        }
    }
}

pub(super) type Of = fn(&Model, &dyn Fitter) -> Result<f64, LossError>;

/// All metrics by name.
pub(super) fn metrics() -> [(&'static str, Of); 5] {
    [
        ("sigma_poi", |model, fitter| {
            value(
                &Inferno { options: InfernoOptions { form: Width::Sigma, ..Default::default() } },
                model,
                fitter,
            )
        }),
        ("z0", |model, fitter| {
            let loss = Discovery { options: DiscoveryOptions { form: Form::Root } };
            value(&loss, model, fitter).map(|value| -value)
        }),
        ("z_asimov", |model, fitter| {
            let loss = Asimov { options: AsimovOptions { form: Form::Root, ..Default::default() } };
            value(&loss, model, fitter).map(|value| -value)
        }),
        ("s_over_sqrt_b", |model, fitter| {
            let loss = SOverSqrtB { options: SOverSqrtBOptions { form: Form::Root, ..Default::default() } };
            value(&loss, model, fitter).map(|value| -value)
        }),
        ("cls", |model, fitter| value(&Cls { options: ClsOptions { form: Exclusion::Cls } }, model, fitter)),
    ]
}

fn value(loss: &dyn Loss, model: &Model, fitter: &dyn Fitter) -> Result<f64, LossError> {
    loss.fits_model(model)?;
    let Level::Templates(loss) = loss.level() else { return Ok(f64::NAN) };
    let (point, fixed) = (model.init(), model.parameters().iter().map(|p| p.fixed).collect::<Vec<_>>());
    let poi = model.poi().first().map_or(0, |index| index.0);
    let batch = Binned { model, variances: &[], gammas: &[], point: &point, fixed: &fixed, poi, fitter };
    loss.evaluate(&batch, &mut Slopes::of(&batch))
}

/// What a metric is without each of the parts; none where one of them has no value.
fn leaving_out(models: &[Model], of: Of, fitter: &dyn Fitter) -> Option<f64> {
    jackknife(&models.iter().map(|model| of(model, fitter)).collect::<Result<Vec<f64>, _>>().ok()?)
}

/// The standard deviation by leaving out one part at a time: (n − 1)/n Σ (x − x̄)².
pub(super) fn jackknife(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares * (n - 1.0) / n).sqrt()).filter(|error| error.is_finite())
}
