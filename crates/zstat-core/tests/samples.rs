//! Yields of single samples, parameters split by channel, and functions of parameters, on random models.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use zstat_core::fit::Objective;
use zstat_core::formula::Formula;
use zstat_core::likelihood::{Data, Nll};
use zstat_core::model::{Constraint, Functions, Model, ParamIdx};
use zstat_core::testing::oracle::Oracle;
use zstat_core::testing::random;

fn unobserved(model: &Model) -> Nll<'_> {
    Nll::new(model, model.data(vec![1.0; model.n_bins()]))
}

/// Yields and Jacobian of all samples at `theta`, channel after channel, in blocks of two bins.
fn samples(model: &Model, theta: &[f64]) -> Vec<Vec<(Vec<f64>, Vec<f64>)>> {
    let mut nll = unobserved(model);
    let mut samples = nll.samples(theta).unwrap();
    let n = theta.len();
    let mut one = |channel: usize, sample: usize, n_bins: usize| {
        let (mut yields, mut jacobian) = (vec![0.0; n_bins], vec![f64::NAN; n_bins * n]);
        for first in (0..n_bins).step_by(2) {
            let bins = first..(first + 2).min(n_bins);
            let rows = bins.start * n..bins.end * n;
            samples.fill(channel, sample, bins.clone(), &mut yields[bins], &mut jacobian[rows]);
        }
        (yields, jacobian)
    };
    let channels = model.channels().iter().enumerate();
    channels.map(|(c, info)| (0..info.samples.len()).map(|s| one(c, s, info.bins.len())).collect()).collect()
}

fn close(a: f64, b: f64, scale: f64) -> bool {
    (a - b).abs() <= 1e-12 * (1.0 + scale.abs())
}

proptest! {
    #![proptest_config(random::config(400))]

    /// Samples add up to the bins, and so do their derivatives, also where something is clipped.
    #[test]
    fn samples_add_up(random in random::models()) {
        let oracle = Oracle::new(&random.workspace, &random.options).unwrap();
        let model = Model::build(&random.workspace, &random.options).unwrap();
        let names: std::collections::BTreeSet<&String> = model.channels().iter().flat_map(|c| &c.samples).collect();
        for which in 0..2 {
            let theta = random.point(&oracle, which);
            let n = theta.len();
            let mut jacobian = vec![0.0; n * model.n_bins()];
            let mut nll = unobserved(&model);
            let nu = nll.jacobian(&theta, &mut jacobian).unwrap().to_vec();
            let moves: Vec<f64> = { let s = nll.samples(&theta).unwrap(); (0..nu.len()).map(|b| s.moves(b)).collect() };
            for (info, found) in model.channels().iter().zip(samples(&model, &theta)) {
                let absent = (names.len() - info.samples.len()) as f64;
                let floor = random.options.clip_samples.unwrap_or(0.0).max(0.0) * absent;
                for (at, bin) in info.bins.clone().enumerate() {
                    let size: f64 = found.iter().map(|(yields, _)| yields[at].abs()).sum();
                    let sum = floor + found.iter().map(|(yields, _)| yields[at]).sum::<f64>();
                    let sum = random.options.clip_bins.map_or(sum, |floor| sum.max(floor));
                    prop_assert!(close(sum, nu[bin], size), "{sum}, expected {}", nu[bin]);
                    for p in 0..n {
                        let slopes = found.iter().map(|(_, jacobian)| jacobian[at * n + p]);
                        let (sum, size) = slopes.fold((0.0, 0.0), |sum: (f64, f64), x| (sum.0 + x, sum.1 + x.abs()));
                        let wanted = jacobian[bin * n + p];
                        prop_assert!(close(sum * moves[bin], wanted, size), "{p}: {sum}, expected {wanted}");
                    }
                }
            }
        }
    }

    /// Against central differences, where nothing has a kink.
    #[test]
    fn derivatives_of_samples_agree_with_differences(random in random::models()) {
        let random = random.smooth();
        let oracle = Oracle::new(&random.workspace, &random.options).unwrap();
        let model = Model::build(&random.workspace, &random.options).unwrap();
        let theta = random.point(&oracle, 1);
        let n = theta.len();
        let found = samples(&model, &theta);
        for p in 0..n {
            let h = 1e-5 * theta[p].abs().max(1.0);
            let at = |step: f64| {
                let mut moved = theta.clone();
                moved[p] += step;
                samples(&model, &moved)
            };
            let (up, down) = (at(h), at(-h));
            for (c, of_channel) in found.iter().enumerate() {
                for (s, (yields, jacobian)) in of_channel.iter().enumerate() {
                    for bin in 0..yields.len() {
                        let (high, low) = (up[c][s].0[bin], down[c][s].0[bin]);
                        let difference = (high - low) / (2.0 * h);
                        let slope = jacobian[bin * n + p];
                        let scale = 1.0 + slope.abs() + yields[bin].abs();
                        prop_assert!((slope - difference).abs() <= 2e-5 * scale, "{p}: {slope}, {difference}");
                    }
                }
            }
        }
    }

    /// A parameter split by channel: each channel is what the original is at that channel's value, and with equal values
    /// likelihood and gradient are the original's.
    #[test]
    fn split_models_are_the_original_channel_by_channel(random in random::models()) {
        let oracle = Oracle::new(&random.workspace, &random.options).unwrap();
        let model = Model::build(&random.workspace, &random.options).unwrap();
        let groups: Vec<(String, Vec<usize>)> =
            model.channels().iter().enumerate().map(|(i, c)| (c.name.clone(), vec![i])).collect();
        for (i, parameter) in model.parameters().iter().enumerate() {
            let split = model.split(ParamIdx(i), &groups);
            if model.sets()[parameter.set].vector || parameter.constraint != Constraint::None {
                prop_assert!(split.is_err());
                continue;
            }
            let (split, copies) = split.unwrap();
            let theta = random.point(&oracle, 1);
            let value = |group: usize| theta[i] + 0.25 * group as f64;
            let mut many = [&theta[..], &vec![0.0; copies.len() - 1]].concat();
            copies.iter().enumerate().for_each(|(group, at)| many[at.0] = value(group));
            let found = unobserved(&split).expected(&many).to_vec();
            for (group, channel) in model.channels().iter().enumerate() {
                let mut one = theta.clone();
                one[i] = value(group);
                let wanted = unobserved(&model).expected(&one).to_vec();
                for bin in channel.bins.clone() {
                    let (found, wanted) = (found[bin], wanted[bin]);
                    prop_assert!(found == wanted || found.is_nan() && wanted.is_nan(), "{found}, expected {wanted}");
                }
                let acts = model.channels_of(ParamIdx(i))[group];
                let moved = {
                    let mut other = one.clone();
                    other[i] += 0.125;
                    unobserved(&model).expected(&other)[channel.bins.clone()].to_vec()
                };
                prop_assert!(acts || moved == wanted[channel.bins.clone()], "channel {group} is left out and moves");
            }
            copies.iter().for_each(|at| many[at.0] = theta[i]);
            let main = vec![3.0; model.n_bins()];
            let mut nll = Nll::new(&model, model.data(main.clone()));
            let aux = [model.nominal_aux(), vec![f64::NAN; copies.len() - 1]].concat();
            let mut of_split = Nll::new(&split, Data { main, aux, masked: vec![false; model.n_bins()] });
            let (mut g, mut h) = (vec![0.0; theta.len()], vec![0.0; many.len()]);
            if let Ok(wanted) = nll.gradient(&theta, &mut g) {
                prop_assert!(close(of_split.gradient(&many, &mut h).unwrap(), wanted, wanted));
                let sum: f64 = copies.iter().map(|at| h[at.0]).sum();
                let size: f64 = copies.iter().map(|at| h[at.0].abs()).sum();
                prop_assert!(close(sum, g[i], 1e3 * size), "{sum}, expected {}", g[i]);
            }
        }
    }
}

