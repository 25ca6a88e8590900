//! What a nuisance parameter changes in the events of a sample.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one standard deviation of a nuisance parameter changes in events: `shift`, `scale` and `reweight` are of +1, and −1 is
/// the opposite (the negated shift, the reciprocal factor, the reciprocal weight); or `up` and `down`, each on its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vary {
    /// Added to columns, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub shift: IndexMap<String, f64>,
    /// Columns are multiplied by this, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub scale: IndexMap<String, f64>,
    /// Weights are multiplied by this expression over the columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reweight: Option<String>,
    /// What +1 does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up: Option<Effect>,
    /// What −1 does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down: Option<Effect>,
}

/// What happens to events. Scales come before shifts; columns that are derived follow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// Added to columns, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub shift: IndexMap<String, f64>,
    /// Columns are multiplied by this, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub scale: IndexMap<String, f64>,
    /// Weights are multiplied by this expression over the columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reweight: Option<String>,
    /// Other events in place of the sample's: a process of `events`, with its own yield.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<String>,
}

impl Vary {
    /// What −1 and +1 do.
    ///
    /// # Errors
    /// Where nothing is said, half of it, or both ways at once: in words.
    pub fn effects(&self) -> Result<[Effect; 2], &'static str> {
        let is_short = !self.shift.is_empty() || !self.scale.is_empty() || self.reweight.is_some();
        match (&self.up, &self.down) {
            (Some(_), Some(_)) | (Some(_), None) | (None, Some(_)) if is_short => {
                Err("give `shift`, `scale` and `reweight`, or `up` and `down`, not both")
            }
            (Some(up), Some(down)) => Ok([down.clone(), up.clone()]),
            (Some(_), None) => Err("`down` is missing: write what -1 does, `down: {}` if nothing"),
            (None, Some(_)) => Err("`up` is missing: write what +1 does, `up: {}` if nothing"),
            (None, None) if is_short => {
                let up = Effect {
                    shift: self.shift.clone(),
                    scale: self.scale.clone(),
                    reweight: self.reweight.clone(),
                    events: None,
                };
                let turned = |map: &IndexMap<String, f64>, turn: fn(f64) -> f64| {
                    map.iter().map(|(name, value)| (name.clone(), turn(*value))).collect()
                };
                let down = Effect {
                    shift: turned(&self.shift, |x| -x),
                    scale: turned(&self.scale, f64::recip),
                    reweight: self.reweight.as_ref().map(|text| format!("1 / ({text})")),
                    events: None,
                };
                Ok([down, up])
            }
            (None, None) => Err("says nothing: write what changes, as `shift: {COLUMN: 0.1}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_form_has_its_opposite() {
        let vary: Vary =
            serde_json::from_str(r#"{"shift": {"x": 0.2}, "scale": {"y": 1.25}, "reweight": "1 + 0.1 * x"}"#)
                .unwrap();
        let [down, up] = vary.effects().unwrap();
        assert_eq!((up.shift["x"], down.shift["x"], up.scale["y"], down.scale["y"]), (0.2, -0.2, 1.25, 0.8));
        assert_eq!(
            (up.reweight.as_deref(), down.reweight.as_deref()),
            (Some("1 + 0.1 * x"), Some("1 / (1 + 0.1 * x)"))
        );
        for wrong in
            ["{}", r#"{"up": {}}"#, r#"{"down": {}}"#, r#"{"shift": {"x": 1}, "up": {}, "down": {}}"#]
        {
            assert!(serde_json::from_str::<Vary>(wrong).unwrap().effects().is_err(), "{wrong}");
        }
    }
}
