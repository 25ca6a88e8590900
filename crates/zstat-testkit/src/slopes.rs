//! Derivatives of any function against extrapolated differences, through the checks of `zstat_core::testing`.

use zstat_core::fit::{Curvature, EvalError, Objective};
use zstat_core::linalg::ArrowMatrix;
use zstat_core::testing::check_gradient;

/// A function with its gradient: the value at `x`, and the derivatives into the second argument; none where it has no value.
pub(crate) type Function<'a> = dyn FnMut(&[f64], &mut [f64]) -> Option<f64> + 'a;

/// Compares the gradient of `function` at `x` with differences, number by number. Kinks as near as 1e-5 of a number's size
/// (of 1, where it is smaller) do no harm.
///
/// # Panics
/// If they differ by more than 1e-7 of the largest derivative and what the differences themselves are in doubt of.
#[track_caller]
pub(crate) fn check_slopes(function: &mut Function<'_>, x: &[f64], names: &[String]) {
    let mut gradient = vec![f64::NAN; x.len()];
    let _ = function(x, &mut gradient);
    // In units of the largest derivative, which is that of differences where the gradient is all zero.
    let mut scale = gradient.iter().fold(0.0_f64, |scale, slope| scale.max(slope.abs()));
    if scale == 0.0 {
        scale = (0..x.len()).map(|at| rough(function, x, at)).fold(0.0, f64::max);
    }
    let scale = if scale > 0.0 && scale.is_finite() { scale } else { 1.0 };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    check_gradient(&mut Scaled { function, scale, n: x.len() }, x, &names);
}

/// Size of a difference.
fn rough(function: &mut Function<'_>, x: &[f64], at: usize) -> f64 {
    let mut ignored = vec![0.0; x.len()];
    let mut value = |step: f64| {
        let mut moved = x.to_vec();
        moved[at] += step;
        function(&moved, &mut ignored)
    };
    let (up, down) = (value(1e-4), value(-1e-4));
    up.zip(down).map_or(0.0, |(up, down)| (up - down).abs() / 2e-4)
}

/// A function as an objective, in other units.
struct Scaled<'f, 'a> {
    function: &'f mut Function<'a>,
    scale: f64,
    n: usize,
}

impl Objective for Scaled<'_, '_> {
    fn n_params(&self) -> usize {
        self.n
    }

    fn value(&mut self, theta: &[f64]) -> Result<f64, EvalError> {
        self.gradient(theta, &mut vec![0.0; theta.len()])
    }

    fn gradient(&mut self, theta: &[f64], gradient: &mut [f64]) -> Result<f64, EvalError> {
        let value = (self.function)(theta, gradient);
        gradient.iter_mut().for_each(|slope| *slope /= self.scale);
        let value = value.filter(|value| value.is_finite()).map(|value| value / self.scale);
        value.ok_or_else(|| EvalError::NotFinite { what: "the function".to_owned() })
    }

    fn hessian(
        &mut self,
        theta: &[f64],
        _: Curvature,
        gradient: &mut [f64],
        _: &mut ArrowMatrix,
    ) -> Result<f64, EvalError> {
        self.gradient(theta, gradient)
    }

    fn new_hessian(&self) -> ArrowMatrix {
        ArrowMatrix::from_dense(self.n, &vec![0.0; self.n * self.n])
    }
}