/// Functions of parameters, of formulas and of functions before them; infinite slopes by what is held.
#[test]
fn functions_of_parameters() {
    let text = r#"{"channels": [{"name": "SR", "samples": [{"name": "s", "data": [5.0, 6.0], "modifiers": [
        {"name": "mu", "type": "normfactor"}, {"name": "k", "type": "normfactor"},
        {"name": "m", "type": "normfactor"}, {"name": "g", "type": "shapefactor"}]}]}],
        "parameters": {"m": {"formula": "mu * k"}}}"#;
    let workspace = serde_json::from_str(text).unwrap();
    let model = Model::build(&workspace, &zstat_core::spec::BuildOptions::default()).unwrap();
    let at = |name: &str| model.find(name).unwrap().0;
    let mut functions = Functions::new(&model);
    functions.add("a", &Formula::parse("m^2 + g[0]").unwrap()).unwrap();
    functions.add("b", &Formula::parse("sqrt(mu) * a").unwrap()).unwrap();
    let unknown = functions.add("c", &Formula::parse("x + mu + y").unwrap()).unwrap_err();
    assert_eq!(unknown, ["x", "y"]);
    let many = functions.add("c", &Formula::parse("2 * g").unwrap()).unwrap_err();
    assert_eq!(many, ["g"], "a vector of two has no value of its own");
    let mut theta = vec![0.0; model.parameters().len()];
    (theta[at("mu")], theta[at("k")], theta[at("g[0]")]) = (4.0, 1.5, 2.0);
    let found = functions.slopes(&theta, &[]);
    // a = (μ k)² + g, b = √μ a.
    let slope = |which: usize, name: &str| found[which].1.iter().find(|(p, _)| *p == at(name)).unwrap().1;
    assert_eq!((found[0].0, found[1].0), (38.0, 76.0));
    assert_eq!((slope(0, "mu"), slope(0, "k"), slope(0, "g[0]")), (18.0, 48.0, 1.0));
    assert_eq!((slope(1, "mu"), slope(1, "k"), slope(1, "g[0]")), (45.5, 96.0, 2.0));
    theta[at("mu")] = 0.0;
    assert!(functions.slopes(&theta, &[])[1].1.iter().any(|(_, slope)| !slope.is_finite()));
    assert!(functions.slopes(&theta, &[true; 4])[1].1.iter().all(|(_, slope)| slope.is_finite()));
}
