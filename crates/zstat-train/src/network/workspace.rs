//! Rows cut into chunks, chunks given to threads, and their gradients added up in a fixed order.
//!
//! Where chunks begin depends on the number of rows alone. A chunk's gradient is the sum over its tiles in their order, the
//! whole the sum over chunks in theirs; so bits do not depend on the number of threads.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::Network;
use super::lane::{Lane, TILE};
use super::narrow::{NARROW_TILE, Narrow, is_narrow};
use super::packed::Packed;
use super::rows::Rows;
use crate::kernel::Isa;

/// Tiles of a chunk with a gradient, at least: a thread's work should be worth adding up gradients.
const MIN_TILES: usize = 8;
/// Tiles of a chunk without one: less is not worth a thread's while.
const VALUE_TILES: usize = 2;
/// Chunks, at most: each has a gradient of its own while several threads run.
const MAX_CHUNKS: usize = 64;
/// Derivatives that a thread adds up over all chunks at once.
const PIECE: usize = 1024;

/// Memory that calls of a network share, so that none asks for much of its own. One serves any network and any number of
/// rows; results do not depend on what it was used for before.
#[derive(Debug, Default)]
pub struct Workspace {
    packed: Packed,
    /// Memory of threads that are not running.
    lanes: Mutex<Vec<Lanes>>,
    /// One a chunk but the first, which writes where the sum will be.
    gradients: Vec<f64>,
    /// Instead of the plan for a network, in tests.
    pub(super) plan: Option<Plan>,
}

/// How to run a network: results differ in last digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// Rows side by side in vectors instead of units.
    pub narrow: bool,
    /// Vector instructions.
    pub isa: Isa,
}

/// Memory of one thread for either way through a network.
#[derive(Debug, Default)]
struct Lanes {
    wide: Lane,
    narrow: Narrow,
}

/// Rows of each chunk but the last.
fn chunk_rows(rows: usize, with_gradient: bool) -> usize {
    let least = if with_gradient { MIN_TILES } else { VALUE_TILES };
    TILE * rows.div_ceil(TILE).div_ceil(MAX_CHUNKS).max(least)
}

impl Workspace {
    /// Runs all rows, and overwrites the gradient if there are derivatives by the outputs.
    pub(super) fn run(&mut self, network: &Network, mut rows: Rows<'_>, gradient: &mut [f64]) {
        let architecture = network.architecture();
        let (inputs, outputs) = (architecture.inputs, architecture.outputs);
        let count = rows.x.len() / inputs;
        if count == 0 {
            return gradient.fill(0.0);
        }
        let best = || Plan { narrow: is_narrow(architecture), isa: Isa::best() };
        let plan = self.plan.unwrap_or_else(best);
        self.packed.fill(architecture, network.parameters(), !plan.narrow, !rows.d_out.is_empty());
        let Self { packed, lanes, gradients, .. } = self;
        let parameters = network.parameters();
        let work = Work { packed, parameters, plan, lanes, inputs, outputs };
        let size = chunk_rows(count, !gradient.is_empty());
        let (others, length) = (count.div_ceil(size) - 1, gradient.len());
        let first = rows.take(size, inputs, outputs);
        let cut = std::iter::repeat_with(|| rows.take(size, inputs, outputs)).take(others);
        if others == 0 || rayon::current_num_threads() == 1 {
            gradients.resize(gradients.len().max(length), 0.0);
            let own = &mut gradients[..length];
            work.chunk(first, gradient);
            for chunk in cut {
                work.chunk(chunk, own);
                merge(gradient, own);
            }
            return;
        }
        gradients.resize(gradients.len().max(others * length), 0.0);
        let mut rest = gradients.as_mut_slice();
        let own = std::iter::repeat_with(|| rest.split_off_mut(..length).unwrap_or_default());
        let mut tasks = vec![(first, &mut *gradient)];
        tasks.extend(cut.zip(own));
        tasks.into_par_iter().with_max_len(1).for_each(|(chunk, own)| work.chunk(chunk, own));
        let gradients = &gradients[..others * length];
        gradient.par_chunks_mut(PIECE).enumerate().for_each(|(piece, sums)| {
            let chunks = gradients.chunks_exact(length.max(1));
            chunks.for_each(|own| merge(sums, &own[piece * PIECE..][..sums.len()]));
        });
    }
}

fn merge(gradient: &mut [f64], own: &[f64]) {
    gradient.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
}

/// What all threads of a call see.
struct Work<'a> {
    packed: &'a Packed,
    parameters: &'a [f32],
    plan: Plan,
    lanes: &'a Mutex<Vec<Lanes>>,
    inputs: usize,
    outputs: usize,
}

impl Work<'_> {
    /// Runs a chunk's tiles one after the other; its gradient is overwritten.
    fn chunk(&self, mut rows: Rows<'_>, gradient: &mut [f64]) {
        let mut lanes = self.lanes().pop().unwrap_or_default();
        gradient.fill(0.0);
        while !rows.x.is_empty() {
            let isa = self.plan.isa;
            if self.plan.narrow {
                let mut tile = rows.take(NARROW_TILE, self.inputs, self.outputs);
                lanes.narrow.run(isa, &self.packed.layers, self.parameters, &mut tile, gradient);
            } else {
                let mut tile = rows.take(TILE, self.inputs, self.outputs);
                lanes.wide.run(isa, self.packed, &mut tile, gradient);
            }
        }
        self.lanes().push(lanes);
    }

    /// The idle lanes. None is left half done by a thread that panicked, as it was taken out.
    fn lanes(&self) -> std::sync::MutexGuard<'_, Vec<Lanes>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
