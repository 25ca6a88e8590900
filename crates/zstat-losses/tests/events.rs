//! Losses of single events: known values, differences, and the properties their papers prove.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use zstat_core::loss::{Column, EventLoss, LossError, Process, Scored};
use zstat_losses::{Bce, BceOptions, DeltaZ, DeltaZOptions, Descent};

/// Events of processes: how many of each, and scores one after the other.
struct Events {
    process: Vec<usize>,
    weights: Vec<f64>,
    processes: Vec<Process>,
}

impl Events {
    /// `processes` are (signal?, expected events, simulated events); weights are even within each.
    fn new(processes: &[(bool, f64, usize)]) -> Self {
        let mut out = Self { process: Vec::new(), weights: Vec::new(), processes: Vec::new() };
        for (at, &(is_signal, yield_, count)) in processes.iter().enumerate() {
            out.processes.push(Process { name: format!("p{at}"), is_signal, yield_ });
            out.process.extend(std::iter::repeat_n(at, count));
            out.weights.extend(std::iter::repeat_n(yield_ / count as f64, count));
        }
        out
    }

    fn with<'a>(&'a self, scores: &'a [f64]) -> Scored<'a> {
        Scored {
            scores,
            outputs: 1,
            process: &self.process,
            weights: &self.weights,
            processes: &self.processes,
            columns: &[],
        }
    }
}

fn value(loss: &dyn EventLoss, batch: &Scored<'_>) -> (f64, Vec<f64>) {
    let mut gradient = vec![f64::NAN; batch.scores.len()];
    let value = loss.evaluate(batch, &mut gradient).unwrap();
    (value, gradient)
}

fn scores(seed: u64, n: usize) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| StandardNormal.sample(&mut random)).collect()
}

fn losses() -> Vec<Box<dyn EventLoss>> {
    vec![
        Box::new(Bce::default()),
        Box::new(Bce { options: BceOptions { balanced: false } }),
        Box::new(DeltaZ::default()),
        Box::new(DeltaZ { options: DeltaZOptions { epsilon: Some(50.0) } }),
    ]
}

#[test]
fn gradients_are_differences() {
    let mut events = Events::new(&[(true, 3.0, 15), (false, 40.0, 20), (false, 7.0, 9)]);
    // Simulation with negative weights.
    events.weights[3] *= -0.4;
    events.weights[20] *= -0.2;
    let scores = scores(3, events.process.len());
    for (at, loss) in losses().iter().enumerate() {
        let (_, gradient) = value(&**loss, &events.with(&scores));
        for event in 0..scores.len() {
            let moved = |step: f64| {
                let mut scores = scores.clone();
                scores[event] += step;
                value(&**loss, &events.with(&scores)).0
            };
            let numeric = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            let size = numeric.abs().max(1e-2);
            assert!(
                (gradient[event] - numeric).abs() < 1e-6 * size,
                "loss {at}, event {event}: {} {numeric}",
                gradient[event]
            );
        }
    }
}

#[test]
fn the_order_of_events_does_not_matter_and_weights_scale() {
    let events = Events::new(&[(true, 3.0, 15), (false, 40.0, 20)]);
    let given = scores(5, events.process.len());
    let n = given.len();
    let mut turned = Events::new(&[(true, 3.0, 15), (false, 40.0, 20)]);
    turned.process.reverse();
    turned.weights.reverse();
    let back: Vec<f64> = given.iter().rev().copied().collect();
    for loss in losses() {
        let (one, gradient) = value(&*loss, &events.with(&given));
        let (other, reversed) = value(&*loss, &turned.with(&back));
        assert!((one - other).abs() < 1e-12 * one.abs());
        assert!(
            (0..n).all(|i| (gradient[i] - reversed[n - 1 - i]).abs() < 1e-12 * (1.0 + gradient[i].abs()))
        );
    }
    // ΔZ of all yields four times as large is twice as large, with ε = S; cross-entropy stays.
    let more = Events::new(&[(true, 12.0, 15), (false, 160.0, 20)]);
    let ratio =
        |loss: &dyn EventLoss| value(loss, &more.with(&given)).0 / value(loss, &events.with(&given)).0;
    assert!((ratio(&DeltaZ::default()) - 2.0).abs() < 1e-12);
    assert!((ratio(&Bce { options: BceOptions { balanced: false } }) - 1.0).abs() < 1e-12);
}

