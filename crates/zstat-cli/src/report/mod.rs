//! Results as data and as pages: what the commands print, apart from how they came by it.

pub mod bias;
pub mod compatibility;
pub mod evaluation;
pub mod feldman_cousins;
pub mod fit;
mod fit_text;
pub mod gof;
pub mod head;
pub mod hypotest;
pub mod impacts;
mod impacts_text;
pub mod inspection;
mod inspection_text;
pub mod limit;
pub mod limit_patches;
pub mod limit_toys;
mod of_toys;
pub mod plane;
mod pull_bar;
mod relations;
pub mod scan;
pub mod significance;
pub mod toy_test;
pub mod toys;
pub mod yields;
mod yields_text;
