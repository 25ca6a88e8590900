//! What goes in and out of a pass through a network, row by row, so that it can be cut into pieces.

/// Row-major slices of the same number of rows. A slice is empty where something is not given or not wanted.
#[derive(Debug, Default)]
pub struct Rows<'a> {
    /// Features: rows × inputs.
    pub x: &'a [f32],
    /// Directions in feature space: rows × inputs.
    pub dx: &'a [f32],
    /// Wanted: outputs, rows × outputs.
    pub out: &'a mut [f32],
    /// Wanted: derivatives of the outputs along the directions, rows × outputs.
    pub dout: &'a mut [f32],
    /// Derivatives by the outputs: rows × outputs.
    pub d_out: &'a [f32],
    /// Derivatives by the outputs' derivatives: rows × outputs.
    pub d_dout: &'a [f32],
    /// Wanted: derivatives by the features, rows × inputs.
    pub d_x: &'a mut [f32],
}

impl<'a> Rows<'a> {
    /// Cuts off the first `rows`, or all if there are fewer.
    pub fn take(&mut self, rows: usize, inputs: usize, outputs: usize) -> Rows<'a> {
        Rows {
            x: first(&mut self.x, rows * inputs),
            dx: first(&mut self.dx, rows * inputs),
            out: first_mut(&mut self.out, rows * outputs),
            dout: first_mut(&mut self.dout, rows * outputs),
            d_out: first(&mut self.d_out, rows * outputs),
            d_dout: first(&mut self.d_dout, rows * outputs),
            d_x: first_mut(&mut self.d_x, rows * inputs),
        }
    }
}

fn first<'a>(slice: &mut &'a [f32], length: usize) -> &'a [f32] {
    let (first, rest) = slice.split_at(length.min(slice.len()));
    *slice = rest;
    first
}

fn first_mut<'a>(slice: &mut &'a mut [f32], length: usize) -> &'a mut [f32] {
    let all = std::mem::take(slice);
    let (first, rest) = all.split_at_mut(length.min(all.len()));
    *slice = rest;
    first
}
