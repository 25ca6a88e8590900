//! Constraint terms: value and derivatives side by side, one kind an arm.
//!
//! Values are split in a part that moves with θ, in deviance form and so exact for auxiliary counts of 1e11 and more,
//! and a constant that normalises it.

use crate::likelihood::special::{ln_gamma_remainder, poisson_deviance};

/// ½ ln 2π.
const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;

/// The constraint term of one parameter. `aux` is the nominal auxiliary observation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Constraint {
    /// Free.
    None,
    /// Normal(aux | θ, σ).
    Normal {
        /// Auxiliary observation, in units of θ.
        aux: f64,
        /// Width, in units of θ.
        sigma: f64,
    },
    /// Pois(aux | τ θ).
    Poisson {
        /// Auxiliary events.
        aux: f64,
        /// Auxiliary events expected at θ = 1.
        tau: f64,
    },
    /// Normal(ln aux | ln θ, ln κ): a density in ln aux.
    LogNormal {
        /// Auxiliary observation, in units of θ.
        aux: f64,
        /// ln κ, the relative width.
        ln_kappa: f64,
    },
    /// Part of a correlated Gaussian over several parameters, whose term is counted there and not here.
    Correlated {
        /// Auxiliary observation, in units of θ.
        aux: f64,
        /// Width with all other members unknown, in units of θ.
        sigma: f64,
    },
}

