//! Schedules of the learning rate: its factor as a function of the part of the run that is over.

use std::fmt;

use schemars::{JsonSchema, Schema, json_schema};
use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::options::{Domain, DomainFault};

/// How the learning rate changes while a run goes on. In a spec a mapping, `{type: cosine, floor: 0.01}`, or its type alone
/// where that says it all: `cosine`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields, remote = "Self")]
#[schemars(transform = or_a_word)]
pub enum Schedule {
    /// It does not.
    #[default]
    Constant,
    /// It changes by a factor every few epochs.
    Step {
        /// Epochs between changes.
        #[schemars(range(min = 1))]
        every: u32,
        /// What it is multiplied by each time.
        #[serde(default = "tenth")]
        #[schemars(extend("exclusiveMinimum" = 0.0))]
        factor: f64,
    },
    /// It falls along half a wave of the cosine, flat at both ends, to its floor at the end of the run.
    Cosine {
        /// What is left at the end, as a part of the learning rate.
        #[serde(default)]
        #[schemars(range(min = 0.0, max = 1.0))]
        floor: f64,
        /// Epochs at the beginning in which it rises from 0 in proportion; the wave begins after them.
        #[serde(default)]
        #[schemars(range(min = 0.0))]
        warm_up: f64,
    },
}

/// Types that need no number.
const WORDS: [&str; 2] = ["constant", "cosine"];

fn tenth() -> f64 {
    0.1
}

impl Schedule {
    /// What the learning rate is multiplied by where `progress` of a run of `epochs` is over, both in epochs, parts of one
    /// included. After the end it stays what it is there. With a warm-up the factor of the very first step is 0 where
    /// progress counts what is over before it.
    ///
    /// Source of the cosine: I. Loshchilov, F. Hutter, arXiv:1608.03983, equation 5, without restarts.
    pub fn factor(&self, progress: f64, epochs: f64) -> f64 {
        match *self {
            Self::Constant => 1.0,
            Self::Step { every, factor } => factor.powf((progress / f64::from(every)).floor()),
            Self::Cosine { warm_up, .. } if progress < warm_up => progress / warm_up,
            // The run ends before there is a wave.
            Self::Cosine { warm_up, .. } if epochs <= warm_up => 1.0,
            Self::Cosine { floor, warm_up } => {
                let part = ((progress - warm_up) / (epochs - warm_up)).min(1.0);
                floor + (1.0 - floor) * 0.5 * (1.0 + (std::f64::consts::PI * part).cos())
            }
        }
    }

    fn check(&self) -> Result<(), DomainFault> {
        match *self {
            Self::Constant => Ok(()),
            Self::Step { every, factor } => {
                Domain::Positive.check("every", f64::from(every))?;
                Domain::Positive.check("factor", factor)
            }
            Self::Cosine { floor, warm_up } => {
                Domain::Fraction.check("floor", floor)?;
                Domain::NotNegative.check("warm_up", warm_up)
            }
        }
    }
}

/// The schema of a mapping becomes that of a word or a mapping.
fn or_a_word(schema: &mut Schema) {
    let mapping = schema.clone();
    *schema = json_schema!({"anyOf": [{"type": "string", "enum": WORDS}, mapping]});
}

struct WordOrMapping;

