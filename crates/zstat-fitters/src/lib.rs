//! Minimisers for zstat, registered as plugins: `newton` (the default), `lbfgsb`, `nelder-mead`.
//!
//! In: an [`zstat_core::fit::Objective`] and a box. Out: a [`zstat_core::fit::Minimum`]. No minimiser knows what it
//! minimises. A binary that wants them says `use zstat_fitters as _;`.

mod arrival;
mod lbfgsb;
mod nelder_mead;
mod newton;
mod reduced;

pub use lbfgsb::{Lbfgsb, LbfgsbOptions};
pub use nelder_mead::{NelderMead, NelderMeadOptions};
pub use newton::{Newton, NewtonOptions};
