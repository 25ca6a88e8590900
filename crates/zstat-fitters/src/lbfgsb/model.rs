//! The minimiser of the quadratic model in the box: generalised Cauchy point, then the subspace of free coordinates.
//!
//! Source: Byrd, Lu, Nocedal, Zhu (1995), sections 4 (algorithm CP) and 5.1 (direct primal method).

use nalgebra::{DMatrix, DVector, LU};

use super::memory::Memory;

/// Where the projected steepest descent of the model ends, and Wᵀ(x_c − x).
struct Cauchy {
    point: Vec<f64>,
    c: DVector<f64>,
    /// Coordinates that are not on the bound that the path would take them through.
    free: Vec<usize>,
}

/// The approximate minimiser, inside the box, of f + gᵀd + ½ dᵀBd around `x`.
pub(super) fn minimise(memory: &Memory, x: &[f64], gradient: &[f64], bounds: &[[f64; 2]]) -> Vec<f64> {
    let cauchy = cauchy_point(memory, x, gradient, bounds);
    match subspace_step(memory, x, gradient, &cauchy) {
        Some(step) => cut_to_box(&cauchy, &step, bounds),
        None => cauchy.point,
    }
}

/// Follows x − t g through the box until the model stops decreasing.
fn cauchy_point(memory: &Memory, x: &[f64], gradient: &[f64], bounds: &[[f64; 2]]) -> Cauchy {
    let n = x.len();
    let reach: Vec<f64> = (0..n).map(|i| breakpoint(x[i], gradient[i], bounds[i])).collect();
    let mut direction: Vec<f64> = (0..n).map(|i| if reach[i] > 0.0 { -gradient[i] } else { 0.0 }).collect();
    let mut order: Vec<usize> = (0..n).filter(|&i| reach[i] > 0.0).collect();
    order.sort_by(|&a, &b| reach[a].total_cmp(&reach[b]));

    let mut point = x.to_vec();
    let mut p = memory.w.tr_mul(&DVector::from_row_slice(&direction));
    let mut c = DVector::zeros(p.len());
    let mut slope = -direction.iter().map(|d| d * d).sum::<f64>();
    let mut bend = -memory.theta * slope - p.dot(&memory.apply(&p));
    let floor = f64::EPSILON * bend.abs();
    let mut at = 0.0;
    let mut passed = 0;
    for &i in &order {
        let segment = reach[i] - at;
        let goes_on = slope < 0.0 && -slope / bend.max(floor) >= segment;
        if !goes_on {
            break;
        }
        // The model still decreases at the next bound: stop coordinate i there and go on without it.
        point[i] = if direction[i] > 0.0 { bounds[i][1] } else { bounds[i][0] };
        let moved = point[i] - x[i];
        c += &p * segment;
        let (g, w) = (gradient[i], memory.row(i));
        let (mc, mp, mw) = (memory.apply(&c), memory.apply(&p), memory.apply(&w));
        slope += segment * bend + g * g + memory.theta * g * moved - g * w.dot(&mc);
        bend -= memory.theta * g * g + 2.0 * g * w.dot(&mp) + g * g * w.dot(&mw);
        p += w * g;
        direction[i] = 0.0;
        at = reach[i];
        passed += 1;
    }
    let step = if slope < 0.0 { -slope / bend.max(floor) } else { 0.0 };
    let step = if step.is_finite() { step } else { 0.0 };
    let free: Vec<usize> = order[passed..].to_vec();
    for &i in &free {
        point[i] = (x[i] + (at + step) * direction[i]).max(bounds[i][0]).min(bounds[i][1]);
    }
    c += p * step;
    Cauchy { point, c, free }
}

/// The t at which x − t g meets a bound.
fn breakpoint(x: f64, slope: f64, bounds: [f64; 2]) -> f64 {
    if slope < 0.0 {
        (x - bounds[1]) / slope
    } else if slope > 0.0 {
        (x - bounds[0]) / slope
    } else {
        0.0
    }
}

