//! The engine against the oracle, on random models: parameters, expectation, value, gradient, Hessian, Fisher matrix.
//!
//! The oracle's derivatives are exact (dual numbers), so agreement is asked for to rounding.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use proptest::prelude::*;
use zstat_core::fit::{Curvature, Objective};
use zstat_core::likelihood::Nll;
use zstat_core::model::{Constraint, Model, Parameter};
use zstat_core::testing::oracle::{Oracle, OracleConstraint, OracleParameter};
use zstat_core::testing::random::{self, RandomModel};
use zstat_core::testing::{check_gradient, check_hessian};

const POINTS: usize = 3;

/// Both views of a random model.
struct Pair {
    oracle: Oracle,
    model: Model,
}

fn both(random: &RandomModel) -> Pair {
    let oracle = Oracle::new(&random.workspace, &random.options).unwrap();
    let model = Model::build(&random.workspace, &random.options).unwrap();
    Pair { oracle, model }
}

impl Pair {
    fn nll(&self, random: &RandomModel) -> Nll<'_> {
        Nll::new(&self.model, self.model.observed(&random.workspace).unwrap())
    }

    fn names(&self) -> Vec<&str> {
        self.oracle.parameters.iter().map(|parameter| parameter.name.as_str()).collect()
    }

    /// Points with a finite likelihood.
    fn points(&self, random: &RandomModel) -> Vec<Vec<f64>> {
        let points = (0..POINTS).map(|which| random.point(&self.oracle, which));
        points.filter(|theta| self.oracle.nll(theta).is_finite()).collect()
    }
}

fn same(found: f64, expected: f64, tolerance: f64, scale: f64) -> bool {
    (found - expected).abs() <= tolerance * scale.max(expected.abs()).max(1.0)
}

fn check_parameter(found: &Parameter, expected: &OracleParameter) {
    let name = &expected.name;
    assert_eq!(&found.name, name);
    assert_eq!(
        (found.init, found.bounds, found.fixed),
        (expected.init, expected.bounds, expected.fixed),
        "{name}"
    );
    let (constraint, aux) = match found.constraint {
        Constraint::None => (OracleConstraint::None, None),
        Constraint::Normal { aux, sigma } => (OracleConstraint::Normal { sigma }, Some(aux)),
        Constraint::Poisson { aux, tau } => (OracleConstraint::Poisson { tau }, Some(aux)),
        Constraint::LogNormal { aux, ln_kappa } => (OracleConstraint::LogNormal { ln_kappa }, Some(aux)),
        // The term is the block's: what the parameter alone would have does not count.
        Constraint::Correlated { aux, .. } => (expected.constraint, Some(aux)),
    };
    let (f, e) = (numbers(constraint), numbers(expected.constraint));
    assert!(
        f.0 == e.0 && same(f.1, e.1, 1e-14, 0.0),
        "{name}: {constraint:?}, expected {:?}",
        expected.constraint
    );
    if let Some(aux) = aux {
        assert!(same(aux, expected.aux, 1e-14, 0.0), "{name}: aux {aux}, expected {}", expected.aux);
    }
}

fn numbers(constraint: OracleConstraint) -> (u8, f64) {
    match constraint {
        OracleConstraint::None => (0, 0.0),
        OracleConstraint::Normal { sigma } => (1, sigma),
        OracleConstraint::Poisson { tau } => (2, tau),
        OracleConstraint::LogNormal { ln_kappa } => (3, ln_kappa),
    }
}

/// Compares matrices relative to the geometric mean of the diagonal entries' sizes, which is what a solve sees, with
/// the floor that rounding in sums over bins needs.
fn check_matrix(what: &str, names: &[&str], found: &[f64], expected: &[Vec<f64>], condition: f64) {
    let largest = expected.iter().flatten().fold(1.0_f64, |largest, entry| largest.max(entry.abs()));
    for (row, expected_row) in expected.iter().enumerate() {
        for (column, &e) in expected_row.iter().enumerate() {
            let f = found[row * names.len() + column];
            let size = (expected[row][row] * expected[column][column]).abs().sqrt();
            let limit = condition * (1e-10 * e.abs().max(size) + 1e-13 * largest);
            assert!(
                (f - e).abs() <= limit,
                "{what}[{}, {}]: found {f:e}, expected {e:e}",
                names[row],
                names[column]
            );
        }
    }
}

/// By how much rounding grows in n/ν where ν is a small difference of large yields.
fn condition(oracle: &Oracle, theta: &[f64]) -> f64 {
    let expected = oracle.expected(theta);
    let largest = expected.iter().fold(1.0_f64, |largest, nu| largest.max(nu.abs()));
    let with_data = oracle.main.iter().zip(&expected).filter(|(n, _)| **n > 0.0);
    with_data.fold(1.0, |condition, (_, nu)| condition.max(largest / nu))
}