impl Constraint {
    /// The word in results: `none`, `normal`, `poisson`, `lognormal`, `correlated`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Normal { .. } => "normal",
            Self::Poisson { .. } => "poisson",
            Self::LogNormal { .. } => "lognormal",
            Self::Correlated { .. } => "correlated",
        }
    }

    /// The nominal auxiliary observation; NaN where there is none.
    pub fn aux(&self) -> f64 {
        match *self {
            Self::None => f64::NAN,
            Self::Normal { aux, .. }
            | Self::Poisson { aux, .. }
            | Self::LogNormal { aux, .. }
            | Self::Correlated { aux, .. } => aux,
        }
    }

    /// The same constraint around another auxiliary observation.
    #[must_use]
    pub fn with_aux(self, aux: f64) -> Self {
        match self {
            Self::None => Self::None,
            Self::Normal { sigma, .. } => Self::Normal { aux, sigma },
            Self::Poisson { tau, .. } => Self::Poisson { aux, tau },
            Self::LogNormal { ln_kappa, .. } => Self::LogNormal { aux, ln_kappa },
            Self::Correlated { sigma, .. } => Self::Correlated { aux, sigma },
        }
    }

    /// The auxiliary observation that θ predicts (its expectation; for Asimov data); NaN where there is none.
    pub fn expected_aux(&self, theta: f64) -> f64 {
        match *self {
            Self::None => f64::NAN,
            Self::Normal { .. } | Self::LogNormal { .. } | Self::Correlated { .. } => theta,
            Self::Poisson { tau, .. } => tau * theta,
        }
    }

    /// The value of θ that the constraint prefers and its width there, in units of θ; none where unconstrained.
    pub fn centre_and_width(&self) -> Option<(f64, f64)> {
        match *self {
            Self::None => None,
            Self::Normal { aux, sigma } | Self::Correlated { aux, sigma } => Some((aux, sigma)),
            Self::Poisson { aux, tau } => Some((aux / tau, aux.sqrt() / tau)),
            Self::LogNormal { aux, ln_kappa } => Some((aux, aux * ln_kappa)),
        }
    }

    /// −ln of the term up to [`Constraint::constant`], given the auxiliary observation `aux`; infinite where θ is
    /// outside the domain (θ ≤ 0 for Poisson with `aux` > 0, and for log-normal).
    #[inline]
    pub fn value(&self, theta: f64, aux: f64) -> f64 {
        match *self {
            Self::None | Self::Correlated { .. } => 0.0,
            Self::Normal { sigma, .. } => {
                let pull = (theta - aux) / sigma;
                0.5 * pull * pull
            }
            Self::Poisson { tau, .. } => poisson_deviance(aux, tau * theta),
            Self::LogNormal { ln_kappa, .. } => {
                if theta <= 0.0 {
                    return f64::INFINITY;
                }
                let pull = (theta / aux).ln() / ln_kappa;
                0.5 * pull * pull
            }
        }
    }

    /// First and second derivative of [`Constraint::value`] in θ.
    #[inline]
    pub fn derivatives(&self, theta: f64, aux: f64) -> [f64; 2] {
        match *self {
            Self::None | Self::Correlated { .. } => [0.0, 0.0],
            Self::Normal { sigma, .. } => {
                let weight = 1.0 / (sigma * sigma);
                [(theta - aux) * weight, weight]
            }
            Self::Poisson { tau, .. } if aux == 0.0 => [tau, 0.0],
            // (τθ − aux)/θ, which keeps its digits where aux is huge and θ near aux/τ.
            Self::Poisson { tau, .. } => [(tau * theta - aux) / theta, aux / (theta * theta)],
            Self::LogNormal { ln_kappa, .. } => {
                let weight = 1.0 / (ln_kappa * ln_kappa);
                let log = (theta / aux).ln();
                [log * weight / theta, (1.0 - log) * weight / (theta * theta)]
            }
        }
    }

    /// What [`Constraint::value`] leaves out: −ln of the term is the sum of the two. Follows pyhf's normalisation.
    pub fn constant(&self, aux: f64) -> f64 {
        match *self {
            Self::None | Self::Correlated { .. } => 0.0,
            Self::Normal { sigma, .. } => sigma.ln() + HALF_LN_2PI,
            Self::Poisson { .. } => ln_gamma_remainder(aux),
            Self::LogNormal { ln_kappa, .. } => ln_kappa.ln() + HALF_LN_2PI,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Constraint; 4] = [
        Constraint::Normal { aux: 0.3, sigma: 1.7 },
        Constraint::Poisson { aux: 27.3, tau: 25.0 },
        Constraint::Poisson { aux: 0.0, tau: 4.0 },
        Constraint::LogNormal { aux: 1.2, ln_kappa: 0.18 },
    ];

    #[test]
    fn derivatives_agree_with_differences() {
        for kind in KINDS {
            let aux = kind.aux();
            for theta in [0.4, 0.9, 1.0, 1.3, 2.2] {
                let h = 1e-4;
                let [d1, d2] = kind.derivatives(theta, aux);
                let slope = (kind.value(theta + h, aux) - kind.value(theta - h, aux)) / (2.0 * h);
                let bend =
                    (kind.derivatives(theta + h, aux)[0] - kind.derivatives(theta - h, aux)[0]) / (2.0 * h);
                assert!((slope - d1).abs() < 1e-5 * (1.0 + d1.abs()), "{kind:?} at {theta}");
                assert!((bend - d2).abs() < 1e-5 * (1.0 + d2.abs()), "{kind:?} at {theta}");
            }
        }
    }

    /// The densities written out, for Normal, Poisson and log-normal.
    #[test]
    fn normalisation() {
        let full = |kind: Constraint, theta| kind.value(theta, kind.aux()) + kind.constant(kind.aux());
        let normal = 0.5 * ((1.1 - 0.3) / 1.7_f64).powi(2) + (1.7 * (2.0 * std::f64::consts::PI).sqrt()).ln();
        assert!((full(KINDS[0], 1.1) - normal).abs() < 1e-14);
        let (n, nu) = (27.3_f64, 27.5_f64);
        let poisson = nu - n * nu.ln() + statrs::function::gamma::ln_gamma(n + 1.0);
        assert!((full(KINDS[1], 1.1) - poisson).abs() < 1e-12);
        let lognormal =
            0.5 * ((1.1 / 1.2_f64).ln() / 0.18).powi(2) + (0.18 * (2.0 * std::f64::consts::PI).sqrt()).ln();
        assert!((full(KINDS[3], 1.1) - lognormal).abs() < 1e-14);
    }
}
