//! Early stopping: a run ends where the validation loss has not fallen for some epochs.

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::options::{Domain, DomainFault};

/// When a run ends early.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, remote = "Self")]
pub struct Stopping {
    /// Epochs in a row without progress after which it ends.
    #[schemars(range(min = 1))]
    pub patience: u32,
    /// Only a loss that is lower by more than this is progress, in units of the loss. A creeping one counts once it has crept so
    /// far in all.
    #[schemars(range(min = 0.0))]
    pub min_delta: f64,
}

impl Default for Stopping {
    fn default() -> Self {
        Self { patience: 10, min_delta: 0.0 }
    }
}

impl Stopping {
    fn check(&self) -> Result<(), DomainFault> {
        Domain::Positive.check("patience", f64::from(self.patience))?;
        Domain::NotNegative.check("min_delta", self.min_delta)
    }
}

impl<'de> Deserialize<'de> for Stopping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stopping = Self::deserialize(deserializer)?;
        stopping.check().map_err(D::Error::custom)?;
        Ok(stopping)
    }
}

impl Serialize for Stopping {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

/// An epoch and its validation loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Epoch {
    /// Its number, from 0.
    pub epoch: u64,
    /// The loss, finite.
    pub loss: f64,
}

/// What is remembered from epoch to epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoppingState {
    /// Epochs seen.
    pub epochs: u64,
    /// The epoch of the lowest loss, the first of equal ones.
    pub best: Option<Epoch>,
    /// The last epoch that was progress.
    pub progress: Option<Epoch>,
}

/// What there is to do after an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// No loss was as low before: the parameters are worth keeping.
    pub is_best: bool,
    /// Patience is at its end.
    pub stop: bool,
}

/// Watches the validation loss of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Watch {
    options: Stopping,
    state: StoppingState,
}

impl Watch {
    /// Has seen no epoch.
    pub fn new(options: Stopping) -> Self {
        Self { options, state: StoppingState::default() }
    }

    /// Goes on from a state that was saved.
    pub fn resume(options: Stopping, state: StoppingState) -> Self {
        Self { options, state }
    }

    /// Sees the next epoch's loss. One that is not finite is never progress.
    pub fn see(&mut self, loss: f64) -> Verdict {
        let Stopping { patience, min_delta } = self.options;
        let state = &mut self.state;
        let now = Epoch { epoch: state.epochs, loss };
        state.epochs += 1;
        let is_lower = |than: Option<Epoch>, by: f64| {
            loss.is_finite() && than.is_none_or(|before| loss < before.loss - by)
        };
        let is_best = is_lower(state.best, 0.0);
        if is_best {
            state.best = Some(now);
        }
        if is_lower(state.progress, min_delta) {
            state.progress = Some(now);
        }
        let seen = state.progress.map_or(0, |progress| progress.epoch + 1);
        Verdict { is_best, stop: state.epochs.saturating_sub(seen) >= u64::from(patience) }
    }

    /// The epoch of the lowest loss; none before the first finite one.
    pub fn best(&self) -> Option<Epoch> {
        self.state.best
    }

    /// To be saved.
    pub fn state(&self) -> StoppingState {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The epoch after which the run ends.
    fn end(options: Stopping, losses: &[f64]) -> (Option<usize>, Option<u64>) {
        let mut watch = Watch::new(options);
        let end = losses.iter().position(|loss| watch.see(*loss).stop);
        (end, watch.best().map(|best| best.epoch))
    }

    #[test]
    fn patience_counts_epochs_without_progress() {
        let two = Stopping { patience: 2, min_delta: 0.0 };
        assert_eq!(end(two, &[3.0, 2.0, 2.5, 1.0, 1.0, 1.5, 0.5]), (Some(5), Some(3)));
        assert_eq!(end(two, &[3.0, 2.0, 1.0, 0.0]), (None, Some(3)));
        assert_eq!(end(Stopping { patience: 1, ..two }, &[3.0, 3.0]), (Some(1), Some(0)));
        assert_eq!(end(two, &[f64::NAN, f64::NAN, 1.0]), (Some(1), None));
        assert_eq!(end(two, &[f64::INFINITY, 1.0, f64::NAN, f64::NEG_INFINITY]), (Some(3), Some(1)));
    }

    #[test]
    fn small_falls_are_best_but_no_progress() {
        let options = Stopping { patience: 3, min_delta: 1.0 };
        assert_eq!(end(options, &[5.0, 4.5, 4.2, 4.1, 0.0]), (Some(3), Some(3)));
        // It crept far enough in time.
        assert_eq!(end(options, &[5.0, 4.5, 3.9, 3.8, 3.7, 3.6]), (Some(5), Some(5)));
    }

    #[test]
    fn options_are_checked() {
        let read = serde_json::from_str::<Stopping>;
        assert_eq!(read("{}").unwrap(), Stopping::default());
        assert_eq!(read(r#"{"patience": 3}"#).unwrap(), Stopping { patience: 3, min_delta: 0.0 });
        assert_eq!(
            serde_json::to_string(&Stopping::default()).unwrap(),
            r#"{"patience":10,"min_delta":0.0}"#
        );
        let message = read(r#"{"patience": 0}"#).unwrap_err().to_string();
        assert!(message.contains("`patience` must be a positive number, found 0"), "{message}");
        assert!(read(r#"{"min_delta": -0.1}"#).is_err());
        assert!(read(r#"{"patince": 1}"#).is_err());
        let schema = schemars::schema_for!(Stopping).to_value();
        assert!(schema["properties"]["patience"].is_object(), "{schema:#}");
    }

    proptest! {
        #[test]
        fn a_state_that_was_saved_goes_on_alike(
            losses in prop::collection::vec(-2.0..2.0_f64, 1..30), cut in 0..30_usize, patience in 1..5_u32, min_delta in 0.0..1.0_f64,
        ) {
            let options = Stopping { patience, min_delta };
            let mut watch = Watch::new(options);
            let (before, after) = losses.split_at(cut.min(losses.len()));
            before.iter().for_each(|loss| { watch.see(*loss); });
            let text = serde_json::to_string(&watch.state()).unwrap();
            let mut resumed = Watch::resume(options, serde_json::from_str(&text).unwrap());
            prop_assert_eq!(resumed, watch);
            for loss in after {
                prop_assert_eq!(resumed.see(*loss), watch.see(*loss));
            }
            let lowest = losses.iter().copied().fold(f64::INFINITY, f64::min);
            prop_assert_eq!(watch.best().map(|best| best.loss), Some(lowest));
        }
    }
}
