//! Bins between edges on one score, smeared by a kernel: share of bin i = F((e_{i+1} − t)/h) − F((e_i − t)/h).
//!
//! The score may be squashed into (0, 1) first. Edges that are learnt are sums of widths, softmax of free numbers over the range:
//! they stay in order and inside whatever is learnt.

use zstat_core::normal::upper_tail;

/// Where the edges are, and what is between them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Edges {
    pub bins: usize,
    /// First and last edge.
    pub range: [f64; 2],
    /// All edges, where they are given one by one.
    pub given: Vec<f64>,
    /// The edges between are learnt, too.
    pub train: bool,
    /// The score is a logit: t = 1/(1 + e^−z).
    pub squash: bool,
    /// What lies below and above the range counts in the first and the last bin.
    pub include_outside: bool,
}

/// More bins than this are a slip.
const MOST: usize = 100_000;

/// What is wrong with a number of bins.
pub(super) fn of_bins(bins: usize) -> Option<&'static str> {
    match bins {
        0 => Some("`bins` must be at least 1"),
        1..=MOST => None,
        _ => Some("`bins` must be at most 100000"),
    }
}

impl Edges {
    /// What is wrong with them.
    pub(super) fn fault(&self) -> Option<&'static str> {
        if let Some(fault) = of_bins(self.bins) {
            return Some(fault);
        }
        match self {
            Self { range: [low, high], .. } if !(low.is_finite() && high.is_finite() && low < high) => {
                Some("`range` must be two finite numbers in ascending order")
            }
            _ => None,
        }
    }

    pub(super) fn start(&self) -> Vec<f64> {
        vec![0.0; if self.train { self.bins } else { 0 }]
    }

    /// The parts of the range that the bins take.
    fn parts(&self, learnt: &[f64]) -> Vec<f64> {
        if learnt.is_empty() {
            return vec![1.0 / self.bins as f64; self.bins];
        }
        let largest = learnt.iter().fold(f64::NEG_INFINITY, |largest, p| largest.max(*p));
        let exp: Vec<f64> = learnt.iter().map(|p| (p - largest).exp()).collect();
        let sum: f64 = exp.iter().sum();
        exp.into_iter().map(|e| e / sum).collect()
    }

    /// All edges, ascending.
    pub(super) fn places(&self, learnt: &[f64]) -> Vec<f64> {
        if !self.given.is_empty() {
            return self.given.clone();
        }
        let [low, high] = self.range;
        let mut edges = vec![low];
        let mut sum = 0.0;
        for part in self.parts(learnt) {
            sum += part;
            edges.push(low + (high - low) * sum);
        }
        edges[self.bins] = high;
        edges
    }

    /// t, and dt/dz.
    fn squashed(&self, z: f64) -> [f64; 2] {
        if !self.squash {
            return [z, 1.0];
        }
        let tail = (-z.abs()).exp();
        let t = if z >= 0.0 { 1.0 / (1.0 + tail) } else { tail / (1.0 + tail) };
        [t, tail / ((1.0 + tail) * (1.0 + tail))]
    }

    /// t alone.
    pub(super) fn shown(&self, z: f64) -> f64 {
        self.squashed(z)[0]
    }

    /// The bin that counts. Scores are of 32 bits: edges on the same scale are rounded alike, so that a feature that stands on one is in
    /// the bin above it.
    pub(super) fn bin(&self, edges: &[f64], z: f64) -> Option<usize> {
        let [t, _] = self.squashed(z);
        let rounded = |edge: f64| if self.squash { edge } else { f64::from(edge as f32) };
        let above = edges.partition_point(|edge| rounded(*edge) <= t);
        match above {
            _ if t.is_nan() => None,
            0 => self.include_outside.then_some(0),
            above if above > self.bins => {
                // The last edge belongs to the last bin.
                (self.include_outside || t == rounded(edges[self.bins])).then(|| self.bins - 1)
            }
            above => Some(above - 1),
        }
    }
}

/// What smears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kernel {
    /// The normal distribution.
    Normal,
    /// The logistic one.
    Logistic,
}

