//! The parts put together from outside: features, a scorer, a summary with edges that are learnt, and an optimiser for each of both.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::json;
use zstat_core::optimiser::{Optimiser, OptimiserKind};
use zstat_core::plugin::Registry;
use zstat_core::scorer::{Scorer, ScorerKind};
use zstat_core::summary::{Stage, Summary};
use zstat_train::optimiser::{Clip, Schedule, Stopping, Watch};
use zstat_train::summary::{Bkde, BkdeOptions};

const EVENTS: usize = 400;
const EPOCHS: u32 = 30;

/// All that a run is made of.
struct Run {
    scorer: Box<dyn Scorer>,
    summary: Bkde,
    learnt: Vec<f64>,
    optimisers: [Box<dyn Optimiser>; 2],
    rate: f64,
}

fn start(optimiser: &str) -> Run {
    let kind = Registry::<dyn OptimiserKind>::load("optimiser").unwrap();
    let kind = kind.build(optimiser, json!({"learning_rate": 0.05})).unwrap();
    let summary = Bkde { options: BkdeOptions { bins: 3, train_edges: true, ..BkdeOptions::default() } };
    let scorers = Registry::<dyn ScorerKind>::load("scorer").unwrap();
    let features = ["a", "b"].map(str::to_owned);
    let scorer = scorers.build("mlp", json!({"hidden": [5]})).unwrap();
    let scorer = scorer.make(&features, summary.outputs(), 3).unwrap();
    let learnt = summary.start();
    let optimisers = [kind.make(scorer.parameters().len()), kind.make(learnt.len())];
    Run { scorer, summary, learnt, optimisers, rate: kind.learning_rate() }
}

impl Run {
    /// One step on all events: the bin of an event should be the one that its first feature says. Gives the loss before it.
    fn step(&mut self, epoch: u32, schedule: Schedule) -> f64 {
        let x: Vec<f32> = (0..2 * EVENTS).map(|i| (1.3 * i as f32).sin()).collect();
        let wanted = |event: usize| usize::from(x[2 * event] > -0.8) + usize::from(x[2 * event] > 0.1);
        let stage = Stage { learnt: &self.learnt, progress: 0.0 };
        let mut scores = vec![0.0_f32; EVENTS];
        self.scorer.forward(&x, &mut scores);
        let scores: Vec<f64> = scores.into_iter().map(f64::from).collect();
        let mut shares = vec![0.0; 3 * EVENTS];
        self.summary.assign(stage, &scores, &mut shares);
        let given = shares.clone();
        let mut loss = 0.0;
        for (at, share) in shares.iter_mut().enumerate() {
            let error = *share - f64::from(u8::from(wanted(at / 3) == at % 3));
            loss += error * error / EVENTS as f64;
            *share = 2.0 * error / EVENTS as f64;
        }
        let (mut by_scores, mut by_learnt) = (vec![0.0; EVENTS], vec![0.0; self.learnt.len()]);
        self.summary.pull(stage, &scores, &given, &shares, &mut by_scores, &mut by_learnt);
        let by_scores: Vec<f32> = by_scores.into_iter().map(|d| d as f32).collect();
        let mut gradient = vec![0.0; self.scorer.parameters().len()];
        self.scorer.backward(&x, &by_scores, &mut gradient);
        Clip { norm: Some(1.0), value: None }.apply(&mut [&mut gradient, &mut by_learnt]);
        let rate = self.rate * schedule.factor(f64::from(epoch), f64::from(EPOCHS));
        let [network, edges] = &mut self.optimisers;
        network.step(rate, &gradient, self.scorer.parameters_mut().into());
        edges.step(rate, &by_learnt, self.learnt.as_mut_slice().into());
        loss
    }

    /// Parameters, edges and memories, as bits.
    fn bits(&self) -> Vec<u64> {
        let single = self.scorer.parameters().iter().map(|p| u64::from(p.to_bits()));
        let states = self.optimisers.iter().flat_map(|optimiser| optimiser.state());
        single.chain(self.learnt.iter().copied().chain(states).map(f64::to_bits)).collect()
    }
}

#[test]
fn a_run_that_was_interrupted_ends_with_the_same_bits() {
    let schedule = Schedule::Cosine { floor: 0.1, warm_up: 2.0 };
    for optimiser in ["sgd", "adam", "radam"] {
        let mut whole = start(optimiser);
        let mut watch = Watch::new(Stopping::default());
        let mut resumed = None;
        let (mut first, mut last) = (None, f64::NAN);
        for epoch in 0..EPOCHS {
            if epoch == EPOCHS / 2 {
                let mut other = start(optimiser);
                other.scorer.parameters_mut().copy_from_slice(whole.scorer.parameters());
                other.learnt.copy_from_slice(&whole.learnt);
                for (other, whole) in other.optimisers.iter_mut().zip(&whole.optimisers) {
                    other.restore(&whole.state()).unwrap();
                }
                resumed = Some(other);
            }
            last = whole.step(epoch, schedule);
            first.get_or_insert(last);
            watch.see(last);
        }
        let mut resumed = resumed.unwrap();
        (EPOCHS / 2..EPOCHS).for_each(|epoch| {
            resumed.step(epoch, schedule);
        });
        assert_eq!(resumed.bits(), whole.bits(), "{optimiser}");
        assert!(last < first.unwrap(), "{optimiser}: {first:?}, then {last}");
        assert!(watch.best().is_some_and(|best| best.epoch > 0 && best.loss <= last));
    }
}
