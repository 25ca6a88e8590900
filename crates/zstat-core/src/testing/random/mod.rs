//! Random valid models for property tests: all kinds of modifiers, shared and repeated ones, signed and empty bins,
//! both dialects, all interpolation codes, settings of parameters, and random points inside the bounds.
//!
//! Numbers are multiples of 1/16, so that a shrunk counterexample is readable. Everything shrinks towards few channels,
//! samples and modifiers with the default settings.

mod formulas;
mod modifiers;
mod settings;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;
use proptest::test_runner::RngSeed;

use super::oracle::Oracle;
use crate::spec::{BuildOptions, Channel, Interpolation, ModifierKind, Sample, Workspace};
use modifiers::ModifierPlan;

/// A workspace, how to read it, and what decides the points to try it at.
#[derive(Debug, Clone)]
pub struct RandomModel {
    /// The workspace: it passes all checks of the spec.
    pub workspace: Workspace,
    /// How to read it.
    pub options: BuildOptions,
    /// One decision a parameter, used in turn: see [`RandomModel::point`].
    pub moves: Vec<Move>,
}

/// Where a coordinate of a random point lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Move {
    /// At the start value.
    Init,
    /// Between the bounds but not further from the start than a fit would normally go: −1 to 1.
    Inside(f64),
    /// At zero where the bounds allow it and a likelihood may be finite there (free factors and α), else at the start.
    Zero,
    /// At the lower (false) or upper bound where a likelihood may be finite there, else at the start.
    Bound(bool),
}

impl RandomModel {
    /// The same model without what makes its likelihood kinked, broken or endless: interpolation codes that are smooth,
    /// no clipping, at least one event in every bin of every sample. A fit of it ends in a minimum.
    #[must_use]
    pub fn smooth(mut self) -> Self {
        let samples = self.workspace.channels.iter_mut().flat_map(|channel| &mut channel.samples);
        for sample in samples {
            sample.data.iter_mut().for_each(|events| *events = events.max(1.0));
            for modifier in &mut sample.modifiers {
                match &mut modifier.kind {
                    ModifierKind::NormSys { interpolation, .. } => *interpolation = None,
                    ModifierKind::HistoSys { interpolation, lo, hi } => {
                        *interpolation = None;
                        for template in [lo, hi] {
                            let pairs = template.iter_mut().zip(&sample.data);
                            pairs.for_each(|(events, nominal)| *events = events.max(0.5 * nominal));
                        }
                    }
                    _ => {}
                }
            }
        }
        self.options.interpolation = Interpolation::default();
        (self.options.clip_bins, self.options.clip_samples) = (None, None);
        self
    }

    /// The `which`-th random point inside the bounds of the model; fixed parameters are moved, too, because a
    /// likelihood is defined there.
    pub fn point(&self, oracle: &Oracle, which: usize) -> Vec<f64> {
        let count = self.moves.len();
        oracle
            .parameters
            .iter()
            .enumerate()
            .map(|(index, parameter)| {
                let [lower, upper] = parameter.bounds;
                let reach = if lower < 0.0 { 2.5 } else { 0.75 * parameter.init.abs() };
                // A γ that multiplies data and stands in the logarithm of its constraint: zero is outside its domain.
                let positive = lower > 0.0 || parameter.constraint != super::oracle::OracleConstraint::None;
                let edge = |value: f64| if positive && value <= 1e-3 { parameter.init } else { value };
                let value = match self.moves[(index + 7 * which) % count] {
                    Move::Init => parameter.init,
                    Move::Inside(unit) => parameter.init + unit * reach,
                    Move::Zero if lower < 0.0 => 0.0,
                    Move::Zero => edge(0.0),
                    Move::Bound(false) => edge(lower),
                    Move::Bound(true) => edge(upper),
                };
                value.clamp(lower, upper)
            })
            .collect()
    }
}

