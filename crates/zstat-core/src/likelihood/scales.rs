//! The factors on whole samples, evaluated together: most are polynomials of a constrained parameter near its centre.

use std::sync::Arc;

use crate::linalg::{LANES, Lanes, Sextics, log_derivatives, sextic_values};
use crate::model::Model;

/// The factors of a model in its order, in blocks side by side.
#[derive(Debug, Clone, Default)]
pub(crate) struct ScaleTable {
    coefficients: Vec<Sextics>,
    /// What drives each factor: places in the extended vector.
    params: Vec<[usize; LANES]>,
    /// All factors of the block are polynomials inside (−1, 1).
    is_smooth: Vec<bool>,
}

impl ScaleTable {
    pub fn new(model: &Model) -> Self {
        let mut out = Self::default();
        for scales in model.structure.scales.chunks(LANES) {
            // What fills the last block is a polynomial, too: 1.
            let (mut coefficients, mut params, mut is_smooth) = ([[0.0; LANES]; 6], [0; LANES], true);
            for (lane, scale) in scales.iter().enumerate() {
                params[lane] = scale.param;
                match scale.factor.as_ref().and_then(|factor| factor.polynomial()) {
                    Some(of_lane) => {
                        coefficients.iter_mut().zip(of_lane).for_each(|(a, value)| a[lane] = value);
                    }
                    None => is_smooth = false,
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

    /// Moves to the extended vector `phi`; slopes and bends only if `derivatives`. The values do not depend on that.
    pub fn set(&mut self, model: &Model, phi: &[f64], derivatives: bool) {
        let table = &*self.table;
        for (x, params) in self.x.iter_mut().zip(&table.params) {
            *x = params.map(|param| phi[param]);
        }
        if derivatives {
            let out = [&mut self.value[..], &mut self.slope[..], &mut self.bend[..]];
            log_derivatives(&table.coefficients, &self.x, out);
        } else {
            sextic_values(&table.coefficients, &self.x, &mut self.value);
        }
        let scales = &model.structure.scales;
        for (block, is_smooth) in table.is_smooth.iter().enumerate() {
            // A polynomial that vanishes has no logarithm.
            let inside = |(x, f): (&f64, &f64)| x.abs() < 1.0 && *f != 0.0;
            if *is_smooth && self.x[block].iter().zip(&self.value[block]).all(inside) {
                continue;
            }
            for (lane, scale) in scales[block * LANES..].iter().take(LANES).enumerate() {
                if derivatives {
                    let [f, f1, f2] = scale.eval(phi);
                    let (slope, bend) =
                        if f == 0.0 { (f1, f2) } else { (f1 / f, f2 / f - (f1 / f) * (f1 / f)) };
                    self.value[block][lane] = f;
                    self.slope[block][lane] = slope;
                    self.bend[block][lane] = bend;
                } else {
                    self.value[block][lane] = scale.value(phi);
                }
            }
        }
    }
}
