//! The factors on whole samples, evaluated together: most are polynomials of a constrained parameter near its centre.

use std::sync::Arc;

use crate::linalg::{LANES, Lanes, Sextics, log_derivatives, log_slopes, sextic_values};
use crate::model::Model;

/// Derivatives of the factors, up to which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Order {
    /// None.
    Value,
    /// f'/f.
    Slope,
    /// And f''/f − (f'/f)².
    Bend,
}

/// The factors of a model in its order, in blocks side by side.
#[derive(Debug, Clone, Default)]
pub(crate) struct ScaleTable {
    coefficients: Vec<Sextics>,
    /// What drives each factor: places in the extended vector.
    params: Vec<[usize; LANES]>,
    /// Which factors of the block are polynomials inside (−1, 1).
    is_smooth: Vec<[bool; LANES]>,
}

impl ScaleTable {
    pub fn new(model: &Model) -> Self {
        let mut out = Self::default();
        for scales in model.structure.scales.chunks(LANES) {
            // What fills the last block is a polynomial, too: 1.
            let (mut coefficients, mut params, mut is_smooth) =
                ([[0.0; LANES]; 6], [0; LANES], [true; LANES]);
            for (lane, scale) in scales.iter().enumerate() {
                params[lane] = scale.param;
                match scale.factor.as_ref().and_then(|factor| factor.polynomial()) {
                    Some(of_lane) => {
                        coefficients.iter_mut().zip(of_lane).for_each(|(a, value)| a[lane] = value);
                    }
                    None => is_smooth[lane] = false,
                }
            }
            out.coefficients.push(coefficients);
            out.params.push(params);
            out.is_smooth.push(is_smooth);
        }
        out
    }
}

/// The factors at a point. Allocated once.
#[derive(Debug, Clone, Default)]
pub(super) struct Scales {
    table: Arc<ScaleTable>,
    x: Vec<Lanes>,
    value: Vec<Lanes>,
    slope: Vec<Lanes>,
    bend: Vec<Lanes>,
}

impl Scales {
    pub fn new(table: &Arc<ScaleTable>) -> Self {
        let room = vec![[0.0; LANES]; table.params.len()];
        Self {
            table: Arc::clone(table),
            x: room.clone(),
            value: room.clone(),
            slope: room.clone(),
            bend: room,
        }
    }

    /// f of each factor.
    pub fn value(&self) -> &[f64] {
        self.value.as_flattened()
    }

    /// f'/f of each factor; f' where f vanishes.
    pub fn slope(&self) -> &[f64] {
        self.slope.as_flattened()
    }

    /// f''/f − (f'/f)² of each factor; f'' where f vanishes.
    pub fn bend(&self) -> &[f64] {
        self.bend.as_flattened()
    }

    /// Moves to the extended vector `phi`, with derivatives up to `order`, on which what comes before it does not depend.
    pub fn set(&mut self, model: &Model, phi: &[f64], order: Order) {
        let table = &*self.table;
        for (x, params) in self.x.iter_mut().zip(&table.params) {
            *x = params.map(|param| phi[param]);
        }
        match order {
            Order::Value => sextic_values(&table.coefficients, &self.x, &mut self.value),
            Order::Slope => {
                log_slopes(&table.coefficients, &self.x, [&mut self.value, &mut self.slope]);
            }
            Order::Bend => {
                let out = [&mut self.value[..], &mut self.slope[..], &mut self.bend[..]];
                log_derivatives(&table.coefficients, &self.x, out);
            }
        }
        let scales = &model.structure.scales;
        for (block, (is_smooth, x)) in table.is_smooth.iter().zip(&self.x).enumerate() {
            let value = &mut self.value[block];
            // A polynomial that vanishes has no logarithm.
            let inside: [bool; LANES] =
                std::array::from_fn(|lane| is_smooth[lane] & (x[lane].abs() < 1.0) & (value[lane] != 0.0));
            if inside == [true; LANES] {
                continue;
            }
            for (lane, scale) in scales[block * LANES..].iter().take(LANES).enumerate() {
                if inside[lane] {
                    continue;
                }
                value[lane] = scale.value(phi);
                if order > Order::Value {
                    [self.slope[block][lane], self.bend[block][lane]] = scale.log_derivatives(phi);
                }
            }
        }
    }
}
