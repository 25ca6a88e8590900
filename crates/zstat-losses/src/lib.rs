//! Training losses for zstat, registered as plugins: `bce`, `delta_z`, `s_over_sqrt_b`, `asimov`, `inferno`,
//! `generalised_variance`, `discovery`, `cls`; and penalties to add to them: `minimum_background`, `mc_error`.
//!
//! In: scores of events, or a model with templates. Out: a number and its derivatives, all in closed form. No loss knows
//! how scores are made or binned. A binary that wants them says `use zstat_losses as _;`.

mod asimov;
mod background;
mod bce;
mod cls;
mod counts;
mod delta_z;
mod discovery;
mod expected;
mod form;
mod generalised_variance;
mod inferno;
mod mc_error;
mod minimum_background;
mod profile;
mod s_over_sqrt_b;
pub mod significance;
mod spread;
mod variance;

pub use asimov::{Asimov, AsimovOptions};
pub use bce::{Bce, BceOptions};
pub use cls::{Cls, ClsOptions, Exclusion};
pub use delta_z::{DeltaZ, DeltaZOptions, Descent};
pub use discovery::{Discovery, DiscoveryOptions};
pub use form::Form;
pub use generalised_variance::{GeneralisedVariance, GeneralisedVarianceOptions};
pub use inferno::{Inferno, InfernoOptions, Width};
pub use mc_error::{McError, McErrorOptions};
pub use minimum_background::{MinimumBackground, MinimumBackgroundOptions};
pub use s_over_sqrt_b::{SOverSqrtB, SOverSqrtBOptions};
