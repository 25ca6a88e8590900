//! Networks with few parameters: rows side by side in vector registers, so that narrow layers leave no lane idle.
//!
//! In: a tile of rows and the flat parameters; out: as for [`Lane`](super::lane::Lane), whose formulas these are. A block of
//! rows goes through all layers and back at a time, transposed: units × rows. Derivatives by parameters are summed in f32 over
//! the rows of a block and in f64 over blocks. The length of a line is left to run time on purpose: compilers unroll short
//! loops of fixed length, and then look for vectors across lines.

use super::architecture::{Architecture, Layer};
use super::buffer::Buffer;
use super::lane::TILE;
use super::rows::Rows;
use crate::kernel::Activation;
use crate::kernel::activation::{bend, relu, sigmoid, slope, tanh};
use crate::kernel::{Isa, LANES, Left, Lines, Task, Weighted, vectorised};

/// Rows of a tile: as many as the smallest chunk has.
pub const NARROW_TILE: usize = 4 * TILE;
/// Rows of a block, at most.
const ROWS: usize = 128;
/// With more parameters the products of a [`Lane`](super::lane::Lane) are faster.
const FEW: usize = 600;

/// Is this the way for such a network?
pub fn is_narrow(architecture: &Architecture) -> bool {
    architecture.parameters() <= FEW
}

/// Memory of one thread; matrices of units × rows of a block.
#[derive(Debug, Default)]
pub struct Narrow {
    /// Features and all layers' values.
    values: Buffer,
    /// Their derivatives along the direction.
    tangents: Buffer,
    /// Derivatives by a layer's sums, and by those of the layer below it.
    adjoints: [Buffer; 2],
    /// The same by the tangents of sums.
    tangent_adjoints: [Buffer; 2],
    /// One row of ones: a bias is the weight of an input that is 1.
    ones: Buffer,
}

impl Narrow {
    /// Runs at most [`NARROW_TILE`] rows, and adds to `gradient` if there are derivatives by the outputs.
    pub fn run(
        &mut self,
        isa: Isa,
        layers: &[Layer],
        parameters: &[f32],
        rows: &mut Rows<'_>,
        gradient: &mut [f64],
    ) {
        let Some(inputs) = layers.first().map(|layer| layer.inputs) else { return };
        let width = (rows.x.len() / inputs).next_multiple_of(LANES).min(ROWS);
        let widths = layers.iter().map(|layer| layer.outputs).chain([inputs]);
        let (units, widest) = (widths.clone().sum::<usize>(), widths.max().unwrap_or(inputs));
        self.values.fit(units * width);
        self.tangents.fit(units * width);
        self.ones.fit(width);
        self.ones.fill(1.0);
        self.adjoints.iter_mut().chain(&mut self.tangent_adjoints).for_each(|room| room.fit(widest * width));
        vectorised(isa, Pass { memory: self, layers, parameters, rows, gradient, width });
    }
}

/// A tile on its way.
struct Pass<'a, 'b> {
    memory: &'a mut Narrow,
    layers: &'a [Layer],
    parameters: &'a [f32],
    rows: &'a mut Rows<'b>,
    gradient: &'a mut [f64],
    /// Rows of a block: a multiple of [`LANES`].
    width: usize,
}

impl Task for Pass<'_, '_> {
    #[inline(always)]
    fn run<const FUSED: bool>(mut self, lines: impl Lines) {
        let (Some(first), Some(last)) = (self.layers.first(), self.layers.last()) else { return };
        while !self.rows.x.is_empty() {
            let block = self.rows.take(self.width, first.inputs, last.outputs);
            self.block(block, first.inputs, last.outputs, &lines);
        }
    }
}