/// Settings of a property test with `cases` cases and the same cases every time. `PROPTEST_RNG_SEED` chooses others, and
/// `PROPTEST_CASES` more of them.
pub fn config(cases: u32) -> ProptestConfig {
    let from_environment = ProptestConfig::default();
    let rng_seed = match from_environment.rng_seed {
        RngSeed::Random => RngSeed::Fixed(0),
        fixed @ RngSeed::Fixed(_) => fixed,
    };
    let asked_for = std::env::var_os("PROPTEST_CASES").is_some();
    let cases = if asked_for { from_environment.cases } else { cases };
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..from_environment }
}

/// Random models of up to three channels.
pub fn models() -> impl Strategy<Value = RandomModel> {
    let channels = vec(channel_plan(), 1..=3);
    let names = Just(vec!["SR", "CR", "VR"]).prop_shuffle();
    (channels, names, settings::settings(), vec(moves(), 16)).prop_map(|(plans, names, settings, moves)| {
        let mut workspace = Workspace::default();
        for (plan, name) in plans.iter().zip(names) {
            workspace.channels.push(plan.channel(name));
            workspace.observations.insert(name.to_owned(), plan.observed.clone());
        }
        let options = settings.apply(&mut workspace);
        RandomModel { workspace, options, moves }
    })
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        3 => Just(Move::Init),
        8 => (-1.0..1.0).prop_map(Move::Inside),
        1 => Just(Move::Zero),
        1 => any::<bool>().prop_map(Move::Bound),
    ]
}

/// A multiple of 1/16.
fn sixteenths(from: i32, to: i32) -> impl Strategy<Value = f64> + Clone {
    (from * 16..=to * 16).prop_map(|count| f64::from(count) / 16.0)
}

/// What a channel will be, before it has a name.
#[derive(Debug, Clone)]
struct ChannelPlan {
    observed: Vec<f64>,
    samples: Vec<SamplePlan>,
}

#[derive(Debug, Clone)]
struct SamplePlan {
    name: &'static str,
    data: Vec<f64>,
    modifiers: Vec<ModifierPlan>,
}

fn channel_plan() -> impl Strategy<Value = ChannelPlan> {
    (1..=3_usize).prop_flat_map(|n_bins| {
        let names = subsequence(vec![0, 1, 2], 1..=3);
        let samples = names.prop_shuffle().prop_flat_map(move |picked| {
            picked.into_iter().map(|name| sample_plan(name, n_bins)).collect::<Vec<_>>()
        });
        (vec(observed_bin(), n_bins), samples)
            .prop_map(|(observed, samples)| ChannelPlan { observed, samples })
    })
}

fn sample_plan(name: usize, n_bins: usize) -> impl Strategy<Value = SamplePlan> {
    const NAMES: [&str; 3] = ["signal", "background", "Interference"];
    let signed = name == 2;
    (vec(nominal_bin(signed), n_bins), vec(modifiers::plan(n_bins), 0..=5))
        .prop_map(move |(data, modifiers)| SamplePlan { name: NAMES[name], data, modifiers })
}

fn observed_bin() -> impl Strategy<Value = f64> {
    prop_oneof![
        5 => (0..150_i32).prop_map(f64::from),
        3 => sixteenths(0, 100),
        1 => Just(0.0),
    ]
}

fn nominal_bin(signed: bool) -> BoxedStrategy<f64> {
    let lowest = if signed { -8 } else { 0 };
    prop_oneof![
        8 => sixteenths(1, 100),
        2 => sixteenths(lowest, 4),
        1 => Just(0.0),
    ]
    .boxed()
}

impl ChannelPlan {
    fn channel(&self, name: &str) -> Channel {
        let samples = self.samples.iter().map(|plan| {
            let place = modifiers::Place { channel: name, sample: plan.name, nominal: &plan.data };
            Sample {
                name: plan.name.to_owned(),
                data: plan.data.clone(),
                events: None,
                modifiers: modifiers::build(&plan.modifiers, &place),
            }
        });
        Channel { name: name.to_owned(), samples: samples.collect() }
    }
}
