//! What the fuzz targets share: one pass over a text as `zstat` makes it, and what must hold on the way.
//!
//! In: bytes. Out: nothing, or a panic that says which promise was broken. A target is one file under `targets/`.

pub mod diagnose;
pub mod evaluate;
pub mod formulas;
pub mod mutate;
pub mod pass;
pub mod patches;
pub mod round_trip;