impl Pass<'_, '_> {
    #[inline(always)]
    fn block(&mut self, rows: Rows<'_>, inputs: usize, outputs: usize, lines: &impl Lines) {
        let width = self.width;
        let top = self.memory.values.len() - outputs * width;
        let tangents = !rows.dx.is_empty();
        load(rows.x, &mut self.memory.values[..inputs * width], width);
        if tangents {
            load(rows.dx, &mut self.memory.tangents[..inputs * width], width);
        }
        self.forward(tangents, lines);
        save(&self.memory.values[top..], rows.out, width);
        if tangents {
            save(&self.memory.tangents[top..], rows.dout, width);
        }
        if rows.d_out.is_empty() {
            return;
        }
        load(rows.d_out, &mut self.memory.adjoints[0][..outputs * width], width);
        if tangents {
            load(rows.d_dout, &mut self.memory.tangent_adjoints[0][..outputs * width], width);
            self.backward_tangents(top, lines);
        } else {
            self.backward(top, !rows.d_x.is_empty(), lines);
            save(&self.memory.adjoints[0][..inputs * width], rows.d_x, width);
        }
    }

    #[inline(always)]
    fn forward(&mut self, with_tangents: bool, lines: &impl Lines) {
        let (width, mut at) = (self.width, 0);
        for layer in self.layers {
            let theta = &self.parameters[layer.start..][..layer.parameters()];
            let (weights, biases) = theta.split_at(layer.inputs * layer.outputs);
            let (below, above) = self.memory.values[at..].split_at_mut(layer.inputs * width);
            let values = &mut above[..layer.outputs * width];
            for (line, bias) in values.chunks_exact_mut(width).zip(biases) {
                line.fill(*bias);
            }
            let weights = Left { values: weights, row: 1, term: layer.outputs };
            lines.add(Weighted { weights, lines: below, sums: values, width });
            activate(layer.activation, values);
            if with_tangents {
                let (below, above) = self.memory.tangents[at..].split_at_mut(layer.inputs * width);
                let tangents = &mut above[..layer.outputs * width];
                tangents.fill(0.0);
                lines.add(Weighted { weights, lines: below, sums: tangents, width });
                chain(layer.activation, values, tangents);
            }
            at += layer.inputs * width;
        }
    }

    /// From `adjoints[0]`, by the outputs, down to `adjoints[0]`, by the features if they are wanted.
    #[inline(always)]
    fn backward(&mut self, top: usize, to_features: bool, lines: &impl Lines) {
        let (width, mut at) = (self.width, top);
        let Narrow { values, adjoints: [adjoints, next], ones, .. } = &mut *self.memory;
        for (l, layer) in self.layers.iter().enumerate().rev() {
            at -= layer.inputs * width;
            let values = &values[at..][..layer.inputs * width];
            let above = &adjoints[..layer.outputs * width];
            let sums = &mut self.gradient[layer.start..][..layer.parameters()];
            let (weights, biases) = sums.split_at_mut(layer.inputs * layer.outputs);
            add_products(values, above, weights, width, lines);
            add_products(ones, above, biases, width, lines);
            if l > 0 || to_features {
                let below = &mut next[..layer.inputs * width];
                below.fill(0.0);
                let weights = Left { values: &self.parameters[layer.start..], row: layer.outputs, term: 1 };
                lines.add(Weighted { weights, lines: above, sums: below, width });
                chain(activation_below(self.layers, l), values, below);
            }
            std::mem::swap(adjoints, next);
        }
    }

    /// From `adjoints[0]` and `tangent_adjoints[0]`, by the outputs and their tangents.
    #[inline(always)]
    fn backward_tangents(&mut self, top: usize, lines: &impl Lines) {
        let (width, mut at) = (self.width, top);
        let Narrow { values, tangents, adjoints: [p, p_next], tangent_adjoints: [q, q_next], ones } =
            &mut *self.memory;
        for (l, layer) in self.layers.iter().enumerate().rev() {
            let (inputs, outputs) = (layer.inputs * width, layer.outputs * width);
            at -= inputs;
            let (values, tangents) = (&values[at..][..inputs], &tangents[at..][..inputs]);
            let (p_above, q_above) = (&p[..outputs], &q[..outputs]);
            let sums = &mut self.gradient[layer.start..][..layer.parameters()];
            let (weights, biases) = sums.split_at_mut(layer.inputs * layer.outputs);
            add_products(values, p_above, weights, width, lines);
            add_products(tangents, q_above, weights, width, lines);
            add_products(ones, p_above, biases, width, lines);
            if l > 0 {
                let weights = Left { values: &self.parameters[layer.start..], row: layer.outputs, term: 1 };
                let (p_below, q_below) = (&mut p_next[..inputs], &mut q_next[..inputs]);
                p_below.fill(0.0);
                q_below.fill(0.0);
                lines.add(Weighted { weights, lines: p_above, sums: p_below, width });
                lines.add(Weighted { weights, lines: q_above, sums: q_below, width });
                curve(activation_below(self.layers, l), [values, tangents], p_below, q_below);
            }
            std::mem::swap(p, p_next);
            std::mem::swap(q, q_next);
        }
    }
}

