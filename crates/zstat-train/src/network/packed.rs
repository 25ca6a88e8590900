//! The weights of a network as the kernels like them: rows padded to whole vectors, and transposed for the way back.

use super::architecture::{Architecture, Layer};
use super::buffer::Buffer;
use crate::kernel::padded;

/// One layer's weights.
#[derive(Debug, Default)]
pub struct PackedLayer {
    /// (inputs + 1) × outputs: the last row is the bias.
    pub forward: Buffer,
    /// outputs × inputs.
    pub backward: Buffer,
}

/// All layers' weights.
#[derive(Debug, Default)]
pub struct Packed {
    /// Widths and places of the layers.
    pub layers: Vec<Layer>,
    /// The weights of each.
    pub weights: Vec<PackedLayer>,
}

impl Packed {
    /// Copies the parameters of a network; none but the layers unless `weights`, and the transposed ones if there is a
    /// way back.
    pub fn fill(&mut self, architecture: &Architecture, parameters: &[f32], weights: bool, way_back: bool) {
        self.layers.clear();
        self.layers.extend(architecture.layers());
        if !weights {
            return;
        }
        self.weights.resize_with(self.layers.len(), PackedLayer::default);
        for (layer, packed) in self.layers.iter().zip(&mut self.weights) {
            let from = &parameters[layer.start..][..layer.parameters()];
            pad(from, layer.outputs, &mut packed.forward);
            if way_back {
                transpose(&from[..layer.inputs * layer.outputs], *layer, &mut packed.backward);
            }
        }
    }
}

fn pad(from: &[f32], width: usize, into: &mut Buffer) {
    let stride = padded(width);
    into.fit(from.len() / width * stride);
    for (from, into) in from.chunks_exact(width).zip(into.chunks_exact_mut(stride)) {
        into[..width].copy_from_slice(from);
        into[width..].fill(0.0);
    }
}

fn transpose(from: &[f32], layer: Layer, into: &mut Buffer) {
    let stride = padded(layer.inputs);
    into.fit(layer.outputs * stride);
    for (j, row) in into.chunks_exact_mut(stride).enumerate() {
        let column = from[j..].iter().step_by(layer.outputs);
        row[..layer.inputs].iter_mut().zip(column).for_each(|(into, from)| *into = *from);
        row[layer.inputs..].fill(0.0);
    }
}
