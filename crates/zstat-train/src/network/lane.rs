//! One tile of rows through all layers and back, in the memory of one thread.
//!
//! A tile's activations are matrices of [`TILE`] rows with a column of ones behind the units, so that a bias is the weight of
//! an input that is 1. In reverse, with p the derivative by a layer's values and q that by their tangents: p̄ = p f′ + q f″ dz
//! and q̄ = q f′ belong to the sums, aᵀp̄ + daᵀq̄ to the weights, and p̄ Wᵀ, q̄ Wᵀ to the values below.

use super::architecture::Layer;
use super::buffer::Buffer;
use super::packed::Packed;
use super::rows::Rows;
use crate::kernel::Activation;
use crate::kernel::{Finish, GRAIN, Isa, Left, Right, padded, product};

/// Rows of a tile: with 100 units a layer all its matrices stay in the second cache. A multiple of [`GRAIN`].
pub const TILE: usize = 96;

/// Memory of one thread.
#[derive(Debug, Default)]
pub struct Lane {
    /// Features and each layer's values.
    values: Vec<Buffer>,
    /// Their derivatives along the direction.
    tangents: Vec<Buffer>,
    /// Derivatives by a layer's sums, and by those of the layer below it.
    adjoints: [Buffer; 2],
    /// The same by the tangents of sums.
    tangent_adjoints: [Buffer; 2],
}

/// Length of a tile's rows for so many units.
fn stride(units: usize) -> usize {
    padded(units + 1)
}

impl Lane {
    /// Runs at most [`TILE`] rows, and adds to `gradient` if there are derivatives by the outputs.
    pub fn run(&mut self, isa: Isa, packed: &Packed, rows: &mut Rows<'_>, gradient: &mut [f64]) {
        let layers = packed.layers.as_slice();
        let (Some(first), Some(last)) = (layers.first(), layers.last()) else { return };
        let count = rows.x.len() / first.inputs;
        self.fit(layers, !rows.dx.is_empty(), !rows.d_out.is_empty());
        load(rows.x, first.inputs, &mut self.values[0]);
        mark(&mut self.values[0], first.inputs, count);
        self.forward(isa, packed, count);
        save(&self.values[layers.len()], last.outputs, rows.out);
        if !rows.dx.is_empty() {
            load(rows.dx, first.inputs, &mut self.tangents[0]);
            self.forward_tangents(isa, packed, count);
            save(&self.tangents[layers.len()], last.outputs, rows.dout);
        }
        if rows.d_out.is_empty() {
            return;
        }
        load(rows.d_out, last.outputs, &mut self.adjoints[0]);
        if rows.dx.is_empty() {
            self.backward(isa, packed, count, !rows.d_x.is_empty(), gradient);
            save(&self.adjoints[0], first.inputs, rows.d_x);
        } else {
            load(rows.d_dout, last.outputs, &mut self.tangent_adjoints[0]);
            self.backward_tangents(isa, packed, count, gradient);
        }
    }

    fn fit(&mut self, layers: &[Layer], tangents: bool, adjoints: bool) {
        let room = |units: usize| TILE * stride(units) + GRAIN;
        let Some(inputs) = layers.first().map(|layer| layer.inputs) else { return };
        let widths = std::iter::once(inputs).chain(layers.iter().map(|layer| layer.outputs));
        let widest = widths.clone().max().unwrap_or(inputs);
        self.values.resize_with(layers.len() + 1, Buffer::default);
        self.values.iter_mut().zip(widths.clone()).for_each(|(buffer, units)| buffer.fit(room(units)));
        if tangents {
            self.tangents.resize_with(layers.len() + 1, Buffer::default);
            self.tangents.iter_mut().zip(widths).for_each(|(buffer, units)| buffer.fit(room(units)));
        }
        if adjoints {
            self.adjoints.iter_mut().for_each(|buffer| buffer.fit(room(widest)));
        }
        if adjoints && tangents {
            self.tangent_adjoints.iter_mut().for_each(|buffer| buffer.fit(room(widest)));
        }
    }

    fn forward(&mut self, isa: Isa, packed: &Packed, count: usize) {
        for (l, (layer, weights)) in packed.layers.iter().zip(&packed.weights).enumerate() {
            let [values, next] = &mut self.values[l..l + 2] else { return };
            let right = Right { values: &weights.forward, stride: padded(layer.outputs) };
            let stride = stride(layer.outputs);
            let finish = Finish::Activate { activation: layer.activation, out: next, stride };
            product(
                isa,
                [count, layer.inputs + 1, layer.outputs],
                by_rows(values, layer.inputs),
                right,
                finish,
            );
            mark(next, layer.outputs, count);
        }
    }