fn check_point(pair: &Pair, nll: &mut Nll<'_>, theta: &[f64]) {
    let oracle = &pair.oracle;
    let names = pair.names();
    for (bin, (&found, expected)) in nll.expected(theta).iter().zip(oracle.expected(theta)).enumerate() {
        assert!(same(found, expected, 1e-12, 1.0), "bin {bin}: {found} events, expected {expected}");
    }
    let (main, constraint) = (oracle.twice_nll_main(theta), oracle.twice_nll_constraint(theta));
    if !(main + constraint).is_finite() {
        assert!(nll.value(theta).is_err(), "a value where there is none, at {theta:?}");
        assert!(nll.evaluate(theta).is_err(), "an evaluation where there is none, at {theta:?}");
        return;
    }
    let evaluation = nll.evaluate(theta).unwrap();
    let scale = main.abs() + constraint.abs();
    assert!(same(evaluation.twice_nll_main, main, 1e-11, scale), "main: {evaluation:?}, expected {main}");
    assert!(
        same(evaluation.twice_nll_constraint, constraint, 1e-11, scale),
        "constraint: {evaluation:?}, expected {constraint}"
    );
    let value = nll.value(theta).unwrap() + nll.constant();
    assert!(same(value, oracle.nll(theta), 1e-11, scale), "value {value}, expected {}", oracle.nll(theta));

    let condition = condition(oracle, theta);
    let expected = oracle.gradient(theta);
    let size = expected.iter().fold(0.0_f64, |size, slope| size.max(slope.abs()));
    let mut gradient = vec![f64::NAN; names.len()];
    nll.gradient(theta, &mut gradient).unwrap();
    for (index, name) in names.iter().enumerate() {
        let (f, e) = (gradient[index], expected[index]);
        assert!(
            same(f, e, 1e-11 * condition, size),
            "gradient in {name}: found {f:e}, expected {e:e} at {theta:?}"
        );
        assert!(
            same(evaluation.gradient[index], 2.0 * e, 1e-11 * condition, size),
            "twice the gradient in {name}"
        );
    }

    let mut hessian = nll.new_hessian();
    nll.hessian(theta, Curvature::Exact, &mut gradient, &mut hessian).unwrap();
    check_matrix("Hessian", &names, &hessian.to_dense(), &oracle.hessian(theta), condition * condition);
    nll.hessian(theta, Curvature::Fisher, &mut gradient, &mut hessian).unwrap();
    check_matrix("Fisher matrix", &names, &hessian.to_dense(), &oracle.fisher(theta), condition * condition);
}

proptest! {
    #![proptest_config(random::config(3000))]

    #[test]
    fn parameters_are_the_oracles(random in random::models()) {
        let pair = both(&random);
        prop_assert_eq!(pair.model.parameters().len(), pair.oracle.parameters.len());
        for (found, expected) in pair.model.parameters().iter().zip(&pair.oracle.parameters) {
            check_parameter(found, expected);
        }
    }

    /// What was asked before, there or elsewhere, leaves no trace.
    #[test]
    fn the_same_point_gives_the_same_bits(random in random::models()) {
        let pair = both(&random);
        let mut used = pair.nll(&random);
        let points: Vec<Vec<f64>> = (0..POINTS).map(|which| random.point(&pair.oracle, which)).collect();
        for (index, theta) in points.iter().chain(&points).enumerate() {
            let bits = |nll: &mut Nll<'_>, orders: &[usize]| {
                let mut out = Vec::new();
                let mut gradient = vec![0.0; theta.len()];
                let mut hessian = nll.new_hessian();
                for order in orders {
                    let value = match order {
                        0 => nll.value(theta),
                        1 => nll.gradient(theta, &mut gradient),
                        _ => nll.hessian(theta, Curvature::Exact, &mut gradient, &mut hessian),
                    };
                    out.push((*order, value.map(f64::to_bits)));
                }
                let nu: Vec<u64> = nll.expected(theta).iter().map(|nu| nu.to_bits()).collect();
                let gradient: Vec<u64> = gradient.iter().map(|g| g.to_bits()).collect();
                let hessian: Vec<u64> = hessian.to_dense().iter().map(|h| h.to_bits()).collect();
                (out, nu, gradient, hessian)
            };
            let orders: &[usize] = match index % 3 { 0 => &[0, 1, 2, 0], 1 => &[0, 2, 1, 1], _ => &[1, 0, 0, 2] };
            let found = bits(&mut used, orders);
            for (at, order) in orders.iter().enumerate() {
                let alone = bits(&mut pair.nll(&random), &[*order]);
                prop_assert_eq!(&found.0[at].1, &alone.0[0].1, "value, asked {:?}", orders);
                prop_assert_eq!(&found.1, &alone.1);
                if *order == 2 && found.0[at].1.is_ok() {
                    prop_assert_eq!(&found.2, &alone.2, "gradient, asked {:?}", orders);
                    prop_assert_eq!(&found.3, &alone.3, "Hessian, asked {:?}", orders);
                }
            }
        }
    }

    #[test]
    fn likelihood_and_derivatives_are_the_oracles(random in random::models()) {
        let pair = both(&random);
        let mut nll = pair.nll(&random);
        for which in 0..POINTS {
            check_point(&pair, &mut nll, &random.point(&pair.oracle, which));
        }
    }
}

proptest! {
    #![proptest_config(random::config(200))]

    /// The checks that plugin authors use agree, too; independent of the oracle.
    #[test]
    fn derivatives_agree_with_differences(mut random in random::models()) {
        // A yield that is just at the limit has no derivative, and nothing says which side is meant.
        (random.options.clip_bins, random.options.clip_samples) = (None, None);
        let pair = both(&random);
        let mut nll = pair.nll(&random);
        for theta in pair.points(&random) {
            check_gradient(&mut nll, &theta, &pair.names());
            check_hessian(&mut nll, &theta, &pair.names());
        }
    }
}