impl Kernel {
    /// F and its slope.
    fn of(self, x: f64) -> [f64; 2] {
        match self {
            Self::Normal => [upper_tail(-x), (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()],
            Self::Logistic => {
                let tail = (-x.abs()).exp();
                let f = if x >= 0.0 { 1.0 / (1.0 + tail) } else { tail / (1.0 + tail) };
                [f, tail / ((1.0 + tail) * (1.0 + tail))]
            }
        }
    }
}

/// Edges with their smearing.
pub(super) struct Smeared<'a> {
    pub edges: &'a Edges,
    pub kernel: Kernel,
    /// h, in units of t.
    pub width: f64,
}

impl Smeared<'_> {
    /// F at every edge, and its slopes; 0 and 1 at the ends where what is outside counts.
    fn at_edges(&self, edges: &[f64], t: f64, out: &mut Vec<[f64; 2]>) {
        out.clear();
        out.extend(edges.iter().map(|edge| self.kernel.of((edge - t) / self.width)));
        if self.edges.include_outside {
            out[0] = [0.0, 0.0];
            out[edges.len() - 1] = [1.0, 0.0];
        }
    }

    pub fn assign(&self, learnt: &[f64], scores: &[f64], shares: &mut [f64]) {
        let (edges, bins) = (self.edges.places(learnt), self.edges.bins);
        assert_eq!(shares.len(), scores.len() * bins, "events × bins");
        let mut at = Vec::new();
        for (&z, shares) in scores.iter().zip(shares.chunks_exact_mut(bins)) {
            self.at_edges(&edges, self.edges.squashed(z)[0], &mut at);
            for (share, pair) in shares.iter_mut().zip(at.windows(2)) {
                *share = pair[1][0] - pair[0][0];
            }
        }
    }

    pub fn pull(
        &self,
        learnt: &[f64],
        scores: &[f64],
        by_shares: &[f64],
        by_scores: &mut [f64],
        by_learnt: &mut [f64],
    ) {
        let (edges, bins) = (self.edges.places(learnt), self.edges.bins);
        assert_eq!(by_shares.len(), scores.len() * bins, "events × bins");
        let mut at = Vec::new();
        let mut by_edges = vec![0.0; bins + 1];
        for ((&z, upstream), out) in scores.iter().zip(by_shares.chunks_exact(bins)).zip(by_scores) {
            let [t, slope] = self.edges.squashed(z);
            self.at_edges(&edges, t, &mut at);
            let mut by_t = 0.0;
            for (edge, [_, density]) in at.iter().enumerate() {
                // A bin ends at its upper edge, the next begins there.
                let ends = edge.checked_sub(1).map_or(0.0, |bin| upstream[bin]);
                let begins = upstream.get(edge).copied().unwrap_or(0.0);
                let force = (ends - begins) * density / self.width;
                by_edges[edge] += force;
                by_t -= force;
            }
            *out = by_t * slope;
        }
        self.edges_to_learnt(learnt, &by_edges, by_learnt);
    }

    /// e_i = low + range Σ_{k<i} w_k with w = softmax(learnt); the last edge does not move.
    fn edges_to_learnt(&self, learnt: &[f64], by_edges: &[f64], by_learnt: &mut [f64]) {
        if learnt.is_empty() {
            return;
        }
        let [low, high] = self.edges.range;
        let parts = self.edges.parts(learnt);
        let bins = self.edges.bins;
        // What every width moves: the edges above it.
        let mut by_parts = vec![0.0; bins];
        let mut above = 0.0;
        for bin in (0..bins).rev() {
            by_parts[bin] = above * (high - low);
            above += if bin > 0 { by_edges[bin] } else { 0.0 };
        }
        // The edge after bin k is k + 1, so that width k moves edges k + 1 … bins − 1.
        let mean: f64 = parts.iter().zip(&by_parts).map(|(w, g)| w * g).sum();
        for ((out, w), g) in by_learnt.iter_mut().zip(&parts).zip(&by_parts) {
            *out += w * (g - mean);
        }
    }
}
