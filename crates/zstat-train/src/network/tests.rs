//! Networks against the oracle, and against themselves: threads, workspaces, homogeneity.

use super::lane::TILE;
use super::workspace::Plan;
use super::*;
use crate::kernel::Isa;
use Activation::{Linear, Relu, Sigmoid, Tanh};

/// Errors of f32: a relative part of the largest number, growing with the layers behind it.
const TOLERANCE: f64 = 1e-5;

fn waves(length: usize, pace: f64) -> Vec<f32> {
    (0..length).map(|i| (0.3 + (i + 1) as f64 * pace).sin() as f32).collect()
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

fn dot(a: &[f64], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, &b)| a * f64::from(b)).sum()
}

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1.0, |m: f64, v| m.max(v.abs()));
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f - e).abs() <= TOLERANCE * scale, "{what}, element {i}: {f}, expected {e} (scale {scale})");
    }
}

fn network(inputs: usize, hidden: &[usize], outputs: usize, activation: Activation) -> Network {
    let architecture = Architecture { inputs, hidden: hidden.to_vec(), outputs, activation };
    let mut network = Network::init(architecture, 11).unwrap();
    // Biases that are not zero.
    for (parameter, shift) in network.parameters_mut().iter_mut().zip(waves(10_000, 0.9)) {
        *parameter += 0.2 * shift;
    }
    network
}

/// A network with events and derivatives.
struct Case {
    network: Network,
    x: Vec<f32>,
    dx: Vec<f32>,
    d_out: Vec<f32>,
    d_dout: Vec<f32>,
    name: String,
}

impl Case {
    fn new(inputs: usize, hidden: &[usize], outputs: usize, activation: Activation, rows: usize) -> Self {
        Self {
            network: network(inputs, hidden, outputs, activation),
            x: waves(rows * inputs, 0.713),
            dx: waves(rows * inputs, 1.171),
            d_out: waves(rows * outputs, 0.377),
            d_dout: waves(rows * outputs, 0.591),
            name: format!("{inputs}-{hidden:?}-{outputs} {activation:?}, {rows} rows"),
        }
    }

    /// Σ (d_out · out + d_dout · dout) of the oracle.
    fn total(&self, theta: &[f64], x: &[f64], tangents: bool) -> f64 {
        let [out, dout] = oracle::forward(self.network.architecture(), theta, x, &wide(&self.dx));
        dot(&out, &self.d_out) + if tangents { dot(&dout, &self.d_dout) } else { 0.0 }
    }

    fn gradient(&self, workspace: &mut Workspace, tangents: bool) -> Vec<f64> {
        let Self { network, x, dx, d_out, d_dout, .. } = self;
        let mut gradient = vec![f64::NAN; network.parameters().len()];
        if tangents {
            network.backward_tangent(x, dx, d_out, d_dout, &mut gradient, workspace);
        } else {
            network.backward(x, d_out, &mut gradient, workspace);
        }
        gradient
    }
}

/// One for every way through a network and every instruction set that this CPU has.
fn workspaces() -> Vec<Workspace> {
    let plans = Isa::available().flat_map(|isa| [true, false].map(|narrow| Plan { narrow, isa }));
    let with = |plan| {
        let mut workspace = Workspace::default();
        workspace.plan = Some(plan);
        workspace
    };
    plans.map(with).collect()
}

/// All activations, depths from 0 to 3, widths at and beside vectors, rows at and beside tiles; and some at random.
fn cases() -> Vec<Case> {
    let mut cases = vec![Case::new(3, &[], 2, Linear, 5), Case::new(17, &[], 1, Relu, TILE + 1)];
    for activation in [Relu, Tanh, Sigmoid, Linear] {
        cases.push(Case::new(1, &[3], 1, activation, 1));
        cases.push(Case::new(3, &[6, 5], 2, activation, 7));
        cases.push(Case::new(2, &[16], 3, activation, TILE));
        cases.push(Case::new(4, &[7, 17, 3], 4, activation, TILE + 5));
        cases.push(Case::new(2, &[5], 17, activation, 2 * TILE + 31));
        cases.push(Case::new(3, &[33, 2], 1, activation, 3));
    }
    let mut state = 7_u64;
    let mut below = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    for _ in 0..16 {
        let hidden: Vec<usize> = (0..below(4)).map(|_| 1 + below(12)).collect();
        let activation = [Relu, Tanh, Sigmoid, Linear][below(4)];
        cases.push(Case::new(1 + below(20), &hidden, 1 + below(6), activation, 1 + below(200)));
    }
    cases
}

