//! Linear algebra of arrow-shaped matrices.
/// A symmetric matrix with many rows that touch few others.
#[derive(Debug, Clone)]
pub struct ArrowMatrix {}
