//! What no summary can beat: the standard deviation of the parameter of interest from the events themselves, where it is known
//! how they are generated.
//!
//! With the density of expected events ν(x; θ) = Σ y p(x), an unbinned extended likelihood has the Fisher matrix
//! ∫ ∂ν ∂νᵀ/ν dx + C, here a sum over events of the evaluation. A variation by ±1 is the density of the varied events, and its slope
//! half their difference, as in templates; shifts and scales of columns move the argument of the density.

use nalgebra::{DMatrix, DVector};
use zstat_core::fit::{Curvature, Objective};
use zstat_core::likelihood::{Data, Nll};
use zstat_core::model::Model;
use zstat_core::spec::{BuildOptions, Effect};

use super::evaluate::{Metric, PARTS, jackknife};
use super::fault::TrainFault;
use super::fit::Trainer;
use crate::events::{Density, Generator, Purpose};
use crate::spec::{ProcessSpec, SampleOf};

/// Events a process that are summed over, at most.
const MOST: u64 = 1_000_000;
/// Parameters, at most: there is a matrix of the square of their number for each part of the events.
const PARAMETERS: usize = 1000;
/// Slopes of yields that are kept at a time.
const SLOPES: usize = 1 << 20;

impl Trainer<'_> {
    /// What no summary can beat, for each measurement: the smallest standard deviation of its parameter of interest, with the error
    /// that the number of events leaves; why it is not known where it is not.
    ///
    /// # Errors
    /// Where the workspace is faulty.
    pub fn limits(&self, options: &BuildOptions) -> Result<Vec<Result<Metric, String>>, TrainFault> {
        let measurements =
            self.workspace.measurements.iter().map(|measurement| Some(measurement.name.clone()));
        let mut names: Vec<Option<String>> = measurements.collect();
        if names.is_empty() {
            names.push(None);
        }
        let of = |measurement| unbinned(self, &BuildOptions { measurement, ..options.clone() });
        names.into_iter().map(of).collect()
    }
}

/// A column whose density has an edge that an effect moves: the smallest standard deviation does not follow from derivatives of the
/// density then.
fn moved_edge<'p>(process: &'p ProcessSpec, effect: &Effect) -> Option<&'p str> {
    let all = process.mixture.iter().map(|part| &part.generate).chain([&process.generate]).flatten();
    let is_moved = |(column, density): &(&String, &Density)| {
        let [scale, shift] = [(&effect.scale, 1.0), (&effect.shift, 0.0)]
            .map(|(of, none)| of.get(*column).copied().unwrap_or(none));
        density.moves_edge(scale, shift)
    };
    all.into_iter().find(is_moved).map(|(column, _)| column.as_str())
}

/// Why the densities are not known, or of no use; none where all is well.
fn unknown(trainer: &Trainer<'_>) -> Option<String> {
    let training = trainer.engine.training;
    if training.workspace.channels.len() > 1 {
        return Some("there are other channels beside the one that is trained".to_owned());
    }
    if training.processes.values().any(|process| process.select.is_some()) {
        return Some("a selection cuts the density, and its normalisation is not known".to_owned());
    }
    let mut effects = training.samples.iter().flat_map(|s| &s.variations).flat_map(|v| &v.effects);
    if effects.any(|effect| effect.reweight.is_some() || effect.events.is_some()) {
        return Some("a variation by weights or by other events has no density that is known".to_owned());
    }
    let moved = |sample: &SampleOf| {
        let process = &training.processes[sample.process];
        sample.variations.iter().flat_map(|v| &v.effects).find_map(|effect| moved_edge(process, effect))
    };
    let column = training.samples.iter().find_map(moved)?;
    Some(format!(
        "the density of `{column}` has an edge that a variation moves: what that tells has no such limit"
    ))
}