/// The unconstrained minimiser over the free coordinates, as a step from the Cauchy point.
fn subspace_step(memory: &Memory, x: &[f64], gradient: &[f64], cauchy: &Cauchy) -> Option<DVector<f64>> {
    if cauchy.free.is_empty() || memory.is_empty() {
        return None;
    }
    let mc = memory.apply(&cauchy.c);
    let wmc = &memory.w * mc;
    let residual = DVector::from_iterator(
        cauchy.free.len(),
        cauchy.free.iter().map(|&i| gradient[i] + memory.theta * (cauchy.point[i] - x[i]) - wmc[i]),
    );
    let w_free = memory.w.select_rows(&cauchy.free);
    // (I − M WᵀW/θ) v = M Wᵀ r
    let size = memory.m.nrows();
    let system = DMatrix::identity(size, size) - &memory.m * w_free.tr_mul(&w_free) / memory.theta;
    let v = LU::new(system).solve(&memory.apply(&w_free.tr_mul(&residual)))?;
    let step = -&residual / memory.theta - w_free * v / (memory.theta * memory.theta);
    step.iter().all(|entry| entry.is_finite()).then_some(step)
}

/// Goes from the Cauchy point along the step as far as the box allows.
fn cut_to_box(cauchy: &Cauchy, step: &DVector<f64>, bounds: &[[f64; 2]]) -> Vec<f64> {
    let mut fraction = 1.0_f64;
    for (&i, &d) in cauchy.free.iter().zip(step) {
        let room = if d > 0.0 { bounds[i][1] - cauchy.point[i] } else { bounds[i][0] - cauchy.point[i] };
        if d != 0.0 {
            fraction = fraction.min(room / d);
        }
    }
    let mut point = cauchy.point.clone();
    for (&i, &d) in cauchy.free.iter().zip(step) {
        point[i] = (point[i] + fraction.max(0.0) * d).max(bounds[i][0]).min(bounds[i][1]);
    }
    point
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quadratic_memory(hessian: &DMatrix<f64>) -> Memory {
        let n = hessian.nrows();
        let mut memory = Memory::new(n, 10);
        for i in 0..n {
            let mut s = DVector::zeros(n);
            s[i] = 1.0;
            s[(i + 1) % n] = 0.4;
            assert!(memory.learn(s.clone(), hessian * s));
        }
        memory
    }

    /// The projected gradient of the model must vanish at an unconstrained minimiser.
    #[test]
    fn without_bounds_the_model_is_minimised_exactly() {
        let hessian = DMatrix::from_row_slice(3, 3, &[4.0, 1.0, 0.5, 1.0, 3.0, -0.2, 0.5, -0.2, 2.0]);
        let memory = quadratic_memory(&hessian);
        let b = DMatrix::identity(3, 3) * memory.theta - &memory.w * &memory.m * memory.w.transpose();
        let (x, g) = ([0.3, -0.2, 0.8], [1.0, -2.0, 0.5]);
        let infinite = [[f64::NEG_INFINITY, f64::INFINITY]; 3];
        let end = minimise(&memory, &x, &g, &infinite);
        let d = DVector::from_row_slice(&end) - DVector::from_row_slice(&x);
        let rest = DVector::from_row_slice(&g) + b * d;
        assert!(rest.amax() < 1e-12, "{rest}");
    }

    /// Never outside the box, and never above the model's value at the Cauchy point, which is below that at x.
    #[test]
    fn in_a_box_the_model_decreases() {
        let hessian = DMatrix::from_row_slice(3, 3, &[4.0, 1.0, 0.5, 1.0, 3.0, -0.2, 0.5, -0.2, 2.0]);
        let memory = quadratic_memory(&hessian);
        let b = DMatrix::identity(3, 3) * memory.theta - &memory.w * &memory.m * memory.w.transpose();
        let x = [0.5, 0.0, 1.0];
        let bounds = [[0.0, 1.0]; 3];
        for g in [[1.0, -2.0, 0.5], [-3.0, 0.1, 0.2], [0.2, 4.0, -1.0], [9.0, -9.0, 9.0]] {
            let end = minimise(&memory, &x, &g, &bounds);
            assert!(end.iter().all(|value| (0.0..=1.0).contains(value)), "{end:?}");
            let d = DVector::from_row_slice(&end) - DVector::from_row_slice(&x);
            let model = DVector::from_row_slice(&g).dot(&d) + 0.5 * d.dot(&(&b * &d));
            assert!(model < 0.0, "{g:?}: {model}");
        }
    }
}
