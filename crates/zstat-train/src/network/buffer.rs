//! Room for vectors: numbers that start where a vector register likes to load them.

use crate::kernel::LANES;

/// A slice of f32 on a 64-byte boundary. Where it lies matters for speed alone.
#[derive(Debug, Clone, Default)]
pub struct Buffer {
    values: Vec<f32>,
    start: usize,
    length: usize,
}

impl Buffer {
    /// Makes room for `length` numbers; what they are is undetermined unless the length was the same before.
    pub fn fit(&mut self, length: usize) {
        if self.length != length {
            self.values.resize(length + LANES, 0.0);
            // Beyond the lanes only where the allocator gives less than the alignment of f32, or cannot tell.
            self.start = self.values.as_ptr().align_offset(4 * LANES).min(LANES);
            self.length = length;
        }
    }
}

impl std::ops::Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[self.start..][..self.length]
    }
}

impl std::ops::DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[self.start..][..self.length]
    }
}
