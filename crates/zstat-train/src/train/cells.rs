//! Where the yields of passes stand among the templates of the model.

use zstat_core::model::{Model, Templates};
use zstat_core::spec::{ModifierKind, Workspace};

use super::fault::TrainFault;
use super::passes::{Events, Pass, of_effect};
use crate::spec::{Training, Variation, VariationKind};

/// One sample: the pass of its nominal yields, and of its variations.
pub(super) struct Cell {
    pass: usize,
    nominal: usize,
    /// Down, up, and where S starts.
    shifts: Vec<(usize, usize, usize)>,
    /// Down and up of variations of the normalisation, and their place in the sample.
    pub factors: Vec<(usize, usize, usize)>,
    /// Down and up of every variation, by its place in the sample.
    pairs: Vec<(usize, [usize; 2])>,
    /// Place of the sample in the channel.
    pub sample: usize,
}

/// All samples that are made from events.
pub(super) struct Cells {
    pub cells: Vec<Cell>,
    /// Whether the result has a γ for the statistics of each nominal yield, in the layout of the templates; empty for none.
    pub gammas: Vec<bool>,
    bins: usize,
}

impl Cells {
    pub fn new(training: &Training, model: &Model, passes: &[Pass]) -> Self {
        let find = |pass: Pass| passes.iter().position(|known| *known == pass).unwrap_or(0);
        let channel = &training.workspace.channels[training.channel];
        let places = model.template_places();
        let cells = training.samples.iter().map(|sample| {
            let name = &channel.samples[sample.index].name;
            let place = places.iter().find(|place| {
                let of = &model.channels()[place.channel];
                of.name == channel.name && of.samples[place.sample] == *name
            });
            let nominal = Pass { process: sample.process, effect: Default::default() };
            let of = |kind| sample.variations.iter().filter(move |variation| variation.kind == kind);
            let pair = |variation: &Variation| {
                let [down, up] = &variation.effects;
                [down, up].map(|effect| find(of_effect(training, sample.process, effect)))
            };
            let at = |name: &str| {
                let shifts = place.map(|place| &place.shifts[..]).unwrap_or_default();
                shifts.iter().find(|(known, _)| known == name).map(|(_, at)| *at)
            };
            Cell {
                pass: find(nominal),
                nominal: place.map_or(0, |place| place.nominal.start),
                shifts: of(VariationKind::Histosys)
                    .filter_map(|variation| {
                        let [down, up] = pair(variation);
                        Some((down, up, at(&variation.name)?))
                    })
                    .collect(),
                factors: of(VariationKind::Normsys)
                    .map(|variation| {
                        let [down, up] = pair(variation);
                        (down, up, variation.index)
                    })
                    .collect(),
                pairs: sample.variations.iter().map(|variation| (variation.index, pair(variation))).collect(),
                sample: sample.index,
            }
        });
        let (cells, bins): (Vec<Cell>, usize) = (cells.collect(), training.summary.bins());
        let mut gammas = Vec::new();
        for (cell, sample) in cells.iter().zip(&training.samples).filter(|(_, s)| !s.statistics.is_empty()) {
            debug_assert_eq!(cell.sample, sample.index);
            gammas.resize(model.templates().nominal.len(), false);
            gammas[cell.nominal..cell.nominal + bins].fill(true);
        }
        Self { cells, gammas, bins }
    }

    /// The pass of a sample's nominal yields.
    pub fn nominal_pass(&self, cell: usize) -> usize {
        self.cells[cell].pass
    }

    /// The passes of −1 and +1 of a variation of a sample.
    pub fn variation(&self, cell: usize, variation: &Variation) -> [usize; 2] {
        let known = &self.cells[cell].pairs;
        let pair = known.iter().find(|(index, _)| *index == variation.index);
        pair.map_or([self.cells[cell].pass; 2], |(_, pair)| *pair)
    }

