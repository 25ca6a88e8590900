//! The likelihood of a workspace without errors: it can be built, and what it says to be fine is finite.

use zstat_core::fit::{Curvature, Objective};
use zstat_core::likelihood::Nll;
use zstat_core::model::Model;
use zstat_core::spec::{BuildOptions, Workspace};

/// More bins and parameters than this only cost time.
const LARGEST: usize = 2000;

/// Value, gradient and Hessian at the start values.
///
/// # Panics
/// Where a promise is broken.
pub fn at_init(workspace: &Workspace, options: &BuildOptions) {
    let model = match Model::build(workspace, options) {
        Ok(model) => model,
        Err(faults) => panic!("checked, but cannot be built: {faults:?}"),
    };
    assert!(model.n_bins() > 0, "a model without bins");
    let theta = model.init();
    assert_eq!(theta.len(), model.parameters().len());
    assert!(theta.iter().all(|value| value.is_finite()), "start values: {theta:?}");
    for parameter in model.parameters() {
        let [low, high] = parameter.bounds;
        assert!(low <= parameter.init && parameter.init <= high, "starts outside its bounds: {parameter:?}");
    }
    if model.n_bins() > LARGEST || theta.len() > LARGEST {
        return;
    }
    let data = model.observed(workspace).unwrap_or_else(|_| model.data(vec![1.0; model.n_bins()]));
    derivatives(&mut Nll::new(&model, data), &theta);
}

fn derivatives(nll: &mut Nll<'_>, theta: &[f64]) {
    let mut gradient = vec![f64::NAN; theta.len()];
    let value = nll.value(theta);
    let with_gradient = nll.gradient(theta, &mut gradient);
    if let Err(error) = &value {
        assert!(!error.to_string().is_empty());
        assert!(with_gradient.is_err(), "{error}, but not with the gradient: {with_gradient:?}");
        return;
    }
    let value = value.expect("an error was looked at");
    assert!(value.is_finite(), "the value is {value}");
    // A derivative may overflow where the value does not: then the error says so.
    let Ok(again) = with_gradient else { return };
    assert!(close(value, again), "{value} alone, {again} with the gradient");
    assert!(gradient.iter().all(|slope| slope.is_finite()), "the gradient is {gradient:?}");
    let mut hessian = nll.new_hessian();
    for curvature in [Curvature::Exact, Curvature::Fisher] {
        let mut second = vec![f64::NAN; theta.len()];
        let Ok(again) = nll.hessian(theta, curvature, &mut second, &mut hessian) else { continue };
        assert!(close(value, again), "{value} alone, {again} with the Hessian");
        assert!(second.iter().zip(&gradient).all(|(a, b)| close(*a, *b)), "{gradient:?} and {second:?}");
        assert!(hessian.to_dense().iter().all(|entry| entry.is_finite()), "{curvature:?}: not finite");
    }
}

/// Equal up to the order of summation.
fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs()))
}