#[test]
fn outputs_and_tangents_agree_with_the_oracle() {
    let mut workspaces = workspaces();
    for case in cases() {
        let (network, n) = (&case.network, case.d_out.len());
        let theta = wide(network.parameters());
        let [expected, expected_tangents] =
            oracle::forward(network.architecture(), &theta, &wide(&case.x), &wide(&case.dx));
        for workspace in &mut workspaces {
            let (mut out, mut again, mut dout) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
            network.forward(&case.x, &mut out, workspace);
            network.forward_tangent(&case.x, &case.dx, &mut again, &mut dout, workspace);
            assert_eq!(out, again);
            let what = format!("{}, {:?}", case.name, workspace.plan);
            assert_close(&wide(&out), &expected, &what);
            assert_close(&wide(&dout), &expected_tangents, &what);
        }
    }
}

/// The oracle's own tangents are its derivatives.
#[test]
fn the_oracle_is_consistent() {
    for case in cases() {
        let (network, theta) = (&case.network, wide(case.network.parameters()));
        let (x, dx) = (wide(&case.x), wide(&case.dx));
        let [_, dout] = oracle::forward(network.architecture(), &theta, &x, &dx);
        let along = oracle::gradient(&[0.0], |t| {
            let moved: Vec<f64> = x.iter().zip(&dx).map(|(x, dx)| x + t[0] * dx).collect();
            dot(&oracle::forward(network.architecture(), &theta, &moved, &dx)[0], &case.d_dout)
        });
        assert_close(&along, &[dot(&dout, &case.d_dout)], &case.name);
    }
}

#[test]
fn gradients_agree_with_differences_of_the_oracle() {
    let mut workspaces = workspaces();
    for (case, tangents) in cases().iter().flat_map(|case| [(case, false), (case, true)]) {
        let x = wide(&case.x);
        let expected =
            oracle::gradient(&wide(case.network.parameters()), |theta| case.total(theta, &x, tangents));
        for workspace in &mut workspaces {
            let what = format!("{}, {:?}", case.name, workspace.plan);
            assert_close(&case.gradient(workspace, tangents), &expected, &what);
        }
    }
}

#[test]
fn derivatives_by_features_agree_with_differences_of_the_oracle() {
    let mut workspaces = workspaces();
    for case in cases().iter().filter(|case| case.x.len() < 100) {
        let theta = wide(case.network.parameters());
        let expected = oracle::gradient(&wide(&case.x), |x| case.total(&theta, x, false));
        for workspace in &mut workspaces {
            let (mut gradient, mut d_x) = (vec![0.0; theta.len()], vec![f32::NAN; case.x.len()]);
            case.network.backward_inputs(&case.x, &case.d_out, &mut gradient, &mut d_x, workspace);
            assert_close(&wide(&d_x), &expected, &format!("{}, {:?}", case.name, workspace.plan));
            assert_eq!(gradient, case.gradient(workspace, false));
        }
    }
}

#[test]
fn no_rows_give_no_outputs_and_no_gradient() {
    let mut workspace = Workspace::default();
    let case = Case::new(3, &[4], 2, Tanh, 0);
    case.network.forward(&[], &mut [], &mut workspace);
    case.network.forward_tangent(&[], &[], &mut [], &mut [], &mut workspace);
    assert!(case.gradient(&mut workspace, false).iter().all(|&g| g == 0.0));
    assert!(case.gradient(&mut workspace, true).iter().all(|&g| g == 0.0));
}

/// Outputs, tangents, derivatives by features and both gradients of one case, as bits.
fn everything(case: &Case, workspace: &mut Workspace) -> Vec<u64> {
    let Case { network, x, dx, d_out, .. } = case;
    let n = d_out.len();
    let (mut out, mut dout, mut plain) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
    let (mut gradient, mut d_x) = (vec![0.0; network.parameters().len()], vec![0.0; x.len()]);
    network.forward(x, &mut plain, workspace);
    network.forward_tangent(x, dx, &mut out, &mut dout, workspace);
    network.backward_inputs(x, d_out, &mut gradient, &mut d_x, workspace);
    let singles = [plain, out, dout, d_x].concat().into_iter().map(|v| u64::from(v.to_bits()));
    let doubles = [gradient, case.gradient(workspace, false), case.gradient(workspace, true)].concat();
    singles.chain(doubles.into_iter().map(f64::to_bits)).collect()
}