    /// Templates from the yields of the passes, passes × bins.
    pub fn fill(&self, yields: &[f64], templates: &mut Templates) {
        let n = self.bins;
        let of = |pass: usize| &yields[pass * n..(pass + 1) * n];
        for cell in &self.cells {
            let nominal = of(cell.pass);
            templates.nominal[cell.nominal..cell.nominal + n].copy_from_slice(nominal);
            for &(down, up, at) in &cell.shifts {
                let (lo, hi) = (of(down), of(up));
                for bin in 0..n {
                    templates.shifts[at + bin] = 0.5 * (hi[bin] - lo[bin]);
                    templates.shifts[at + n + bin] =
                        0.5 * ((hi[bin] - nominal[bin]) + (lo[bin] - nominal[bin]));
                }
            }
        }
    }

    /// One number for each nominal yield of the templates from those of the passes, passes × bins.
    pub fn fill_nominal(&self, of_passes: &[f64], nominal: &mut [f64]) {
        let n = self.bins;
        for cell in &self.cells {
            nominal[cell.nominal..cell.nominal + n]
                .copy_from_slice(&of_passes[cell.pass * n..(cell.pass + 1) * n]);
        }
    }

    /// The way back of [`Cells::fill_nominal`], added to `of_passes`.
    pub fn pull_nominal(&self, nominal: &[f64], of_passes: &mut [f64]) {
        let n = self.bins;
        for cell in &self.cells {
            let out = of_passes[cell.pass * n..(cell.pass + 1) * n].iter_mut();
            out.zip(&nominal[cell.nominal..cell.nominal + n]).for_each(|(sum, slope)| *sum += slope);
        }
    }

    /// Derivatives by the yields of the passes, added to `by_yields`, from those by the templates.
    pub fn pull(&self, model: &Model, gradient: Templates, by_yields: &mut [f64]) {
        let n = self.bins;
        let gradient = model.variation_gradient(gradient);
        let mut add = |pass: usize, slopes: &[f64]| {
            by_yields[pass * n..(pass + 1) * n].iter_mut().zip(slopes).for_each(|(sum, slope)| *sum += slope);
        };
        for cell in &self.cells {
            add(cell.pass, &gradient.nominal[cell.nominal..cell.nominal + n]);
            for &(down, up, at) in &cell.shifts {
                add(down, &gradient.shifts[at..at + n]);
                add(up, &gradient.shifts[at + n..at + 2 * n]);
            }
        }
    }
}

/// Factors of variations of the normalisation: sums of weights of selected events, from all training events.
pub(super) fn factors(training: &Training, cells: &Cells, events: &Events, workspace: &mut Workspace) {
    let sum = |pass: usize| events.passes[pass].weights.iter().sum::<f64>();
    for (at, cell) in cells.cells.iter().enumerate() {
        let nominal = sum(cells.nominal_pass(at));
        let sample = &mut workspace.channels[training.channel].samples[cell.sample];
        for &(down, up, modifier) in &cell.factors {
            if let ModifierKind::NormSys { lo, hi, .. } = &mut sample.modifiers[modifier].kind {
                (*lo, *hi) = (sum(down) / nominal, sum(up) / nominal);
            }
        }
    }
}

/// Whether factors that are made from events are some: positive ones.
pub(super) fn check_factors(training: &Training, workspace: &Workspace) -> Result<(), TrainFault> {
    let channel = &workspace.channels[training.channel];
    let mut faults = Vec::new();
    for sample_of in &training.samples {
        let sample = &channel.samples[sample_of.index];
        for variation in &sample_of.variations {
            let modifier = &sample.modifiers[variation.index];
            let ModifierKind::NormSys { lo, hi, .. } = modifier.kind else { continue };
            for (side, factor) in [(-1, lo), (1, hi)] {
                if !(factor > 0.0 && factor.is_finite()) {
                    let (modifier, sample) = (modifier.name.clone(), sample.name.clone());
                    faults.push(TrainFault::Factor { modifier, sample, side, factor });
                }
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(TrainFault::several(faults)) }
}
