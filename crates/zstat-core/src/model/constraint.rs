//! Constraint terms: value and derivatives side by side, one kind an arm.

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
    /// Normal(ln aux | ln θ, ln κ).
    LogNormal {
        /// Auxiliary observation, in units of θ.
        aux: f64,
        /// ln κ, the relative width.
        ln_kappa: f64,
    },
}

impl Constraint {
    /// The word in results: `none`, `normal`, `poisson`, `lognormal`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Normal { .. } => "normal",
            Self::Poisson { .. } => "poisson",
            Self::LogNormal { .. } => "lognormal",
        }
    }

    /// Width of the constraint in units of θ, and the value of θ it prefers; none where unconstrained.
    pub fn centre_and_width(&self) -> Option<(f64, f64)> {
        match *self {
            Self::None => None,
            Self::Normal { aux, sigma } => Some((aux, sigma)),
            Self::Poisson { aux, tau } => Some((aux / tau, aux.sqrt() / tau)),
            Self::LogNormal { aux, ln_kappa } => Some((aux, aux * ln_kappa)),
        }
    }
}
