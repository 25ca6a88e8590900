//! The slow, obvious network in f64: values and tangents, one row at a time. Derivatives by anything are differences of it.

use super::{Activation, Architecture};

/// f and f′ of an activation.
fn activate(activation: Activation, z: f64) -> [f64; 2] {
    match activation {
        Activation::Relu => [z.max(0.0), if z > 0.0 { 1.0 } else { 0.0 }],
        Activation::Tanh => [z.tanh(), 1.0 / z.cosh().powi(2)],
        Activation::Sigmoid => {
            let f = 1.0 / (1.0 + (-z).exp());
            [f, f / (1.0 + z.exp())]
        }
        Activation::Linear => [z, 1.0],
    }
}

/// Outputs of one row, and their derivatives along `dx`.
pub fn row(architecture: &Architecture, theta: &[f64], x: &[f64], dx: &[f64]) -> [Vec<f64>; 2] {
    let (mut values, mut tangents) = (x.to_vec(), dx.to_vec());
    for layer in architecture.layers() {
        let weight = |i: usize, j: usize| theta[layer.start + i * layer.outputs + j];
        let [next, tangents_next]: [Vec<f64>; 2] = {
            let sum = |from: &[f64], j: usize| (0..layer.inputs).map(|i| from[i] * weight(i, j)).sum::<f64>();
            let pairs = (0..layer.outputs).map(|j| {
                let [f, slope] = activate(layer.activation, sum(&values, j) + weight(layer.inputs, j));
                (f, slope * sum(&tangents, j))
            });
            pairs.unzip::<f64, f64, Vec<f64>, Vec<f64>>().into()
        };
        (values, tangents) = (next, tangents_next);
    }
    [values, tangents]
}

/// Outputs and tangents of all rows.
pub fn forward(architecture: &Architecture, theta: &[f64], x: &[f64], dx: &[f64]) -> [Vec<f64>; 2] {
    let rows = x.chunks_exact(architecture.inputs).zip(dx.chunks_exact(architecture.inputs));
    let (mut out, mut dout) = (Vec::new(), Vec::new());
    for (x, dx) in rows {
        let [values, tangents] = row(architecture, theta, x, dx);
        out.extend(values);
        dout.extend(tangents);
    }
    [out, dout]
}

/// Derivative of `f` by each element of `at`, by central differences. In f64 they are good to 1e-7 or so of the value, and
/// so short that hardly any ReLU switches within.
pub fn gradient(at: &[f64], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let h = 1e-6;
    let mut point = at.to_vec();
    let mut shifted = |i: usize, value: f64| {
        let kept = std::mem::replace(&mut point[i], value);
        let result = f(&point);
        point[i] = kept;
        result
    };
    (0..at.len()).map(|i| (shifted(i, at[i] + h) - shifted(i, at[i] - h)) / (2.0 * h)).collect()
}
