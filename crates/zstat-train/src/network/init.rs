//! First parameters of a network: random weights that keep the size of signals through its layers, and no biases.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::architecture::{Architecture, Layer};
use crate::kernel::Activation;

/// Sets these random numbers apart from those of other purposes with the same seed.
const PURPOSE: u64 = 16;

/// Normal weights and zero biases, laid out as [`Layer`] says. A weight is a function of the seed, its layer's number and its
/// place in the layer: the numbers come from a stream of the ChaCha generator that the layer names.
pub fn init(architecture: &Architecture, seed: u64) -> Vec<f32> {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&PURPOSE.to_le_bytes());
    let mut parameters = vec![0.0; architecture.parameters()];
    for (number, layer) in (0..).zip(architecture.layers()) {
        let mut random = ChaCha8Rng::from_seed(key);
        random.set_stream(number);
        let sigma = spread(layer);
        for weight in &mut parameters[layer.start..][..layer.inputs * layer.outputs] {
            let normal: f64 = StandardNormal.sample(&mut random);
            *weight = (sigma * normal) as f32;
        }
    }
    parameters
}

/// Standard deviation of weights. Before a ReLU: K. He et al., arXiv:1502.01852; else X. Glorot, Y. Bengio, AISTATS 2010.
fn spread(layer: Layer) -> f64 {
    let (inputs, outputs) = (layer.inputs as f64, layer.outputs as f64);
    match layer.activation {
        Activation::Relu => (2.0 / inputs).sqrt(),
        Activation::Tanh | Activation::Sigmoid | Activation::Linear => (2.0 / (inputs + outputs)).sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_spread_as_they_should_and_biases_are_zero() {
        for activation in [Activation::Relu, Activation::Tanh] {
            let architecture = Architecture { inputs: 40, hidden: vec![60, 50], outputs: 30, activation };
            let parameters = init(&architecture, 5);
            for layer in architecture.layers() {
                let (weights, biases) =
                    parameters[layer.start..][..layer.parameters()].split_at(layer.inputs * layer.outputs);
                let n = weights.len() as f64;
                let mean = weights.iter().map(|&w| f64::from(w)).sum::<f64>() / n;
                let square = weights.iter().map(|&w| f64::from(w).powi(2)).sum::<f64>() / n;
                // Errors of mean and variance: σ/√n and σ²√(2/n).
                let sigma = spread(layer);
                assert!(mean.abs() < 4.0 * sigma / n.sqrt());
                assert!((square / sigma.powi(2) - 1.0).abs() < 4.0 * (2.0 / n).sqrt());
                assert!(biases.iter().all(|&b| b == 0.0));
            }
        }
    }

    #[test]
    fn a_weight_depends_on_seed_and_layer() {
        let narrow = Architecture { inputs: 3, hidden: vec![4], outputs: 4, activation: Activation::Linear };
        let wide = Architecture { outputs: 5, ..narrow.clone() };
        assert_eq!(init(&narrow, 1), init(&narrow, 1));
        assert_ne!(init(&narrow, 1), init(&narrow, 2));
        assert_eq!(init(&narrow, 1)[..16], init(&wide, 1)[..16]);
        assert_ne!(init(&narrow, 1)[..12], init(&narrow, 1)[16..28]);
    }
}
