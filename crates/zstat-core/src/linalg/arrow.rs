//! Symmetric matrices in arrow shape: a dense block of *shared* rows, and many *local* rows that touch only a few
//! others, in small diagonal blocks.
//!
//! In a likelihood the local rows are parameters of a single bin (most γ of the simulation's statistics): a block
//! holds those of one bin, a group the blocks of one channel, and the group's border is the shared parameters that act
//! in that channel. Nothing here knows that.

use std::ops::Range;
use std::sync::Arc;

/// Where a row of the matrix is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Row of the dense block.
    Shared(usize),
    /// Row of a group's local part.
    Local {
        /// The group.
        group: usize,
        /// Row among its locals.
        row: usize,
    },
}

/// Neighbours in an ascending list of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Place of the first in the list.
    pub at: usize,
    /// The first row.
    pub row: usize,
    /// How many.
    pub len: usize,
}

impl Run {
    /// The runs of an ascending list.
    pub fn of(rows: &[usize]) -> Vec<Self> {
        let mut runs = Vec::new();
        Self::collect(rows.iter().copied(), &mut runs);
        runs
    }

    /// The same into a list to reuse.
    pub fn collect(rows: impl Iterator<Item = usize>, runs: &mut Vec<Self>) {
        runs.clear();
        for (at, row) in rows.enumerate() {
            match runs.last_mut() {
                Some(run) if run.row + run.len == row => run.len += 1,
                _ => runs.push(Self { at, row, len: 1 }),
            }
        }
    }
}

/// Local rows that share a border.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Group {
    /// Rows of the dense block that the locals may touch, ascending.
    pub border: Vec<usize>,
    /// The matrix row of each local, block after block.
    pub locals: Vec<usize>,
    /// First local of each block, and the number of locals at the end.
    pub blocks: Vec<usize>,
}

impl Group {
    /// The local rows of a block.
    pub fn block(&self, block: usize) -> Range<usize> {
        self.blocks[block]..self.blocks[block + 1]
    }

    /// Number of blocks.
    pub fn n_blocks(&self) -> usize {
        self.blocks.len().saturating_sub(1)
    }
}

/// Which rows are shared and which local.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ArrowStructure {
    n: usize,
    shared: Vec<usize>,
    groups: Vec<Group>,
    places: Vec<Place>,
}

impl ArrowStructure {
    /// A structure of `n` rows: `shared` (ascending) in the dense block, all others in `groups`.
    ///
    /// # Panics
    /// If a row is missing or named twice.
    pub fn new(n: usize, shared: Vec<usize>, groups: Vec<Group>) -> Self {
        let mut places = vec![None; n];
        let mut put = |row: usize, place| {
            assert!(places[row].replace(place).is_none(), "row {row} is named twice");
        };
        for (at, &row) in shared.iter().enumerate() {
            put(row, Place::Shared(at));
        }
        for (group, members) in groups.iter().enumerate() {
            for (at, &row) in members.locals.iter().enumerate() {
                put(row, Place::Local { group, row: at });
            }
        }
        let places: Vec<Place> = places.into_iter().flatten().collect();
        assert_eq!(places.len(), n, "every row has a place");
        Self { n, shared, groups, places }
    }

    /// All `n` rows in the dense block.
    pub fn dense(n: usize) -> Self {
        Self::new(n, (0..n).collect(), Vec::new())
    }

    /// Number of rows.
    pub fn n(&self) -> usize {
        self.n
    }

    /// The matrix rows of the dense block, ascending.
    pub fn shared(&self) -> &[usize] {
        &self.shared
    }

    /// The groups of local rows.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Where each row is kept.
    pub fn places(&self) -> &[Place] {
        &self.places
    }
}

/// The values of a group's local rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupValues {
    /// The diagonal blocks, one after the other, each row-major and full.
    pub blocks: Vec<f64>,
    /// Where each block starts in `blocks`.
    pub starts: Vec<usize>,
    /// Local rows × border, row-major.
    pub coupling: Vec<f64>,
}

/// A symmetric matrix in arrow shape.
#[derive(Debug, Clone, PartialEq)]
pub struct ArrowMatrix {
    structure: Arc<ArrowStructure>,
    /// The dense block, row-major; only the lower triangle is meant.
    pub shared: Vec<f64>,
    /// The local rows.
    pub groups: Vec<GroupValues>,
}

impl ArrowMatrix {
    /// A matrix of zeros.
    pub fn zeros(structure: Arc<ArrowStructure>) -> Self {
        let n = structure.shared.len();
        let values = |group: &Group| {
            let mut starts = Vec::with_capacity(group.n_blocks());
            let mut size = 0;
            for block in 0..group.n_blocks() {
                starts.push(size);
                size += group.block(block).len() * group.block(block).len();
            }
            GroupValues {
                blocks: vec![0.0; size],
                starts,
                coupling: vec![0.0; group.locals.len() * group.border.len()],
            }
        };
        let groups = structure.groups.iter().map(values).collect();
        Self { shared: vec![0.0; n * n], groups, structure }
    }

    /// A dense matrix, from the lower triangle of a full row-major one.
    ///
    /// # Panics
    /// If `matrix` does not have n² entries.
    pub fn from_dense(n: usize, matrix: &[f64]) -> Self {
        assert_eq!(matrix.len(), n * n, "a square matrix");
        let mut out = Self::zeros(Arc::new(ArrowStructure::dense(n)));
        out.shared.copy_from_slice(matrix);
        out
    }