#[test]
fn threads_and_earlier_use_of_a_workspace_do_not_show() {
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let [one, two, five] = [1, 2, 5].map(pool);
    let mut used = Workspace::default();
    let shapes =
        [(100, 20 * TILE + 3), (10, 4 * TILE + 1), (4, 300 * TILE + 17), (40, 300 * TILE + 17), (20, 64)];
    for (i, (width, rows)) in shapes.into_iter().enumerate() {
        let case = Case::new(3, &[width, 20], 4, [Relu, Tanh, Sigmoid][i % 3], rows);
        let alone = one.install(|| everything(&case, &mut Workspace::default()));
        for pool in [&one, &two, &five] {
            assert!(pool.install(|| everything(&case, &mut used)) == alone, "{}", case.name);
        }
    }
}

/// A row's outputs do not depend on the rows around it.
#[test]
fn rows_do_not_see_each_other() {
    let case = Case::new(3, &[18, 5], 2, Sigmoid, 5 * TILE + 1);
    for mut workspace in workspaces() {
        let mut out = vec![0.0; case.d_out.len()];
        case.network.forward(&case.x, &mut out, &mut workspace);
        for row in [0, TILE - 1, TILE, 5 * TILE] {
            let mut alone = [0.0; 2];
            case.network.forward(&case.x[3 * row..3 * row + 3], &mut alone, &mut workspace);
            assert_eq!(alone, out[2 * row..2 * row + 2]);
        }
    }
}

/// A ReLU network without biases is homogeneous: of degree 1 in its features, so that its tangent along them is itself, and
/// of degree 1 in each layer's weights (Euler).
#[test]
fn homogeneous_networks_obey_euler() {
    let architecture = Architecture { inputs: 4, hidden: vec![20, 9], outputs: 3, activation: Relu };
    let network = Network::init(architecture.clone(), 3).unwrap();
    let mut workspace = Workspace::default();
    let rows = TILE + 9;
    let (x, d_out) = (waves(4 * rows, 0.7), waves(3 * rows, 0.3));
    let (mut out, mut dout) = (vec![0.0; 3 * rows], vec![0.0; 3 * rows]);
    network.forward_tangent(&x, &x, &mut out, &mut dout, &mut workspace);
    assert_close(&wide(&dout), &wide(&out), "tangent along the features");
    let total = dot(&wide(&out), &d_out);
    let zero = vec![0.0; 3 * rows];
    let (mut gradient, mut by_tangent) =
        (vec![0.0; architecture.parameters()], vec![0.0; architecture.parameters()]);
    network.backward(&x, &d_out, &mut gradient, &mut workspace);
    network.backward_tangent(&x, &x, &zero, &d_out, &mut by_tangent, &mut workspace);
    for layer in architecture.layers() {
        let weights = layer.start..layer.start + layer.inputs * layer.outputs;
        let theta = &network.parameters()[weights.clone()];
        assert_close(&[dot(&gradient[weights.clone()], theta)], &[total], "values");
        assert_close(&[dot(&by_tangent[weights], theta)], &[total], "tangents");
    }
}

#[test]
fn networks_of_wrong_shape_are_refused() {
    let architecture = Architecture { inputs: 2, hidden: vec![3], outputs: 1, activation: Relu };
    let error = Network::new(architecture, vec![0.0; 12]).unwrap_err();
    assert_eq!(error.to_string(), "a network of this architecture has 13 parameters, found 12");
    let empty = Architecture { inputs: 0, hidden: vec![], outputs: 1, activation: Relu };
    let message = Network::init(empty, 0).unwrap_err().to_string();
    assert_eq!(message, "the input layer of a network has no units; give it 1 at least");
}

#[test]
#[should_panic(expected = "rows × outputs")]
fn too_few_outputs_are_a_bug_of_the_caller() {
    network(2, &[3], 2, Relu).forward(&[0.0; 4], &mut [0.0; 3], &mut Workspace::default());
}