    fn forward_tangents(&mut self, isa: Isa, packed: &Packed, count: usize) {
        for (l, (layer, weights)) in packed.layers.iter().zip(&packed.weights).enumerate() {
            let [tangents, next] = &mut self.tangents[l..l + 2] else { return };
            let right = Right { values: &weights.forward, stride: padded(layer.outputs) };
            let stride = stride(layer.outputs);
            let values = &self.values[l + 1];
            let finish = Finish::Slope { activation: layer.activation, values, out: next, stride };
            product(
                isa,
                [count, layer.inputs, layer.outputs],
                by_rows(tangents, layer.inputs),
                right,
                finish,
            );
        }
    }

    /// From `adjoints[0]`, by the outputs, down to `adjoints[0]`, by the features if they are wanted.
    fn backward(&mut self, isa: Isa, packed: &Packed, count: usize, to_features: bool, gradient: &mut [f64]) {
        for (l, (layer, weights)) in packed.layers.iter().zip(&packed.weights).enumerate().rev() {
            let sums = &mut gradient[layer.start..][..layer.parameters()];
            let shape = [layer.inputs + 1, count, layer.outputs];
            let [adjoints, below] = &mut self.adjoints;
            add(isa, shape, layer, &self.values[l], adjoints, sums);
            if l > 0 || to_features {
                let right = Right { values: &weights.backward, stride: padded(layer.inputs) };
                let (values, stride) = (&self.values[l], stride(layer.inputs));
                let finish =
                    Finish::Slope { activation: activation_below(packed, l), values, out: below, stride };
                let left = by_rows(adjoints, layer.outputs);
                product(isa, [count, layer.outputs, layer.inputs], left, right, finish);
            }
            self.adjoints.swap(0, 1);
        }
    }

    /// From `adjoints[0]` and `tangent_adjoints[0]`, by the outputs and their tangents.
    fn backward_tangents(&mut self, isa: Isa, packed: &Packed, count: usize, gradient: &mut [f64]) {
        for (l, (layer, weights)) in packed.layers.iter().zip(&packed.weights).enumerate().rev() {
            let sums = &mut gradient[layer.start..][..layer.parameters()];
            let shape = [layer.inputs + 1, count, layer.outputs];
            let [adjoints, below] = &mut self.adjoints;
            let [tangent_adjoints, tangents_below] = &mut self.tangent_adjoints;
            add(isa, shape, layer, &self.values[l], adjoints, sums);
            let weights_only = &mut sums[..layer.inputs * layer.outputs];
            let shape = [layer.inputs, count, layer.outputs];
            add(isa, shape, layer, &self.tangents[l], tangent_adjoints, weights_only);
            if l > 0 {
                let right = Right { values: &weights.backward, stride: padded(layer.inputs) };
                let (shape, stride) = ([count, layer.outputs, layer.inputs], stride(layer.inputs));
                let linear = Finish::Activate { activation: Activation::Linear, out: tangents_below, stride };
                product(isa, shape, by_rows(tangent_adjoints, layer.outputs), right, linear);
                let finish = Finish::Bend {
                    activation: activation_below(packed, l),
                    values: &self.values[l],
                    tangents: &self.tangents[l],
                    adjoints: tangents_below,
                    out: below,
                    stride,
                };
                product(isa, shape, by_rows(adjoints, layer.outputs), right, finish);
            }
            self.adjoints.swap(0, 1);
            self.tangent_adjoints.swap(0, 1);
        }
    }
}

/// What made the values that layer `l` takes in; features are as they are.
fn activation_below(packed: &Packed, l: usize) -> Activation {
    if l == 0 { Activation::Linear } else { packed.layers[l - 1].activation }
}

/// A tile of `units` a row as the left factor.
fn by_rows(values: &[f32], units: usize) -> Left<'_> {
    Left { values, row: stride(units), term: 1 }
}

/// Adds the product of a transposed tile and of another one to the derivatives by a layer's weights.
fn add(isa: Isa, shape: [usize; 3], layer: &Layer, values: &[f32], adjoints: &[f32], sums: &mut [f64]) {
    let left = Left { values, row: 1, term: stride(layer.inputs) };
    product(
        isa,
        shape,
        left,
        Right { values: adjoints, stride: stride(layer.outputs) },
        Finish::Add { sums },
    );
}

/// Copies rows of `width` into a tile.
fn load(from: &[f32], width: usize, tile: &mut [f32]) {
    let rows = from.chunks_exact(width).zip(tile.chunks_exact_mut(stride(width)));
    rows.for_each(|(from, row)| row[..width].copy_from_slice(from));
}

/// Copies rows of `width` out of a tile, as many as are wanted.
fn save(tile: &[f32], width: usize, into: &mut [f32]) {
    let rows = into.chunks_exact_mut(width).zip(tile.chunks_exact(stride(width)));
    rows.for_each(|(into, row)| into.copy_from_slice(&row[..width]));
}

/// Sets the column of ones behind the units.
fn mark(tile: &mut [f32], units: usize, count: usize) {
    tile.chunks_exact_mut(stride(units)).take(count).for_each(|row| row[units] = 1.0);
}
