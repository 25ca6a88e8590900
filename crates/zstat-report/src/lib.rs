//! What zstat shows of its results. For now: figures as SVG, see [`figure`].
//!
//! In: numbers and names. Out: text. Nothing here reads files or knows models.

pub mod figure;