#[test]
fn cross_entropy_by_hand_and_far_out() {
    let events = Events::new(&[(true, 2.0, 1), (false, 6.0, 2)]);
    let softplus = |x: f64| x.exp().ln_1p();
    let (found, _) = value(&Bce::default(), &events.with(&[0.3, -0.2, 1.1]));
    let wanted = 0.5 * softplus(-0.3) + 0.25 * (softplus(-0.2) + softplus(1.1));
    assert!((found - wanted).abs() < 1e-15);
    let (far, gradient) = value(&Bce::default(), &events.with(&[-900.0, -900.0, 900.0]));
    assert!((far - 675.0).abs() < 1e-9 && gradient == [-0.5, 0.0, 0.25], "{far} {gradient:?}");
}

#[test]
fn what_is_missing_is_said() {
    let events = Events::new(&[(false, 2.0, 3)]);
    let mut gradient = [0.0; 3];
    for loss in losses() {
        let error = loss.evaluate(&events.with(&[0.0; 3]), &mut gradient).unwrap_err();
        assert_eq!(error, LossError::Missing { what: "signal events" });
        let two = Scored { outputs: 2, ..events.with(&[0.0; 6]) };
        assert_eq!(
            loss.evaluate(&two, &mut [0.0; 6]).unwrap_err(),
            LossError::Outputs { needed: 1, found: 2 }
        );
    }
    let events = Events::new(&[(true, 2.0, 1), (false, 2.0, 2)]);
    for loss in losses() {
        let error = loss.evaluate(&events.with(&[0.0, f64::NAN, 1.0]), &mut gradient).unwrap_err();
        assert!(error.to_string().contains("learning rate"), "{error}");
    }
}

/// Rows Z-0 and Z-1 of the reference table: 0.1 fb of signal over 1 and 100 fb at 3000/fb.
#[test]
fn delta_z_of_trivial_scores() {
    let events = Events::new(&[(true, 300.0, 40), (false, 3000.0, 50), (false, 300_000.0, 60)]);
    let zero = vec![0.0; 150];
    let (loss, _) = value(&DeltaZ::default(), &events.with(&zero));
    assert!((loss - 17.320_508_075_688_775).abs() < 1e-12 * loss, "{loss}");
    assert!((DeltaZ::default().trivial(&events.with(&zero)).unwrap() - loss).abs() < 1e-12 * loss);
    // Everything accepted: what is lost is all but the significance without a cut, 300/√(300 + 303 000), in Z.
    let all = vec![1.0; 150];
    let (loss, _) = value(&DeltaZ::default(), &events.with(&all));
    // Background is in error by 2.
    assert!((0.5 * loss - (300.0 / 300.0_f64.sqrt() - 300.0 / 303_300.0_f64.sqrt())).abs() < 1e-10);
    assert!((300.0 / 303_000.0_f64.sqrt() - 0.5450).abs() < 5e-5);
}

/// The slope along a direction is a difference of the loss, and on one-dimensional events that separate badly no direction is
/// downhill with ε = S, but one is with a large ε.
#[test]
fn the_diagnostic_of_trivial_scores() {
    let events = Events::new(&[(true, 30.0, 200), (false, 3000.0, 300)]);
    let mut x = scores(11, 500);
    x[..200].iter_mut().for_each(|x| *x += 1.0);
    for epsilon in [None, Some(3000.0)] {
        let loss = DeltaZ { options: DeltaZOptions { epsilon } };
        let slope = |direction: f64| {
            let along: Vec<f64> = x.iter().map(|x| direction * x).collect();
            let slope = loss.slope_at_zero(&events.with(&along)).unwrap();
            let small: Vec<f64> = along.iter().map(|u| 1e-7 * u).collect();
            let numeric =
                (value(&loss, &events.with(&small)).0 - loss.trivial(&events.with(&small)).unwrap()) / 1e-7;
            assert!((slope - numeric).abs() < 1e-5 * (1.0 + slope.abs()), "{slope}, {numeric}");
            slope
        };
        let lowest = slope(1.0).min(slope(-1.0));
        assert_eq!(lowest > 0.0, epsilon.is_none(), "{lowest}");
    }
}