impl<'de> Visitor<'de> for WordOrMapping {
    type Value = Schedule;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a schedule: a word or a mapping with its `type`")
    }

    /// As the mapping with this type and nothing else.
    fn visit_str<E: Error>(self, word: &str) -> Result<Schedule, E> {
        Schedule::deserialize(MapDeserializer::new([("type", word)].into_iter()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Schedule, A::Error> {
        Schedule::deserialize(MapAccessDeserializer::new(map))
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let schedule = deserializer.deserialize_any(WordOrMapping)?;
        schedule.check().map_err(D::Error::custom)?;
        Ok(schedule)
    }
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(schedule: Schedule, epochs: f64, points: &[(f64, f64)]) {
        for &(progress, expected) in points {
            let found = schedule.factor(progress, epochs);
            assert!(
                (found - expected).abs() < 1e-15,
                "{schedule:?} at {progress}: {found}, expected {expected}"
            );
        }
    }

    #[test]
    fn factors_at_points_computed_by_hand() {
        check(Schedule::Constant, 10.0, &[(0.0, 1.0), (3.7, 1.0), (10.0, 1.0)]);
        let halves = Schedule::Step { every: 3, factor: 0.5 };
        check(halves, 10.0, &[(0.0, 1.0), (2.99, 1.0), (3.0, 0.5), (5.5, 0.5), (6.0, 0.25), (10.0, 0.125)]);
        let plain = Schedule::Cosine { floor: 0.0, warm_up: 0.0 };
        let root = 0.75_f64.sqrt();
        check(plain, 6.0, &[(0.0, 1.0), (1.0, 0.5 + 0.5 * root), (2.0, 0.75), (3.0, 0.5), (4.0, 0.25)]);
        check(plain, 6.0, &[(5.0, 0.5 - 0.5 * root), (6.0, 0.0), (7.0, 0.0)]);
        let both = Schedule::Cosine { floor: 0.2, warm_up: 2.0 };
        let rising = [(0.0, 0.0), (0.5, 0.25), (1.5, 0.75), (2.0, 1.0)];
        check(both, 10.0, &rising);
        check(both, 10.0, &[(6.0, 0.6), (10.0, 0.2), (99.0, 0.2)]);
        // All of the run is warm-up.
        check(both, 2.0, &rising);
        check(both, 1.0, &[(0.5, 0.25), (1.0, 0.5)]);
    }

    #[test]
    fn a_schedule_is_a_word_or_a_mapping() {
        let read = |value| serde_json::from_value::<Schedule>(value);
        let right = [
            (json!("constant"), Schedule::Constant),
            (json!({"type": "constant"}), Schedule::Constant),
            (json!("cosine"), Schedule::Cosine { floor: 0.0, warm_up: 0.0 }),
            (
                json!({"type": "cosine", "floor": 0.1, "warm_up": 1}),
                Schedule::Cosine { floor: 0.1, warm_up: 1.0 },
            ),
            (json!({"every": 5, "type": "step"}), Schedule::Step { every: 5, factor: 0.1 }),
            (json!({"type": "step", "every": 5, "factor": 2}), Schedule::Step { every: 5, factor: 2.0 }),
        ];
        for (written, expected) in right {
            let found = read(written).unwrap();
            assert_eq!(found, expected);
            assert_eq!(read(serde_json::to_value(found).unwrap()).unwrap(), expected);
        }
        assert_eq!(serde_json::to_value(Schedule::Constant).unwrap(), json!({"type": "constant"}));
        let wrong = [
            (json!("cosin"), "unknown variant `cosin`, expected one of `constant`, `step`, `cosine`"),
            (json!("step"), "missing field `every`"),
            (json!({"floor": 0.1}), "missing field `type`"),
            (json!({"type": "cosine", "flor": 0.1}), "unknown field `flor`"),
            (json!({"type": "cosine", "floor": 1.5}), "`floor` must be a number from 0 to 1, found 1.5"),
            (json!({"type": "cosine", "warm_up": -1}), "`warm_up` must be 0 or a positive number, found -1"),
            (json!({"type": "step", "every": 0}), "`every` must be a positive number, found 0"),
            (json!({"type": "step", "every": 1, "factor": 0}), "`factor` must be a positive number, found 0"),
            (json!(3), "a schedule: a word or a mapping with its `type`"),
        ];
        for (written, expected) in wrong {
            let message = read(written.clone()).unwrap_err().to_string();
            assert!(message.contains(expected), "{written}: {message}");
        }
    }

    #[test]
    fn the_schema_knows_words_and_mappings() {
        let schema = schemars::schema_for!(Schedule).to_value();
        assert_eq!(schema["anyOf"][0]["enum"], json!(["constant", "cosine"]));
        assert_eq!(schema["anyOf"][1]["oneOf"].as_array().map(Vec::len), Some(3), "{schema:#}");
    }

    proptest! {
        #[test]
        fn the_cosine_falls_from_one_to_its_floor(
            floor in 0.0..=1.0_f64, warm_up in 0.0..5.0_f64, epochs in 5.0..50.0_f64, a in 0.0..1.0_f64, b in 0.0..1.0_f64,
        ) {
            let schedule = Schedule::Cosine { floor, warm_up };
            let at = |part: f64| schedule.factor(warm_up + part * (epochs - warm_up), epochs);
            prop_assert!(at(a.min(b)) >= at(a.max(b)) - 1e-15);
            prop_assert!((floor - 1e-15..=1.0).contains(&at(a)));
            // Halves of the wave mirror each other.
            prop_assert!((at(a) + at(1.0 - a) - 1.0 - floor).abs() < 1e-12);
        }
    }
}
