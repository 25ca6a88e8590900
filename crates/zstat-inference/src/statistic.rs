//! Statistics of the profile likelihood ratio (CCGV section 2; `u0` as in xRooFit).

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// What is compared between data and hypothesis μ. With t_μ = 2 [NLL(μ) − NLL(μ̂)], other parameters profiled:
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TestStatistic {
    /// q̃_μ: t̃_μ where μ̂ ≤ μ, else 0. For upper limits on a signal that cannot be negative.
    #[default]
    Qtilde,
    /// q_μ: t_μ where μ̂ ≤ μ, else 0. The bounds of μ hold.
    Q,
    /// q_0: t_0 where μ̂ ≥ 0, else 0. For a discovery.
    Q0,
    /// t_μ: two-sided. The bounds of μ hold.
    T,
    /// t̃_μ: t_μ with μ̂ replaced by 0 where it is negative.
    Ttilde,
    /// u_0: q_0 with the sign of μ̂, so that deficits count.
    U0,
}

impl TestStatistic {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Qtilde, Self::Q, Self::Q0, Self::T, Self::Ttilde, Self::U0];

    /// The word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Qtilde => "qtilde",
            Self::Q => "q",
            Self::Q0 => "q0",
            Self::T => "t",
            Self::Ttilde => "ttilde",
            Self::U0 => "u0",
        }
    }

    /// Tests μ = 0 alone, against a signal.
    pub fn is_discovery(self) -> bool {
        matches!(self, Self::Q0 | Self::U0)
    }

    /// For upper limits: CLs is defined.
    pub fn has_cls(self) -> bool {
        matches!(self, Self::Qtilde | Self::Q)
    }

    /// Compares with μ = 0 where the best value is negative.
    pub fn is_bounded(self) -> bool {
        matches!(self, Self::Qtilde | Self::Ttilde)
    }

    /// The statistic from t = 2 [NLL(μ) − NLL(reference)], which may be negative by rounding.
    pub fn value(self, t: f64, mu: f64, mu_hat: f64) -> f64 {
        // No number stays none.
        let t = if t < 0.0 { 0.0 } else { t };
        match self {
            Self::Qtilde | Self::Q if mu_hat > mu => 0.0,
            Self::Q0 if mu_hat < 0.0 => 0.0,
            Self::U0 if mu_hat < 0.0 => -t,
            _ => t,
        }
    }
}

impl fmt::Display for TestStatistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for TestStatistic {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|statistic| statistic.name() == text).ok_or(())
    }
}
