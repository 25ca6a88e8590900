//! The way back to the templates, on random models: yields and Jacobian are linear in the templates, so that a difference
//! with any step is exact.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use zstat_core::likelihood::Nll;
use zstat_core::model::{Model, Templates};
use zstat_core::testing::oracle::Oracle;
use zstat_core::testing::random;

/// Weights in [-1, 1) from a fixed sequence.
fn weights(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Σ c ν + Σ U J.
fn probe(model: &Model, theta: &[f64], c: &[f64], u: &[f64]) -> f64 {
    let mut nll = Nll::new(model, model.data(vec![1.0; model.n_bins()]));
    let mut jacobian = vec![0.0; u.len()];
    let nu = nll.jacobian(theta, &mut jacobian).unwrap();
    let of = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    of(nu, c) + of(&jacobian, u)
}

fn entries(templates: &mut Templates) -> impl Iterator<Item = &mut f64> {
    templates.nominal.iter_mut().chain(&mut templates.shifts)
}

proptest! {
    #![proptest_config(random::config(400))]

    #[test]
    fn pull_backs_agree_with_differences(random in random::models()) {
        let oracle = Oracle::new(&random.workspace, &random.options).unwrap();
        let mut model = Model::build(&random.workspace, &random.options).unwrap();
        for which in 0..2 {
            let theta = random.point(&oracle, which);
            let (c, u) = (weights(model.n_bins(), 1), weights(model.n_bins() * theta.len(), 2));
            let mut found = model.templates().zeros_like();
            {
                let mut nll = Nll::new(&model, model.data(vec![1.0; model.n_bins()]));
                nll.pull_to_templates(&theta, &c, &mut found).unwrap();
                nll.pull_jacobian_to_templates(&theta, &u, &mut found).unwrap();
            }
            if random.options.clip_bins.is_some() || random.options.clip_samples.is_some() {
                continue; // not linear where something begins to be clipped
            }
            let before = probe(&model, &theta, &c, &u);
            let original = model.templates().clone();
            let count = original.nominal.len() + original.shifts.len();
            for at in 0..count {
                let mut moved = original.clone();
                *entries(&mut moved).nth(at).unwrap() += 1.0;
                model.set_templates(moved);
                let difference = probe(&model, &theta, &c, &u) - before;
                let expected = *entries(&mut found).nth(at).unwrap();
                prop_assert!(
                    (difference - expected).abs() <= 1e-10 * (1.0 + before.abs() + expected.abs()),
                    "template {at}: {expected}, difference {difference}, at {theta:?}"
                );
            }
            model.set_templates(original);
        }
    }

    #[test]
    fn the_jacobian_is_the_oracles(random in random::models()) {
        let oracle = Oracle::new(&random.workspace, &random.options).unwrap();
        let model = Model::build(&random.workspace, &random.options).unwrap();
        let theta = random.point(&oracle, 0);
        let mut jacobian = vec![0.0; model.n_bins() * theta.len()];
        let mut nll = Nll::new(&model, model.data(vec![1.0; model.n_bins()]));
        nll.jacobian(&theta, &mut jacobian).unwrap();
        for (row, expected) in jacobian.chunks(theta.len().max(1)).zip(oracle.jacobian(&theta)) {
            for (f, e) in row.iter().zip(expected) {
                prop_assert!((f - e).abs() <= 1e-10 * (1.0 + e.abs()), "{f}, expected {e}");
            }
        }
    }

    /// Moving `lo`, `hi` or the nominal of the workspace moves −ln L as the pull-back says.
    #[test]
    fn variations_of_the_workspace(random in random::models()) {
        use zstat_core::spec::ModifierKind;
        let random = random.smooth();
        let model = Model::build(&random.workspace, &random.options).unwrap();
        let oracle = Oracle::new(&random.workspace, &random.options).unwrap();
        let theta = random.point(&oracle, 1);
        let mut nll = Nll::new(&model, model.observed(&random.workspace).unwrap());
        let Ok(slopes) = nll.slopes_by_yield(&theta).map(<[f64]>::to_vec) else { return Ok(()) };
        let mut gradient = model.templates().zeros_like();
        nll.pull_to_templates(&theta, &slopes, &mut gradient).unwrap();
        let gradient = model.variation_gradient(gradient);
        let value = |workspace: &zstat_core::spec::Workspace| Oracle::new(workspace, &random.options).unwrap().nll(&theta);
        for place in model.template_places() {
            let info = &model.channels()[place.channel];
            let (channel, sample) = (&info.name, &info.samples[place.sample]);
            let n = place.nominal.len();
            let differ = |change: &dyn Fn(&mut zstat_core::spec::Sample, f64)| {
                let h = 1e-4;
                let at = |h: f64| {
                    let mut workspace = random.workspace.clone();
                    let channel = workspace.channels.iter_mut().find(|c| &c.name == channel).unwrap();
                    change(channel.samples.iter_mut().find(|s| &s.name == sample).unwrap(), h);
                    value(&workspace)
                };
                (at(h) - at(-h)) / (2.0 * h)
            };
            // A shapesys or staterror takes its width from the nominal, which the templates leave alone.
            let spec = random.workspace.channels.iter().find(|c| &c.name == channel).unwrap();
            let spec = spec.samples.iter().find(|s| &s.name == sample).unwrap();
            let widths = spec.modifiers.iter().any(|m| {
                matches!(m.kind, ModifierKind::ShapeSys { .. } | ModifierKind::StatError { .. })
            });
            let close = |found: f64, expected: f64| (found - expected).abs() <= 1e-5 * (1.0 + expected.abs());
            for b in 0..n {
                if !widths {
                    let slope = differ(&|sample, h| sample.data[b] += h);
                    let found = gradient.nominal[place.nominal.start + b];
                    prop_assert!(close(found, slope), "nominal of {sample}, bin {b}: {found}, expected {slope}");
                }
                for (name, at) in &place.shifts {
                    if spec.modifiers.iter().filter(|m| &m.name == name).count() > 1 {
                        continue; // which of two of one name is meant
                    }
                    for (offset, up) in [(0, false), (n, true)] {
                        let slope = differ(&|sample, h| {
                            for modifier in sample.modifiers.iter_mut().filter(|m| &m.name == name) {
                                if let ModifierKind::HistoSys { lo, hi, .. } = &mut modifier.kind {
                                    if up { hi[b] += h } else { lo[b] += h }
                                }
                            }
                        });
                        let found = gradient.shifts[at + offset + b];
                        prop_assert!(close(found, slope), "{name} of {sample}: {found}, expected {slope}");
                    }
                }
            }
        }
    }
}