/// What made the values that layer `l` takes in; features are as they are.
#[inline(always)]
fn activation_below(layers: &[Layer], l: usize) -> Activation {
    if l == 0 { Activation::Linear } else { layers[l - 1].activation }
}

/// Row-major numbers into lines; places without a row are 0.
#[inline(always)]
fn load(from: &[f32], into: &mut [f32], width: usize) {
    let units = into.len() / width;
    if units == 1 {
        into[..from.len()].copy_from_slice(from);
        return into[from.len()..].fill(0.0);
    }
    let rows = from.len() / units;
    for (unit, line) in into.chunks_exact_mut(width).enumerate() {
        for (row, value) in line[..rows].iter_mut().enumerate() {
            *value = from[row * units + unit];
        }
        line[rows..].fill(0.0);
    }
}

/// Lines into row-major numbers, as many as are wanted.
#[inline(always)]
fn save(from: &[f32], into: &mut [f32], width: usize) {
    let units = from.len() / width;
    if units == 1 {
        return into.copy_from_slice(&from[..into.len()]);
    }
    let rows = into.len() / units;
    for (unit, line) in from.chunks_exact(width).enumerate() {
        for (row, value) in line[..rows].iter().enumerate() {
            into[row * units + unit] = *value;
        }
    }
}

/// sums_ij += Σ a_i p_j.
#[inline(always)]
fn add_products(values: &[f32], adjoints: &[f32], sums: &mut [f64], width: usize, lines: &impl Lines) {
    let rows = sums.chunks_exact_mut(adjoints.len() / width);
    for (a, sums) in values.chunks_exact(width).zip(rows) {
        let (fours, rest) = sums.as_chunks_mut::<4>();
        let by_four = adjoints.chunks_exact(4 * width);
        let others = by_four.remainder().chunks_exact(width);
        for (four, sums) in by_four.zip(fours) {
            let (ab, cd) = four.split_at(2 * width);
            let ((p, q), (r, s)) = (ab.split_at(width), cd.split_at(width));
            let found = lines.four(a, [p, q, r, s]);
            sums.iter_mut().zip(found).for_each(|(sum, product)| *sum += f64::from(product));
        }
        for (p, sum) in others.zip(rest) {
            *sum += f64::from(lines.dot(a, p));
        }
    }
}

#[inline(always)]
fn activate(activation: Activation, sums: &mut [f32]) {
    match activation {
        Activation::Relu => map(sums, relu),
        Activation::Tanh => map(sums, tanh),
        Activation::Sigmoid => map(sums, sigmoid),
        Activation::Linear => {}
    }
}

#[inline(always)]
fn map(all: &mut [f32], f: impl Fn(f32) -> f32) {
    for value in all {
        *value = f(*value);
    }
}

/// p = p f′.
#[inline(always)]
fn chain(activation: Activation, values: &[f32], p: &mut [f32]) {
    if activation == Activation::Linear {
        return;
    }
    for (p, a) in p.iter_mut().zip(values) {
        *p *= slope(activation, *a);
    }
}

/// p = p f′ + q f″ dz and q = q f′.
#[inline(always)]
fn curve(activation: Activation, [values, tangents]: [&[f32]; 2], p: &mut [f32], q: &mut [f32]) {
    if activation == Activation::Linear {
        return;
    }
    for (((p, q), a), da) in p.iter_mut().zip(q).zip(values).zip(tangents) {
        let (first, second) = (slope(activation, *a), bend(activation, *a));
        *p = *p * first + *q * second * da;
        *q *= first;
    }
}