/// The three normals of the paper, in two features: with ε = S no linear function descends from F = 0, with ε = 100 S one does, and
/// a search through all directions agrees.
#[test]
fn what_descends_from_trivial_scores() {
    let events = Events::new(&[(true, 300.0, 400), (false, 3e3, 400), (false, 3e5, 400)]);
    let means = [[4.0, 7.0], [2.0, 5.0], [2.0, 10.0]];
    let columns: Vec<Vec<f64>> = (0..2)
        .map(|feature| {
            let noise = scores(20 + feature as u64, 1200);
            noise.iter().enumerate().map(|(event, x)| x + means[event / 400][feature]).collect()
        })
        .collect();
    let zero = vec![0.0; 1200];
    let mut batch = events.with(&zero);
    let named: Vec<Column<'_>> = columns.iter().map(|values| Column { name: "x", values }).collect();
    batch.columns = &named;
    let scale = |values: &[f64]| -> Vec<f64> {
        let mean = values.iter().sum::<f64>() / 1200.0;
        let deviation = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1200.0).sqrt();
        values.iter().map(|x| (x - mean) / deviation).collect()
    };
    let [x, y] = [&columns[0], &columns[1]].map(|column| scale(column));
    for (epsilon, expected) in [(None, false), (Some(30_000.0), true)] {
        let loss = DeltaZ { options: DeltaZOptions { epsilon } };
        let mut lowest = f64::INFINITY;
        for (i, j) in (0..36).flat_map(|i| (0..18).map(move |j| (i, j))) {
            let (a, b) =
                (f64::from(i) * std::f64::consts::PI / 18.0, f64::from(j) * std::f64::consts::PI / 18.0);
            let along = |event: usize| b.sin() * (a.cos() * x[event] + a.sin() * y[event]) + b.cos();
            let along: Vec<f64> = (0..1200).map(along).collect();
            lowest = lowest.min(loss.slope_at_zero(&events.with(&along)).unwrap());
        }
        assert_eq!(lowest < 0.0, expected, "{lowest}");
        match loss.descent(&batch).unwrap() {
            Descent::Along(direction, slope) => {
                assert!(expected, "{slope}");
                let along = |event: usize| direction[0] * x[event] + direction[1] * y[event] + direction[2];
                let along: Vec<f64> = (0..1200).map(along).collect();
                let told = loss.slope_at_zero(&events.with(&along)).unwrap();
                assert!((told - slope).abs() < 1e-9 * slope.abs() && slope < 0.0, "{told}, {slope}");
            }
            Descent::None => assert!(!expected),
            Descent::Unknown => panic!("the search does not end"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Submodular by brute force over all subsets of up to eight events: what an event adds does not grow with the set.
    #[test]
    fn the_set_function_is_submodular(weights in prop::collection::vec((0.01..5.0_f64, any::<bool>()), 2..9), epsilon in 0.1..50.0_f64) {
        let signal: f64 = weights.iter().filter(|(_, s)| *s).map(|(w, _)| w).sum();
        let d = |set: u32| {
            let sum = |of: bool| weights.iter().enumerate().filter(|(i, (_, s))| set >> i & 1 == 1 && *s == of).map(|(_, (w, _))| w).sum::<f64>();
            signal / epsilon.sqrt() - (signal - sum(true)) / (epsilon + sum(false)).sqrt()
        };
        let n = weights.len() as u32;
        for set in 0..1_u32 << n {
            for (a, b) in (0..n).flat_map(|a| (0..a).map(move |b| (a, b))) {
                if set >> a & 1 == 1 || set >> b & 1 == 1 {
                    continue;
                }
                let gain = d(set | 1 << a) - d(set);
                let later = d(set | 1 << a | 1 << b) - d(set | 1 << b);
                prop_assert!(later <= gain + 1e-12, "{set:b} {a} {b}");
                prop_assert!(gain >= -1e-12);
            }
        }
    }

    /// The extension is convex: below its chords; and on decisions it is the set function.
    #[test]
    fn the_extension_is_convex(seed in 0..10_000_u64, part in 0.0..1.0_f64) {
        let events = Events::new(&[(true, 4.0, 6), (false, 30.0, 9)]);
        let (a, b) = (scores(seed, 15), scores(seed + 10_000, 15));
        let between: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a + part * (b - a)).collect();
        let loss = DeltaZ::default();
        let at = |scores: &[f64]| value(&loss, &events.with(scores)).0;
        prop_assert!(at(&between) <= (1.0 - part) * at(&a) + part * at(&b) + 1e-12);
        // Events are right by a margin of 1, or in error by 1 (F = 0).
        let (mut lost, mut accepted, mut decided) = (0.0, 0.0, Vec::new());
        for (event, score) in a.iter().enumerate() {
            let signal = event < 6;
            decided.push(if *score > 0.0 { 0.0 } else if signal { 1.0 } else { -1.0 });
            let sum = if signal { &mut lost } else { &mut accepted };
            *sum += if *score > 0.0 { events.weights[event] } else { 0.0 };
        }
        let wanted = 4.0 / 2.0 - (4.0 - lost) / (4.0_f64 + accepted).sqrt();
        prop_assert!((at(&decided) - wanted).abs() < 1e-12);
    }
}
