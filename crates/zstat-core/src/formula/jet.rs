//! Numbers that carry their first and second derivatives.

use super::{Function, raise};

/// A value with its gradient and Hessian in d variables.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Jet {
    /// The value.
    pub value: f64,
    /// First derivatives, d of them.
    pub gradient: Vec<f64>,
    /// Second derivatives, d × d, row-major, both halves.
    pub hessian: Vec<f64>,
}

/// The slots of a stack machine over [`Jet`]s; reuse it, and nothing is allocated after the first formula of a size.
#[derive(Debug, Clone, Default)]
pub struct Jets {
    d: usize,
    slots: Vec<Jet>,
}

impl Jets {
    /// Slots for jets in `d` variables from now on.
    pub fn set_variables(&mut self, d: usize) {
        self.d = d;
    }

    pub(super) fn prepare(&mut self, slots: usize) {
        if self.slots.len() < slots {
            self.slots.resize_with(slots, Jet::default);
        }
        let d = self.d;
        for slot in &mut self.slots[..slots] {
            slot.gradient.resize(d, 0.0);
            slot.hessian.resize(d * d, 0.0);
        }
    }

    pub(super) fn slot(&mut self, at: usize) -> &mut Jet {
        &mut self.slots[at]
    }

    /// The slots at `at` and behind it.
    pub(super) fn pair(&mut self, at: usize) -> (&mut Jet, &Jet) {
        let (left, right) = self.slots.split_at_mut(at + 1);
        (&mut left[at], &right[0])
    }
}

impl Jet {
    /// A constant.
    pub fn set_constant(&mut self, value: f64) {
        self.value = value;
        self.gradient.fill(0.0);
        self.hessian.fill(0.0);
    }

    /// The variable with index `i`.
    ///
    /// # Panics
    /// If the jet has not so many variables.
    pub fn set_variable(&mut self, value: f64, i: usize) {
        self.set_constant(value);
        self.gradient[i] = 1.0;
    }

    /// Sets it to another jet's numbers, whose variable j is this one's variable `map[j]`.
    ///
    /// # Panics
    /// If `map` is shorter than the other's gradient, or points outside this one's.
    pub fn set_mapped(&mut self, other: &Self, map: &[usize]) {
        self.set_constant(other.value);
        let (d, n) = (self.gradient.len(), other.gradient.len());
        for (j, &to) in map.iter().enumerate() {
            self.gradient[to] = other.gradient[j];
            for (k, &column) in map.iter().enumerate() {
                self.hessian[to * d + column] = other.hessian[j * n + k];
            }
        }
    }

    /// self + sign · other.
    pub(super) fn add(&mut self, other: &Self, sign: f64) {
        self.value += sign * other.value;
        self.gradient.iter_mut().zip(&other.gradient).for_each(|(a, b)| *a += sign * b);
        self.hessian.iter_mut().zip(&other.hessian).for_each(|(a, b)| *a += sign * b);
    }

    pub(super) fn scale(&mut self, factor: f64) {
        self.value *= factor;
        self.gradient.iter_mut().for_each(|a| *a *= factor);
        self.hessian.iter_mut().for_each(|a| *a *= factor);
    }

    pub(super) fn multiply(&mut self, other: &Self) {
        let d = self.gradient.len();
        let (a, b) = (self.value, other.value);
        for i in 0..d {
            for j in 0..d {
                let cross = self.gradient[i] * other.gradient[j] + other.gradient[i] * self.gradient[j];
                let h = &mut self.hessian[i * d + j];
                *h = *h * b + a * other.hessian[i * d + j] + cross;
            }
        }
        for (x, y) in self.gradient.iter_mut().zip(&other.gradient) {
            *x = *x * b + a * y;
        }
        self.value = a * b;
    }

    /// q = a/b: ∂q = (∂a − q ∂b)/b, ∂²q = (∂²a − q ∂²b − ∂q ∂bᵀ − ∂b ∂qᵀ)/b.
    pub(super) fn divide(&mut self, other: &Self) {
        let d = self.gradient.len();
        let (q, r) = (self.value / other.value, 1.0 / other.value);
        for (x, y) in self.gradient.iter_mut().zip(&other.gradient) {
            *x = (*x - q * y) * r;
        }
        for i in 0..d {
            for j in 0..d {
                let cross = self.gradient[i] * other.gradient[j] + other.gradient[i] * self.gradient[j];
                let h = &mut self.hessian[i * d + j];
                *h = (*h - q * other.hessian[i * d + j] - cross) * r;
            }
        }
        self.value = q;
    }

    /// f(self), from f, f' and f'' at the value.
    fn chain(&mut self, [f, f1, f2]: [f64; 3]) {
        let d = self.gradient.len();
        for i in 0..d {
            for j in 0..d {
                let square = self.gradient[i] * self.gradient[j];
                let h = &mut self.hessian[i * d + j];
                // 0 · ∞ is 0 where nothing moves: a constant under a root at 0 does not matter.
                *h = if *h == 0.0 { 0.0 } else { f1 * *h } + if square == 0.0 { 0.0 } else { f2 * square };
            }
        }
        for g in self.gradient.iter_mut().filter(|g| **g != 0.0) {
            *g *= f1;
        }
        self.value = f;
    }

    /// x^p for a constant p: p x^(p−1) and p (p−1) x^(p−2), whose vanishing factors win over x = 0.
    pub(super) fn raise(&mut self, p: f64) {
        let x = self.value;
        let times = |factor: f64, power: f64| if factor == 0.0 { 0.0 } else { factor * raise(x, power) };
        self.chain([raise(x, p), times(p, p - 1.0), times(p * (p - 1.0), p - 2.0)]);
    }

    /// x^y = exp(y ln x).
    pub(super) fn power(&mut self, other: &Self) {
        let value = self.value.powf(other.value);
        self.call(Function::Log);
        self.multiply(other);
        self.call(Function::Exp);
        self.value = value;
    }

    pub(super) fn call(&mut self, function: Function) {
        let x = self.value;
        let derivatives = match function {
            Function::Exp => [x.exp(); 3],
            Function::Log => [x.ln(), 1.0 / x, -1.0 / (x * x)],
            Function::Sqrt => {
                let root = x.sqrt();
                [root, 0.5 / root, -0.25 / (x * root)]
            }
        };
        self.chain(derivatives);
    }
}
