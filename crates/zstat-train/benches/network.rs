//! Times networks: `cargo bench -p zstat-train --bench network -- [THREADS] [SHAPE]` prints one JSON line.
//!
//! For each shape: microseconds of a call of `forward`, of both `forward` and `backward`, and of the same in tangent mode;
//! beside them the matrix products that one forward pass and the derivatives by weights and by hidden layers need at least,
//! on one thread, by the same kernel on tiles in cache. `gflops` counts these products without padding, a multiplication and
//! an addition apart. Medians of as many calls as fit into a second, 3 at least. SHAPE is a part of
//! the names of those wanted.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a bench may panic and print")]

use std::hint::black_box;
use std::time::Instant;

use serde_json::{Map, Value, json};
use zstat_train::kernel::{Finish, GRAIN, Isa, Left, Right, padded, product};
use zstat_train::network::{Activation, Architecture, Network, Workspace};

/// Rows that the products run through at once.
const TILE: usize = 96;

fn main() {
    // `cargo bench` adds a flag of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let threads = arguments.iter().find_map(|word| word.parse().ok()).unwrap_or(1);
    let only = arguments.iter().find(|word| word.parse::<usize>().is_err());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let mut row = Map::new();
    row.insert("isa".to_owned(), json!(format!("{:?}", Isa::best())));
    row.insert("threads".to_owned(), json!(threads));
    let shapes: [(usize, usize, &[usize], usize); 4] =
        [(6000, 3, &[100, 100], 10), (64, 3, &[100, 100], 10), (64, 3, &[10, 10], 1), (200_000, 1, &[4], 1)];
    for (rows, inputs, hidden, outputs) in shapes {
        for activation in [Activation::Relu, Activation::Tanh] {
            let architecture = Architecture { inputs, hidden: hidden.to_vec(), outputs, activation };
            let name = format!("{rows}x{inputs}-{hidden:?}-{outputs} {activation:?}");
            if only.is_some_and(|part| !name.contains(part.as_str())) {
                continue;
            }
            row.insert(name, pool.install(|| measure(architecture, rows)));
        }
    }
    println!("{}", Value::Object(row));
}

fn measure(architecture: Architecture, rows: usize) -> Value {
    let network = Network::init(architecture.clone(), 1).expect("a network");
    let mut workspace = Workspace::default();
    let (x, dx) = (waves(rows * architecture.inputs), waves(rows * architecture.inputs));
    let (d_out, d_dout) = (waves(rows * architecture.outputs), waves(rows * architecture.outputs));
    let (mut out, mut dout) = (d_out.clone(), d_out.clone());
    let mut gradient = vec![0.0; network.parameters().len()];
    let forward = median(&mut || network.forward(&x, black_box(&mut out), &mut workspace));
    let step = median(&mut || {
        network.forward(&x, black_box(&mut out), &mut workspace);
        network.backward(&x, &d_out, black_box(&mut gradient), &mut workspace);
    });
    let tangent_step = median(&mut || {
        network.forward_tangent(&x, &dx, black_box(&mut out), black_box(&mut dout), &mut workspace);
        network.backward_tangent(&x, &dx, &d_out, &d_dout, black_box(&mut gradient), &mut workspace);
    });
    let mut products = Products::new(&architecture);
    let bound = median(&mut || products.run(rows));
    json!({
        "forward_us": round(1e6 * forward),
        "step_us": round(1e6 * step),
        "tangent_step_us": round(1e6 * tangent_step),
        "products_us": round(1e6 * bound),
        "products_gflops": round(products.flops(rows) / bound / 1e9),
        "step_over_products": round(step / bound),
    })
}

/// The products of a pass there and back.
struct Products {
    isa: Isa,
    /// Inputs and outputs of layers.
    layers: Vec<[usize; 2]>,
    left: Vec<f32>,
    right: Vec<f32>,
    out: Vec<f32>,
    sums: Vec<f64>,
}

impl Products {
    fn new(architecture: &Architecture) -> Self {
        let layers: Vec<_> = architecture.layers().map(|layer| [layer.inputs, layer.outputs]).collect();
        let widest = layers.iter().flatten().copied().max().expect("a layer");
        let tile = waves(TILE.max(widest + 1) * padded(widest + 1) + GRAIN);
        let sums = vec![0.0; (widest + 1) * widest];
        Self { isa: Isa::best(), layers, left: tile.clone(), right: tile.clone(), out: tile, sums }
    }

    fn run(&mut self, rows: usize) {
        for first in (0..rows).step_by(TILE) {
            let count = TILE.min(rows - first);
            for l in 0..self.layers.len() {
                let [inputs, outputs] = self.layers[l];
                self.tile(count, inputs, outputs);
                let left = Left { values: &self.left, row: 1, term: padded(inputs + 1) };
                let right = Right { values: &self.right, stride: padded(outputs + 1) };
                let finish = Finish::Add { sums: &mut self.sums };
                product(self.isa, [inputs, count, outputs], left, right, finish);
                if l > 0 {
                    self.tile(count, outputs, inputs);
                }
            }
        }
        black_box(&self.out);
        black_box(&self.sums);
    }

    /// A tile's rows times weights.
    fn tile(&mut self, count: usize, inputs: usize, outputs: usize) {
        let left = Left { values: &self.left, row: padded(inputs + 1), term: 1 };
        let right = Right { values: &self.right, stride: padded(outputs) };
        let activation = Activation::Linear;
        let finish = Finish::Activate { activation, out: &mut self.out, stride: padded(outputs + 1) };
        product(self.isa, [count, inputs, outputs], left, right, finish);
    }

    fn flops(&self, rows: usize) -> f64 {
        let products = |l: usize| if l > 0 { 3.0 } else { 2.0 };
        let each = self.layers.iter().enumerate();
        let terms: f64 = each.map(|(l, [inputs, outputs])| products(l) * (inputs * outputs) as f64).sum();
        2.0 * terms * rows as f64
    }
}

fn waves(length: usize) -> Vec<f32> {
    (0..length).map(|i| (i as f32 * 0.37).sin()).collect()
}

fn round(value: f64) -> f64 {
    (100.0 * value).round() / 100.0
}

/// Seconds of a call.
fn median(call: &mut dyn FnMut()) -> f64 {
    call();
    let started = Instant::now();
    let mut times = Vec::new();
    while times.len() < 3 || (times.len() < 10_000 && started.elapsed().as_secs_f64() < 1.0) {
        let one = Instant::now();
        call();
        times.push(one.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
