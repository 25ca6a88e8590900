//! Products on all instruction sets of this CPU against sums in f64.

use super::*;

fn waves(length: usize, pace: f32) -> Vec<f32> {
    (0..length).map(|i| (i as f32 * pace).sin()).collect()
}

/// Factors of one shape with junk in all padding, and their product in f64.
struct Case {
    shape: [usize; 3],
    left: Vec<f32>,
    right: Vec<f32>,
    row: usize,
    term: usize,
    stride: usize,
}

impl Case {
    fn new(shape @ [m, k, n]: [usize; 3], transposed: bool) -> Self {
        let (row, term) = if transposed { (1, m + 3) } else { (k + 2, 1) };
        let rows = m.next_multiple_of(GRAIN);
        let stride = padded(n) + 16;
        let (left, right) = (waves(rows * row + k * term, 0.7), waves(k * stride, 1.3));
        Self { shape, left, right, row, term, stride }
    }

    fn run(&self, isa: Isa, finish: Finish<'_>) {
        let left = Left { values: &self.left, row: self.row, term: self.term };
        product(isa, self.shape, left, Right { values: &self.right, stride: self.stride }, finish);
    }

    fn sum(&self, i: usize, j: usize) -> f64 {
        let left = |p: usize| f64::from(self.left[i * self.row + p * self.term]);
        (0..self.shape[1]).map(|p| left(p) * f64::from(self.right[p * self.stride + j])).sum()
    }

    fn elements(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let [m, _, n] = self.shape;
        (0..m).flat_map(move |i| (0..n).map(move |j| (i, j)))
    }
}

const SHAPES: [[usize; 3]; 13] = [
    [1, 1, 1],
    [2, 3, 5],
    [6, 9, 16],
    [7, 11, 17],
    [12, 4, 32],
    [13, 30, 33],
    [24, 5, 48],
    [25, 8, 50],
    [96, 100, 64],
    [95, 101, 70],
    [10, 96, 100],
    [4, 17, 130],
    [3, 0, 20],
];

/// Sums of up to 101 products below 1: an error of 101 · 6e-8 at most, and of the activation.
#[test]
fn products_agree_with_sums_in_f64() {
    for (shape, transposed) in SHAPES.into_iter().flat_map(|shape| [(shape, false), (shape, true)]) {
        let case = Case::new(shape, transposed);
        let ([m, _, n], stride) = (shape, padded(shape[2]) + 32);
        for isa in Isa::available() {
            let mut out = vec![f32::NAN; m * stride];
            case.run(isa, Finish::Activate { activation: Activation::Tanh, out: &mut out, stride });
            let mut sums = vec![1.0; m * n];
            case.run(isa, Finish::Add { sums: &mut sums });
            for (i, j) in case.elements() {
                let z = case.sum(i, j);
                assert!((f64::from(out[i * stride + j]) - z.tanh()).abs() < 1e-5, "{isa:?} {shape:?}");
                assert!((sums[i * n + j] - 1.0 - z).abs() < 1e-5, "{isa:?} {shape:?}");
            }
            assert!(out.chunks(stride).all(|row| row[padded(n)..].iter().all(|x| x.is_nan())));
        }
    }
}

#[test]
fn chain_rules_agree_with_their_formulas() {
    use Activation::{Linear, Relu, Sigmoid, Tanh};
    let case = Case::new([13, 7, 37], false);
    let stride = 48;
    let (values, tangents, q) =
        (waves(13 * stride, 0.31), waves(13 * stride, 0.17), waves(13 * stride, 0.23));
    for (activation, isa) in
        [Relu, Tanh, Sigmoid, Linear].into_iter().flat_map(|f| Isa::available().map(move |isa| (f, isa)))
    {
        let (mut first, mut second, mut adjoints) =
            (vec![0.0; 13 * stride], vec![0.0; 13 * stride], q.clone());
        case.run(isa, Finish::Slope { activation, values: &values, out: &mut first, stride });
        let (values, tangents) = (&values, &tangents);
        let out = &mut second;
        case.run(isa, Finish::Bend { activation, values, tangents, adjoints: &mut adjoints, out, stride });
        for (i, j) in case.elements() {
            let at = i * stride + j;
            let (a, da, q) = (f64::from(values[at]), f64::from(tangents[at]), f64::from(q[at]));
            let (f1, f2) = match activation {
                Relu => (if a > 0.0 { 1.0 } else { 0.0 }, 0.0),
                Tanh => (1.0 - a * a, -2.0 * a),
                Sigmoid => (a * (1.0 - a), 1.0 - 2.0 * a),
                Linear => (1.0, 0.0),
            };
            let z = case.sum(i, j);
            assert!((f64::from(first[at]) - z * f1).abs() < 5e-6);
            assert!((f64::from(second[at]) - (z * f1 + q * f2 * da)).abs() < 5e-6);
            assert!((f64::from(adjoints[at]) - q * f1).abs() < 1e-6);
        }
    }
}

/// One chain of fused multiply-adds an element: the width of vectors does not show.
#[test]
#[cfg(target_arch = "x86_64")]
fn instruction_sets_with_fused_multiply_add_give_the_same_bits() {
    for shape @ [m, _, n] in SHAPES {
        let case = Case::new(shape, false);
        let results = Isa::available().filter(|&isa| isa != Isa::Portable).map(|isa| {
            let mut sums = vec![0.0; m * n];
            case.run(isa, Finish::Add { sums: &mut sums });
            sums
        });
        let results: Vec<_> = results.collect();
        assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "{shape:?}");
    }
}

#[test]
#[should_panic(expected = "left matrix")]
fn strides_that_overflow_are_refused() {
    let (values, mut sums) = (vec![0.0; 64], vec![0.0; 4]);
    let left = Left { values: &values, row: usize::MAX / 2, term: 1 };
    product(
        Isa::best(),
        [2, 2, 2],
        left,
        Right { values: &values, stride: 16 },
        Finish::Add { sums: &mut sums },
    );
}
