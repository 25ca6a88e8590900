//! Gradients that are too long are made shorter before a step.
//!
//! Source: R. Pascanu, T. Mikolov, Y. Bengio, arXiv:1211.5063, algorithm 1 (by norm).

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::options::{Domain, DomainFault};

/// Where gradients are cut; nowhere by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, remote = "Self")]
pub struct Clip {
    /// The longest gradient, over all parameters together: a longer one keeps its direction.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub norm: Option<f64>,
    /// The largest component, of either sign; before the norm is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub value: Option<f64>,
}

impl Clip {
    /// Cuts one gradient that is in several pieces. Gives back its length as it came: one that is not finite has not been, and
    /// no step should be made.
    pub fn apply(&self, gradients: &mut [&mut [f64]]) -> f64 {
        let before = norm(gradients);
        if !before.is_finite() {
            return before;
        }
        if let Some(most) = self.value {
            for component in gradients.iter_mut().flat_map(|piece| piece.iter_mut()) {
                *component = component.clamp(-most, most);
            }
        }
        if let Some(most) = self.norm {
            let length = if self.value.is_some() { norm(gradients) } else { before };
            if length > most {
                let factor = most / length;
                for component in gradients.iter_mut().flat_map(|piece| piece.iter_mut()) {
                    *component *= factor;
                }
            }
        }
        before
    }

    fn check(&self) -> Result<(), DomainFault> {
        let given = [("norm", self.norm), ("value", self.value)];
        given
            .into_iter()
            .try_for_each(|(name, most)| most.map_or(Ok(()), |most| Domain::Positive.check(name, most)))
    }
}

/// Length in all pieces together, whatever the size of the numbers.
fn norm(gradients: &[&mut [f64]]) -> f64 {
    let plain: f64 = gradients.iter().map(|piece| squares(piece)).sum();
    if (1e-200..1e300).contains(&plain) {
        return plain.sqrt();
    }
    // Squares of numbers below 1 do not overflow.
    let components = || gradients.iter().flat_map(|piece| piece.iter());
    let largest = components().fold(0.0, |largest: f64, g| largest.max(g.abs()));
    // A maximum ignores NaN, but the sum does not.
    let unit = if largest > 0.0 { largest } else { 1.0 };
    unit * components().map(|g| (g / unit) * (g / unit)).sum::<f64>().sqrt()
}

/// Σ g², in sums that do not wait for each other.
fn squares(piece: &[f64]) -> f64 {
    let (eights, rest) = piece.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for eight in eights {
        sums.iter_mut().zip(eight).for_each(|(sum, g)| *sum += g * g);
    }
    sums.iter().sum::<f64>() + rest.iter().map(|g| g * g).sum::<f64>()
}

impl<'de> Deserialize<'de> for Clip {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let clip = Self::deserialize(deserializer)?;
        clip.check().map_err(D::Error::custom)?;
        Ok(clip)
    }
}

impl Serialize for Clip {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_gradient_keeps_its_direction() {
        let (mut network, mut edges) = ([3.0, 0.0], [-4.0]);
        let clip = Clip { norm: Some(1.0), value: None };
        assert_eq!(clip.apply(&mut [&mut network, &mut edges]), 5.0);
        assert!((network[0] - 0.6).abs() < 1e-15 && network[1] == 0.0 && (edges[0] + 0.8).abs() < 1e-15);
        // A short one stays.
        let mut short = [0.3, 0.4];
        assert_eq!(clip.apply(&mut [&mut short]), 0.5);
        assert_eq!(short, [0.3, 0.4]);
    }

    #[test]
    fn components_are_cut_first() {
        let mut gradient = [3.0, -40.0, 0.5];
        let by_value = Clip { norm: None, value: Some(3.0) };
        by_value.apply(&mut [&mut gradient]);
        assert_eq!(gradient, [3.0, -3.0, 0.5]);
        let mut gradient = [4.0, -30.0];
        Clip { norm: Some(1.0), value: Some(3.0) }.apply(&mut [&mut gradient]);
        assert!(gradient.iter().zip([0.5_f64.sqrt(), -(0.5_f64.sqrt())]).all(|(g, e)| (g - e).abs() < 1e-15));
    }

    #[test]
    fn numbers_of_any_size_have_a_length() {
        let clip = Clip { norm: Some(1.0), value: None };
        let mut huge = [3e300, -4e300];
        assert!((clip.apply(&mut [&mut huge]) / 5e300 - 1.0).abs() < 1e-15);
        assert!((huge[0] - 0.6).abs() < 1e-15);
        assert_eq!(clip.apply(&mut [&mut [0.0, 0.0]]), 0.0);
        assert_eq!(clip.apply(&mut []), 0.0);
        let by_both = Clip { norm: Some(1.0), value: Some(1.0) };
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut gradient = [5.0, bad];
            assert!(!by_both.apply(&mut [&mut gradient]).is_finite());
            assert_eq!(gradient[0], 5.0);
        }
    }

    #[test]
    fn options_are_checked() {
        let read = serde_json::from_str::<Clip>;
        assert_eq!(read("{}").unwrap(), Clip::default());
        let clip = read(r#"{"norm": 1, "value": 0.5}"#).unwrap();
        assert_eq!(clip, Clip { norm: Some(1.0), value: Some(0.5) });
        assert_eq!(serde_json::to_string(&clip).unwrap(), r#"{"norm":1.0,"value":0.5}"#);
        let message = read(r#"{"norm": 0}"#).unwrap_err().to_string();
        assert!(message.contains("`norm` must be a positive number, found 0"), "{message}");
        assert!(read(r#"{"value": -1}"#).is_err());
        assert!(read(r#"{"nrom": 1}"#).is_err());
        let schema = schemars::schema_for!(Clip).to_value();
        assert!(schema["properties"]["norm"].is_object(), "{schema:#}");
    }

    proptest! {
        #[test]
        fn nothing_is_longer_than_it_may_be(
            gradient in prop::collection::vec(-1e3..1e3_f64, 1..20), cut in 0..20_usize, most in 1e-3..1e3_f64,
        ) {
            let mut found = gradient.clone();
            let (first, second) = found.split_at_mut(cut.min(gradient.len()));
            let before = Clip { norm: Some(most), value: None }.apply(&mut [first, second]);
            let length = |g: &[f64]| g.iter().map(|g| g * g).sum::<f64>().sqrt();
            prop_assert!((before - length(&gradient)).abs() <= 1e-12 * before);
            prop_assert!(length(&found) <= most * (1.0 + 1e-12));
            let factor = (most / before).min(1.0);
            for (found, came) in found.iter().zip(&gradient) {
                prop_assert!((found - factor * came).abs() <= 1e-12 * most);
            }
        }
    }
}