fn unbinned(trainer: &Trainer<'_>, options: &BuildOptions) -> Result<Result<Metric, String>, TrainFault> {
    let training = trainer.engine.training;
    let generators: Option<Vec<&Generator>> =
        trainer.sources.iter().map(|source| source.generator()).collect();
    let Some(generators) = generators else {
        return Ok(Err("events are read from files: their density is not known".to_owned()));
    };
    if let Some(why) = unknown(trainer) {
        return Ok(Err(why));
    }
    let model = Model::build(&trainer.workspace, options).map_err(TrainFault::Model)?;
    let Some(poi) = model.poi().first().map(|index| index.0) else {
        return Ok(Err("there is no parameter of interest".to_owned()));
    };
    let theta = model.init();
    let n = theta.len();
    if n > PARAMETERS {
        return Ok(Err(format!("the model has {n} parameters, too many for its matrices")));
    }
    let mut slopes = vec![0.0; n];
    let places = match Places::new(trainer, &model) {
        Ok(places) => places,
        Err(why) => return Ok(Err(why)),
    };
    // In parts, to tell the error of what they add up to.
    let mut parts = vec![DMatrix::<f64>::zeros(n, n); PARTS as usize];
    for (process, source) in trainer.sources.iter().enumerate() {
        if !training.samples.iter().any(|sample| sample.process == process) {
            continue;
        }
        let count = source.count(Purpose::Evaluation).min(MOST);
        let (table, _) = source.events(Purpose::Evaluation, 0..count);
        let columns = table.values();
        let mut event = vec![0.0; columns.len()];
        for row in 0..table.rows() {
            event.iter_mut().zip(columns).for_each(|(x, column)| *x = column[row]);
            let [nu, drawn] = places.density(&generators, &event, &mut slopes);
            // Events are drawn from Σ y p, each stands for y/n of it.
            let weight = source.expected / count as f64 / (nu * drawn);
            let fisher = &mut parts[row % PARTS as usize];
            for i in 0..n {
                for j in 0..=i {
                    fisher[(i, j)] += weight * slopes[i] * slopes[j];
                }
            }
        }
    }
    // Constraints: the Hessian of a likelihood in which nothing is observed.
    let masked = vec![true; model.n_bins()];
    let mut nll = Nll::new(&model, Data { masked, ..model.data(vec![0.0; model.n_bins()]) });
    let mut hessian = nll.new_hessian();
    if let Err(error) = nll.hessian(&theta, Curvature::Fisher, &mut vec![0.0; n], &mut hessian) {
        return Ok(Err(format!("the constraints have no second derivatives: {error}")));
    }
    let dense = hessian.to_dense();
    let constraints = DMatrix::from_fn(n, n, |i, j| dense[i * n + j]);
    let free: Vec<usize> = (0..n).filter(|&i| !model.parameters()[i].fixed).collect();
    let Some(at) = free.iter().position(|&i| i == poi) else {
        return Ok(Err("the parameter of interest is fixed".to_owned()));
    };
    let all: DMatrix<f64> = parts.iter().sum();
    let Some(value) = sigma(&all, &constraints, &free, at) else {
        return Ok(Err("the events do not determine all parameters".to_owned()));
    };
    let scale = PARTS as f64 / (PARTS - 1) as f64;
    let others = parts.iter().map(|part| sigma(&((&all - part) * scale), &constraints, &free, at));
    let error = others.collect::<Option<Vec<f64>>>().and_then(|others| jackknife(&others));
    Ok(Ok(Metric { value, error }))
}

/// The standard deviation of the free parameter `at`, from the lower triangle of what events tell and what constraints do; none
/// where they do not determine all.
fn sigma(events: &DMatrix<f64>, constraints: &DMatrix<f64>, free: &[usize], at: usize) -> Option<f64> {
    let entry = |i: usize, j: usize| events[(i.max(j), i.min(j))] + constraints[(i, j)];
    let matrix = DMatrix::from_fn(free.len(), free.len(), |i, j| entry(free[i], free[j]));
    let mut unit = DVector::zeros(free.len());
    unit[at] = 1.0;
    Some(matrix.cholesky()?.solve(&unit)[at].sqrt())
}

/// How a density of expected events depends on parameters: by what cells of one bin do.
struct Places {
    samples: Vec<SampleAt>,
}

struct SampleAt {
    process: usize,
    expected: f64,
    /// Slopes of this sample's factor by parameters, at the start values, per event of the sample; and the factor.
    factor: f64,
    by_factor: Vec<(usize, f64)>,
    /// Parameters of shape variations with their effects.
    shapes: Vec<(usize, [Effect; 2])>,
}

