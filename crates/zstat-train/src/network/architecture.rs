//! The shape of a network: widths, activation, and where each layer's parameters are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::Activation;

/// Widths and activation of a network whose layers are connected one after the other. Its outputs are weighted sums without
/// activation; without hidden layers it is a linear model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// Features of an event.
    pub inputs: usize,
    /// Units of each hidden layer, from the inputs on.
    #[serde(default)]
    pub hidden: Vec<usize>,
    /// Numbers that come out.
    pub outputs: usize,
    /// Of all hidden layers.
    #[serde(default)]
    pub activation: Activation,
}

/// One layer and its place among the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    /// Numbers that come in.
    pub inputs: usize,
    /// Numbers that go out.
    pub outputs: usize,
    /// Index of the first parameter: `inputs` × `outputs` weights, row-major, then `outputs` biases.
    pub start: usize,
    /// What follows the sum.
    pub activation: Activation,
}

impl Layer {
    /// Number of weights and biases.
    pub fn parameters(self) -> usize {
        (self.inputs + 1) * self.outputs
    }
}

/// Why there is no network with an architecture, or none with the parameters that were given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// A layer without units.
    #[error("{layer} of a network has no units; give it 1 at least")]
    Empty {
        /// Inputs, outputs or a hidden layer.
        layer: LayerName,
    },
    /// Too few or too many parameters.
    #[error("a network of this architecture has {expected} parameters, found {found}")]
    Parameters {
        /// By the architecture.
        expected: usize,
        /// That were given.
        found: usize,
    },
}

/// What a message calls a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerName {
    /// The features.
    Inputs,
    /// A hidden layer, counted from 0.
    Hidden(usize),
    /// The last layer.
    Outputs,
}

impl std::fmt::Display for LayerName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Inputs => write!(f, "the input layer"),
            Self::Hidden(i) => write!(f, "hidden layer {i}"),
            Self::Outputs => write!(f, "the output layer"),
        }
    }
}

impl Architecture {
    /// The layers from the inputs to the outputs; the last one is linear.
    pub fn layers(&self) -> impl Iterator<Item = Layer> + '_ {
        let mut start = 0;
        (0..=self.hidden.len()).map(move |l| {
            let inputs = if l == 0 { self.inputs } else { self.hidden[l - 1] };
            let (outputs, activation) = match self.hidden.get(l) {
                Some(&units) => (units, self.activation),
                None => (self.outputs, Activation::Linear),
            };
            let layer = Layer { inputs, outputs, start, activation };
            start += layer.parameters();
            layer
        })
    }

    /// Number of all weights and biases.
    pub fn parameters(&self) -> usize {
        self.layers().map(Layer::parameters).sum()
    }

    /// Is every layer wide enough to be one?
    ///
    /// # Errors
    /// Where a layer has no units.
    pub fn check(&self) -> Result<(), NetworkError> {
        let hidden = self.hidden.iter().enumerate().map(|(i, &units)| (LayerName::Hidden(i), units));
        let ends = [(LayerName::Inputs, self.inputs), (LayerName::Outputs, self.outputs)];
        match ends.into_iter().chain(hidden).find(|&(_, units)| units == 0) {
            Some((layer, _)) => Err(NetworkError::Empty { layer }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_follow_each_other_without_gaps() {
        let architecture =
            Architecture { inputs: 3, hidden: vec![5, 4], outputs: 2, activation: Activation::Tanh };
        let layers: Vec<Layer> = architecture.layers().collect();
        let shapes: Vec<_> = layers.iter().map(|l| (l.inputs, l.outputs, l.start, l.activation)).collect();
        assert_eq!(
            shapes,
            [(3, 5, 0, Activation::Tanh), (5, 4, 20, Activation::Tanh), (4, 2, 44, Activation::Linear)]
        );
        assert_eq!(architecture.parameters(), 54);
    }

    #[test]
    fn options_have_names_and_defaults() {
        let read = |text| serde_json::from_str::<Architecture>(text);
        let linear = read(r#"{"inputs": 2, "outputs": 1}"#).unwrap();
        assert_eq!(
            linear,
            Architecture { inputs: 2, hidden: vec![], outputs: 1, activation: Activation::Relu }
        );
        let named = read(r#"{"inputs": 2, "hidden": [7], "outputs": 1, "activation": "sigmoid"}"#).unwrap();
        assert_eq!((named.hidden, named.activation), (vec![7], Activation::Sigmoid));
        assert!(read(r#"{"inputs": 2, "outputs": 1, "dropout": 0.5}"#).is_err());
    }

    #[test]
    fn layers_without_units_are_refused() {
        let empty = Architecture { inputs: 1, hidden: vec![3, 0], outputs: 1, ..linear() };
        assert_eq!(empty.check(), Err(NetworkError::Empty { layer: LayerName::Hidden(1) }));
        let message = empty.check().unwrap_err().to_string();
        assert_eq!(message, "hidden layer 1 of a network has no units; give it 1 at least");
        assert_eq!(linear().check(), Ok(()));
    }

    fn linear() -> Architecture {
        Architecture { inputs: 1, hidden: Vec::new(), outputs: 1, activation: Activation::Linear }
    }
}
