//! Where the time of steps goes.

use std::time::Instant;

/// Seconds that the steps of a training took, by what was done.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// Choosing events and taking their features.
    pub events: f64,
    /// The scorer, there and back.
    pub network: f64,
    /// From scores to the losses, and the way back: the summary, the templates, fits.
    pub statistics: f64,
    /// Clipping the gradient, and the optimiser.
    pub update: f64,
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.network += other.network;
        self.statistics += other.statistics;
        self.update += other.update;
    }
}

/// Seconds since the last look.
pub(super) struct Watch(Instant);

impl Watch {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn lap(&mut self) -> f64 {
        let now = Instant::now();
        let seconds = now.duration_since(self.0).as_secs_f64();
        self.0 = now;
        seconds
    }
}
