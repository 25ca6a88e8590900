//! Optimisers, registered as plugins: `sgd`, `adam`, `radam`; and what a training has around them: schedules of the learning rate,
//! clipping of gradients, and an end where the validation loss falls no more.
//!
//! In: gradients, losses. Out: parameters moved, factors, verdicts. Nothing here knows what the parameters are. All that is
//! remembered from step to step can be saved and given back without a difference in any later bit.
//!
//! Weight decay is decoupled from the gradient in all optimisers: a step first multiplies each parameter by 1 − rate × decay.
//! Source: I. Loshchilov, F. Hutter, arXiv:1711.05101 (SGDW, AdamW). Frameworks that add decay × parameter to the gradient agree
//! for `sgd` without momentum alone.

mod adam;
mod clip;
mod moments;
mod radam;
mod schedule;
mod sgd;
mod stopping;
#[cfg(test)]
mod tests;

pub use adam::{Adam, AdamOptions};
pub use clip::Clip;
pub use radam::RAdam;
pub use schedule::Schedule;
pub use sgd::{Sgd, SgdOptions};
pub use stopping::{Epoch, Stopping, StoppingState, Verdict, Watch};
