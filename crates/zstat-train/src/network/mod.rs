//! Fully connected networks of small width: values, derivatives along directions of the features (tangents), and derivatives
//! of both by the parameters.
//!
//! In: rows of features, f32, row-major; out: rows of outputs, f32, and gradients, f64. Products and activations are computed
//! in f32; a gradient is summed in f32 over the rows of a tile and in f64 over tiles. Networks with few parameters go another
//! way than others (rows beside each other in vectors, not units), with the same results but for last digits. Events, losses and optimisers are not
//! known here. With the same CPU features results are the same to the bit, whatever the number of threads: calls use those
//! of the rayon pool they are made in.
//!
//! Reverse mode: D. Rumelhart, G. Hinton, R. Williams, Nature 323 (1986) 533; with tangents: B. Pearlmutter, Neural
//! Computation 6 (1994) 147.

mod architecture;
mod buffer;
mod init;
mod lane;
mod narrow;
mod packed;
mod rows;
mod workspace;

pub use architecture::{Architecture, Layer, LayerName, NetworkError};
pub use workspace::Workspace;

pub use crate::kernel::Activation;

use rows::Rows;

/// An architecture and its parameters.
///
/// Parameters are one flat list, layer after layer: the weights, row-major with a row for each number that comes in and a
/// column for each that goes out, then the biases. [`Architecture::layers`] says where a layer starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    architecture: Architecture,
    parameters: Vec<f32>,
}

impl Network {
    /// A network with given parameters.
    ///
    /// # Errors
    /// Where a layer has no units, or the number of parameters is not the architecture's.
    pub fn new(architecture: Architecture, parameters: Vec<f32>) -> Result<Self, NetworkError> {
        architecture.check()?;
        let (expected, found) = (architecture.parameters(), parameters.len());
        if expected != found {
            return Err(NetworkError::Parameters { expected, found });
        }
        Ok(Self { architecture, parameters })
    }

    /// A network with random weights and biases of zero, a function of the seed alone: normal weights with variance 2 / inputs
    /// before a ReLU (He) and 2 / (inputs + outputs) elsewhere (Glorot).
    ///
    /// # Errors
    /// Where a layer has no units.
    pub fn init(architecture: Architecture, seed: u64) -> Result<Self, NetworkError> {
        architecture.check()?;
        let parameters = init::init(&architecture, seed);
        Ok(Self { architecture, parameters })
    }

    /// Widths and activation.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// All weights and biases.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// All weights and biases, to change them.
    pub fn parameters_mut(&mut self) -> &mut [f32] {
        &mut self.parameters
    }

    /// Overwrites `out`, rows × outputs, with the outputs for `x`, rows × inputs.
    ///
    /// # Panics
    /// If `x` is not made of whole rows or `out` has not as many.
    pub fn forward(&self, x: &[f32], out: &mut [f32], workspace: &mut Workspace) {
        self.check(x, [], [out.len()], None);
        workspace.run(self, Rows { x, out, ..Rows::default() }, &mut []);
    }

    /// Overwrites `gradient` with the derivatives of Σ `d_out` · out by the parameters: `x` is rows × inputs, `d_out` rows ×
    /// outputs. The outputs are computed anew.
    ///
    /// # Panics
    /// If `x` is not made of whole rows, `d_out` has not as many, or `gradient` is not as long as the parameters.
    pub fn backward(&self, x: &[f32], d_out: &[f32], gradient: &mut [f64], workspace: &mut Workspace) {
        self.check(x, [], [d_out.len()], Some(gradient));
        workspace.run(self, Rows { x, d_out, ..Rows::default() }, gradient);
    }

    /// As [`backward`](Self::backward), and overwrites `d_x`, rows × inputs, with the derivatives by the features.
    ///
    /// # Panics
    /// As `backward`, and if `d_x` is not as long as `x`.
    pub fn backward_inputs(
        &self,
        x: &[f32],
        d_out: &[f32],
        gradient: &mut [f64],
        d_x: &mut [f32],
        workspace: &mut Workspace,
    ) {
        self.check(x, [d_x.len()], [d_out.len()], Some(gradient));
        workspace.run(self, Rows { x, d_out, d_x, ..Rows::default() }, gradient);
    }

    /// Overwrites `out` with the outputs for `x` and `dout` with their derivatives along the directions `dx`, a row of which
    /// belongs to a row of `x`: ∂out/∂x · dx. Shapes: `x` and `dx` are rows × inputs, `out` and `dout` rows × outputs.
    ///
    /// # Panics
    /// If `x` is not made of whole rows or a slice has not as many.
    pub fn forward_tangent(
        &self,
        x: &[f32],
        dx: &[f32],
        out: &mut [f32],
        dout: &mut [f32],
        workspace: &mut Workspace,
    ) {
        self.check(x, [dx.len()], [out.len(), dout.len()], None);
        workspace.run(self, Rows { x, dx, out, dout, ..Rows::default() }, &mut []);
    }

    /// Overwrites `gradient` with the derivatives of Σ (`d_out` · out + `d_dout` · dout) by the parameters, where out and dout
    /// are what [`forward_tangent`](Self::forward_tangent) gives; they are computed anew. Shapes: `x` and `dx` are rows ×
    /// inputs, `d_out` and `d_dout` rows × outputs. The second derivative of a ReLU counts as 0 everywhere.
    ///
    /// # Panics
    /// If `x` is not made of whole rows, a slice has not as many, or `gradient` is not as long as the parameters.
    pub fn backward_tangent(
        &self,
        x: &[f32],
        dx: &[f32],
        d_out: &[f32],
        d_dout: &[f32],
        gradient: &mut [f64],
        workspace: &mut Workspace,
    ) {
        self.check(x, [dx.len()], [d_out.len(), d_dout.len()], Some(gradient));
        workspace.run(self, Rows { x, dx, d_out, d_dout, ..Rows::default() }, gradient);
    }

    fn check<const I: usize, const O: usize>(
        &self,
        x: &[f32],
        features: [usize; I],
        outputs: [usize; O],
        gradient: Option<&mut [f64]>,
    ) {
        let rows = x.len() / self.architecture.inputs;
        assert_eq!(x.len(), rows * self.architecture.inputs, "features of whole rows");
        features.iter().for_each(|&length| assert_eq!(length, x.len(), "as many numbers as features"));
        let expected = rows * self.architecture.outputs;
        outputs.iter().for_each(|&length| assert_eq!(length, expected, "rows × outputs"));
        if let Some(gradient) = gradient {
            assert_eq!(gradient.len(), self.parameters.len(), "derivatives by all parameters");
        }
    }
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
