//! Where the time of steps goes.

use std::time::Instant;

/// Seconds that the steps of a training took, by what was done.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// Choosing events and taking their features.
    pub events: f64,
    /// The scorer, there and back.
    pub network: f64,
    /// From scores to yields of bins, and the way back.
    pub summary: f64,
    /// From yields, or single events, to the losses with their derivatives: templates, Fisher matrices, fits.
    pub loss: f64,
    /// Clipping the gradient, and the optimiser.
    pub update: f64,
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.network += other.network;
        self.summary += other.summary;
        self.loss += other.loss;
        self.update += other.update;
    }
}

/// Takes down what was done since the last look.
pub(super) struct Watch {
    since: Instant,
    /// So far.
    pub spent: Spent,
}

impl Watch {
    pub fn start() -> Self {
        Self { since: Instant::now(), spent: Spent::default() }
    }

    /// The time since the last look was spent on this.
    pub fn lap(&mut self, part: impl FnOnce(&mut Spent) -> &mut f64) {
        let now = Instant::now();
        *part(&mut self.spent) += now.duration_since(self.since).as_secs_f64();
        self.since = now;
    }
}