impl Places {
    fn new(trainer: &Trainer<'_>, model: &Model) -> Result<Self, String> {
        let training = trainer.engine.training;
        let channel = &training.workspace.channels[training.channel];
        let theta = model.init();
        let mut nll = Nll::new(model, model.data(vec![0.0; model.n_bins()]));
        let mut samples = Vec::new();
        for sample in &training.samples {
            let name = &channel.samples[sample.index].name;
            let expected = trainer.engine.expected[sample.process];
            // With flat templates the yields of a sample change by factors alone: shapes vary nothing there.
            let (base, slopes) = sample_total(&mut nll, model, [&channel.name, name], &theta)?;
            let by_factor = slopes.into_iter().enumerate().filter(|(_, slope)| *slope != 0.0);
            let by_factor = by_factor.map(|(i, slope)| (i, slope / expected)).collect();
            let shapes = sample
                .variations
                .iter()
                .filter(|variation| variation.kind == crate::spec::VariationKind::Histosys);
            let index = |name: &str| model.parameters().iter().position(|parameter| parameter.name == name);
            let shapes = shapes.map(|variation| Some((index(&variation.name)?, variation.effects.clone())));
            let shapes: Option<Vec<_>> = shapes.collect();
            let shapes =
                shapes.ok_or("a variation is driven by a formula, whose slopes are not known here")?;
            samples.push(SampleAt {
                process: sample.process,
                expected,
                factor: base / expected,
                by_factor,
                shapes,
            });
        }
        Ok(Self { samples })
    }

    /// ν at an event, and Σ y p; the slopes of ν by all parameters into `slopes`.
    fn density(&self, generators: &[&Generator], event: &[f64], slopes: &mut [f64]) -> [f64; 2] {
        slopes.fill(0.0);
        let (mut nu, mut drawn) = (0.0, 0.0);
        let mut seen = vec![false; generators.len()];
        for sample in &self.samples {
            let generator = generators[sample.process];
            let p = sample.expected * generator.ln_density(event).exp();
            nu += sample.factor * p;
            // Samples of one process share its events.
            if !std::mem::replace(&mut seen[sample.process], true) {
                drawn += p;
            }
            for &(i, slope) in &sample.by_factor {
                slopes[i] += slope * p;
            }
            for (i, [down, up]) in &sample.shapes {
                let varied = |effect: &Effect| sample.expected * varied(generator, effect, event);
                slopes[*i] += sample.factor * 0.5 * (varied(up) - varied(down));
            }
        }
        [nu, drawn]
    }
}

/// Events of a sample of a channel at a point, and their slopes by all parameters.
pub(super) fn sample_total(
    nll: &mut Nll<'_>,
    model: &Model,
    [channel, sample]: [&str; 2],
    theta: &[f64],
) -> Result<(f64, Vec<f64>), String> {
    let mut samples = nll.samples(theta).map_err(|error| error.to_string())?;
    let find = || {
        let c = model.channels().iter().position(|known| known.name == channel)?;
        let s = model.channels()[c].samples.iter().position(|known| known == sample)?;
        Some((c, s))
    };
    let (c, s) =
        find().ok_or_else(|| format!("the model has no sample `{sample}` of channel `{channel}`"))?;
    let (bins, n) = (model.channels()[c].bins.len(), theta.len());
    let (mut total, mut slopes) = (0.0, vec![0.0; n]);
    // Some bins at a time: with a parameter for each there are as many slopes as the square of their number.
    let step = (SLOPES / n.max(1)).clamp(1, bins.max(1));
    for first in (0..bins).step_by(step) {
        let place = first..(first + step).min(bins);
        let (mut values, mut jacobian) = (vec![0.0; place.len()], vec![0.0; place.len() * n]);
        samples.fill(c, s, place, &mut values, &mut jacobian);
        total += values.iter().sum::<f64>();
        for row in jacobian.chunks_exact(n.max(1)) {
            slopes.iter_mut().zip(row).for_each(|(sum, slope)| *sum += slope);
        }
    }
    Ok((total, slopes))
}

/// The density of varied events: x' = f x + d has the density p((x − d)/f)/|f|.
fn varied(generator: &Generator, effect: &Effect, event: &[f64]) -> f64 {
    let mut event = event.to_vec();
    let mut ln = 0.0;
    for (x, name) in event.iter_mut().zip(generator.columns()) {
        if let Some(shift) = effect.shift.get(name) {
            *x -= shift;
        }
        if let Some(factor) = effect.scale.get(name) {
            *x /= factor;
            ln -= factor.abs().ln();
        }
    }
    (generator.ln_density(&event) + ln).exp()
}
