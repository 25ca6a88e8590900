//! `identity`: columns passed on as they are, for cuts and bin edges that are learnt on a given variable. Nothing is learnt here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::plugin::Plugin;
use zstat_core::scorer::{Scorer, ScorerError, ScorerKind, Tensor};
use zstat_core::text::nearest;

use crate::options;

/// Name in specs.
const NAME: &str = "identity";

/// Options of `identity`. Without any, all features are passed on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IdentityOptions {
    /// The column that is the score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Instead of `column`: those that are the scores, in their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub columns: Option<Vec<String>>,
}

/// The kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Its options.
    pub options: IdentityOptions,
}

inventory::submit! {
    Plugin::<dyn ScorerKind> {
        name: NAME,
        summary: "columns as they are, for cuts and edges that are learnt",
        package: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        schema: || schemars::schema_for!(IdentityOptions),
        build: |options| {
            let options = options::read("scorer", NAME, options, IdentityOptions::check)?;
            Ok(Box::new(Identity { options }))
        },
    }
}

impl IdentityOptions {
    fn check(&self) -> Result<(), String> {
        if self.column.is_some() && self.columns.is_some() {
            return Err("`column` and `columns` say the same; keep one of them".to_owned());
        }
        let columns = self.columns.as_deref();
        if columns.is_some_and(<[String]>::is_empty) {
            return Err("`columns` must name at least one column".to_owned());
        }
        let columns = columns.unwrap_or_default();
        match columns.iter().enumerate().find(|(i, name)| columns[..*i].contains(name)) {
            Some((_, name)) => Err(format!("`columns` names `{name}` twice")),
            None => Ok(()),
        }
    }

    /// The columns that are named.
    fn named(&self) -> Option<&[String]> {
        self.columns.as_deref().or(self.column.as_ref().map(std::slice::from_ref))
    }
}

impl ScorerKind for Identity {
    fn make(&self, features: &[String], outputs: usize, _: u64) -> Result<Box<dyn Scorer>, ScorerError> {
        let scorer = NAME;
        for (count, what) in [(features.len(), "a feature"), (outputs, "an output")] {
            if count == 0 {
                return Err(ScorerError::Nothing { scorer, what });
            }
        }
        let named = self.options.named();
        if named.is_none() && features.len() != outputs {
            let option = if outputs == 1 { "column" } else { "columns" };
            return Err(ScorerError::Ambiguous { scorer, outputs, known: features.to_vec(), option });
        }
        let columns = named.unwrap_or(features);
        let place = |name: &String| {
            features.iter().position(|feature| feature == name).ok_or_else(|| ScorerError::UnknownColumn {
                scorer,
                name: name.clone(),
                nearest: nearest(name, features.iter().map(String::as_str)).map(str::to_owned),
                known: features.to_vec(),
            })
        };
        let places = columns.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        if places.len() != outputs {
            return Err(ScorerError::Outputs { scorer, needed: outputs, columns: columns.to_vec() });
        }
        Ok(Box::new(Selection { inputs: features.len(), places }))
    }
}

/// Some of the columns.
struct Selection {
    /// Columns there are.
    inputs: usize,
    /// Those that are passed on.
    places: Vec<usize>,
}

impl Scorer for Selection {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn outputs(&self) -> usize {
        self.places.len()
    }

    fn parameters(&self) -> &[f32] {
        &[]
    }

    fn parameters_mut(&mut self) -> &mut [f32] {
        &mut []
    }

    fn tensors(&self) -> Vec<Tensor> {
        Vec::new()
    }

    fn forward(&mut self, x: &[f32], out: &mut [f32]) {
        let rows = x.len() / self.inputs;
        assert_eq!(x.len(), rows * self.inputs, "features of whole rows");
        assert_eq!(out.len(), rows * self.places.len(), "rows × outputs");
        for (x, out) in x.chunks_exact(self.inputs).zip(out.chunks_exact_mut(self.places.len())) {
            out.iter_mut().zip(&self.places).for_each(|(out, place)| *out = x[*place]);
        }
    }

    fn backward(&mut self, _: &[f32], _: &[f32], gradient: &mut [f64]) {
        assert!(gradient.is_empty(), "derivatives by all parameters");
    }
}
