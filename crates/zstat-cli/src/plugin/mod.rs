//! Plugins of others: the crate that one begins with, and a program that has several of them.

mod build;
mod checkout;
mod crates;
mod scaffold;

pub use build::{BuildError, Built, Program, build};
pub use checkout::Checkout;
pub use crates::Linked;
pub use scaffold::{Kind, NewCrate, fault as name_fault};