    /// The structure.
    pub fn structure(&self) -> &Arc<ArrowStructure> {
        &self.structure
    }

    /// Copies the entries of a matrix of the same structure.
    ///
    /// # Panics
    /// If the structures differ.
    pub fn copy_from(&mut self, other: &Self) {
        assert!(
            Arc::ptr_eq(&self.structure, &other.structure) || self.structure == other.structure,
            "matrices of the same structure"
        );
        self.shared.copy_from_slice(&other.shared);
        self.groups.clone_from(&other.groups);
    }

    /// Sets every entry to zero.
    pub fn clear(&mut self) {
        self.shared.fill(0.0);
        for group in &mut self.groups {
            group.blocks.fill(0.0);
            group.coupling.fill(0.0);
        }
    }

    /// Makes the dense block M its symmetric part times two, M + Mᵀ (only the lower triangle is meant).
    pub fn symmetrise_shared(&mut self) {
        const TILE: usize = 16;
        let n = self.structure.shared.len();
        let mut tile = [[0.0; TILE]; TILE];
        for top in (0..n).step_by(TILE) {
            let bottom = (top + TILE).min(n);
            for left in (0..=top).step_by(TILE) {
                let right = (left + TILE).min(n);
                for (j, row) in self.shared[left * n..right * n].chunks_exact(n).enumerate() {
                    for (line, &value) in tile.iter_mut().zip(&row[top..bottom]) {
                        line[j] = value;
                    }
                }
                for (i, line) in (top..bottom).zip(&tile) {
                    let row = &mut self.shared[i * n + left..i * n + right.min(i + 1)];
                    row.iter_mut().zip(line).for_each(|(x, y)| *x += y);
                }
            }
        }
    }

    /// Whether every entry is finite (of the dense block, in the lower triangle).
    pub fn is_finite(&self) -> bool {
        let n = self.structure.shared.len();
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        (0..n).all(|i| finite(&self.shared[i * n..=i * (n + 1)]))
            && self.groups.iter().all(|group| finite(&group.blocks) && finite(&group.coupling))
    }

    /// Adds to a diagonal entry.
    pub fn add_diagonal(&mut self, row: usize, value: f64) {
        match self.structure.places[row] {
            Place::Shared(at) => self.shared[at * (self.structure.shared.len() + 1)] += value,
            Place::Local { group, row } => {
                let at = self.block_entry(group, row, row);
                self.groups[group].blocks[at] += value;
            }
        }
    }

    /// Adds to the entry of two rows of the dense block, which stands for both of its halves.
    ///
    /// # Panics
    /// If one of the rows is local.
    pub fn add_shared(&mut self, row: usize, column: usize, value: f64) {
        let places = (self.structure.places[row], self.structure.places[column]);
        let (Place::Shared(i), Place::Shared(j)) = places else {
            panic!("rows {row} and {column} are not both in the dense block")
        };
        self.shared[i.max(j) * self.structure.shared.len() + i.min(j)] += value;
    }

    /// A diagonal entry.
    pub fn diagonal(&self, row: usize) -> f64 {
        match self.structure.places[row] {
            Place::Shared(at) => self.shared[at * (self.structure.shared.len() + 1)],
            Place::Local { group, row } => self.groups[group].blocks[self.block_entry(group, row, row)],
        }
    }

    /// Index in a group's `blocks` of the entry of two local rows of the same block.
    fn block_entry(&self, group: usize, row: usize, column: usize) -> usize {
        let members = &self.structure.groups[group];
        let block = members.blocks.partition_point(|&start| start <= row) - 1;
        let range = members.block(block);
        self.groups[group].starts[block] + (row - range.start) * range.len() + (column - range.start)
    }

    /// out = A x. Both slices have one entry a row.
    pub fn multiply(&self, x: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        let shared = &self.structure.shared;
        let n = shared.len();
        for (i, &row) in shared.iter().enumerate() {
            let mut sum = 0.0;
            for (j, &column) in shared[..i].iter().enumerate() {
                let value = self.shared[i * n + j];
                sum += value * x[column];
                out[column] += value * x[row];
            }
            out[row] += sum + self.shared[i * n + i] * x[row];
        }
        for (group, values) in self.structure.groups.iter().zip(&self.groups) {
            let width = group.border.len();
            for block in 0..group.n_blocks() {
                let range = group.block(block);
                let entries = &values.blocks[values.starts[block]..];
                for (i, row) in range.clone().enumerate() {
                    let coupling = &values.coupling[row * width..(row + 1) * width];
                    let mut sum = 0.0;
                    for (j, column) in range.clone().enumerate() {
                        sum += entries[i * range.len() + j] * x[group.locals[column]];
                    }
                    for (&border, &value) in group.border.iter().zip(coupling) {
                        sum += value * x[shared[border]];
                        out[shared[border]] += value * x[group.locals[row]];
                    }
                    out[group.locals[row]] += sum;
                }
            }
        }
    }

    /// The full matrix, row-major.
    pub fn to_dense(&self) -> Vec<f64> {
        let n = self.structure.n;
        let mut dense = vec![0.0; n * n];
        let mut unit = vec![0.0; n];
        for column in 0..n {
            unit[column] = 1.0;
            self.multiply(&unit, &mut dense[column * n..(column + 1) * n]);
            unit[column] = 0.0;
        }
        dense
    }
}
