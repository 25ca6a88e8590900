//! Conformance tests for plugins, as functions that a plugin's crate calls from a test of its own: [`check_loss`],
//! [`check_summary`], [`check_fitter`].
//!
//! In: the plugin's name and options. Out: nothing, or a panic that says what is wrong, with what, and where. They ask for what the
//! contracts in `zstat_core` say, and for what training relies on: derivatives that are those of the value, the same bits for
//! the same input, no order of events, and options that are checked. All inputs are the same every time.

mod batch;
mod events;
mod loss;
mod model;
mod options;
mod same;
mod slopes;
mod summary;
mod templates;

pub use batch::Batch;
pub use loss::{LossDemands, Scaling, check_loss, check_loss_contract, check_loss_on};
pub use model::example_model;
pub use options::{check_options, check_round_trip};
pub use summary::{check_summary, check_summary_contract};
pub use zstat_core::testing::check_fitter;
pub use zstat_core::testing::fitter::{Demands as FitterDemands, check_saddle};
