//! `docs/src/results/training.md`: each section is one result, made by one command.

mod closed_forms;
mod cross;
mod delta_z;
mod figures;
mod inferno;
mod lab;
mod mixture;
mod neos;
mod page;
mod speed;

pub use closed_forms::run as closed_forms;
pub use cross::run as cross;
pub use delta_z::run as delta_z;
pub use inferno::run as inferno;
pub use mixture::run as mixture;
pub use neos::run as neos;
pub use speed::run as speed;
