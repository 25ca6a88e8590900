//! A network of this crate as a scorer.

use zstat_core::scorer::{Scorer, ScorerError, Tensor};

use crate::network::{Architecture, Layer, LayerName, Network, NetworkError, Workspace};

/// More parameters than this are refused: gradients of several pieces of a batch are in memory at once, at 8 bytes a number.
pub const MOST_PARAMETERS: u128 = 1 << 24;

/// A network and the memory that its calls need.
#[derive(Debug)]
pub struct NetworkScorer {
    network: Network,
    workspace: Workspace,
}

impl NetworkScorer {
    /// A network with random weights for the kind called `scorer`.
    pub(super) fn init(
        scorer: &'static str,
        architecture: Architecture,
        seed: u64,
    ) -> Result<Self, ScorerError> {
        let refused = |error| match error {
            NetworkError::Empty { layer: LayerName::Hidden(layer) } => ScorerError::NoUnits { scorer, layer },
            NetworkError::Empty { layer: LayerName::Outputs } => {
                ScorerError::Nothing { scorer, what: "an output" }
            }
            _ => ScorerError::Nothing { scorer, what: "a feature" },
        };
        architecture.check().map_err(refused)?;
        let parameters = size(&architecture);
        if parameters > MOST_PARAMETERS {
            return Err(ScorerError::TooLarge { scorer, parameters, most: MOST_PARAMETERS });
        }
        Ok(Network::init(architecture, seed).map_err(refused)?.into())
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }
}

impl From<Network> for NetworkScorer {
    fn from(network: Network) -> Self {
        Self { network, workspace: Workspace::default() }
    }
}

/// Number of parameters, before there is a network for which it is a `usize`.
fn size(architecture: &Architecture) -> u128 {
    let mut inputs = architecture.inputs as u128;
    let units = architecture.hidden.iter().chain([&architecture.outputs]);
    let layers = units.map(|&units| {
        let parameters = (inputs + 1).saturating_mul(units as u128);
        inputs = units as u128;
        parameters
    });
    layers.fold(0, u128::saturating_add)
}

impl Scorer for NetworkScorer {
    fn inputs(&self) -> usize {
        self.network.architecture().inputs
    }

    fn outputs(&self) -> usize {
        self.network.architecture().outputs
    }

    fn parameters(&self) -> &[f32] {
        self.network.parameters()
    }

    fn parameters_mut(&mut self) -> &mut [f32] {
        self.network.parameters_mut()
    }

    /// `layers.0.weight`, `layers.0.bias`, `layers.1.weight`, … A weight has the shape [inputs, outputs]: out = x · weight + bias.
    /// The linear layers of PyTorch have the transposed one.
    fn tensors(&self) -> Vec<Tensor> {
        let layers = self.network.architecture().layers().enumerate();
        layers.flat_map(|(number, layer)| tensors(number, layer)).collect()
    }

    fn forward(&mut self, x: &[f32], out: &mut [f32]) {
        self.network.forward(x, out, &mut self.workspace);
    }

    fn backward(&mut self, x: &[f32], d_out: &[f32], gradient: &mut [f64]) {
        self.network.backward(x, d_out, gradient, &mut self.workspace);
    }
}

fn tensors(number: usize, layer: Layer) -> [Tensor; 2] {
    let biases = layer.start + layer.inputs * layer.outputs;
    [
        Tensor {
            name: format!("layers.{number}.weight"),
            shape: vec![layer.inputs, layer.outputs],
            range: layer.start..biases,
        },
        Tensor {
            name: format!("layers.{number}.bias"),
            shape: vec![layer.outputs],
            range: biases..biases + layer.outputs,
        },
    ]
}
