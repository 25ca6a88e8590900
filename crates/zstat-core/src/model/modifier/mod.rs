//! Modifiers: what each kind asks of its parameter, and what it does to a sample. One file a kind.
//!
//! All seven reduce to three effects ([`Effect`]), and each effect is a function of one parameter a bin. Derivatives
//! stand beside the values in `interp` (normsys, histosys); the other kinds are linear in their parameter.

mod histosys;
mod lumi;
mod normfactor;
mod normsys;
mod shapefactor;
mod shapesys;
mod staterror;

pub(super) use staterror::relative_errors;

use super::Constraint;
use super::interp::Factor;
use crate::spec::{BuildOptions, HistoSysCode, ModifierKind};

/// What a modifier does to the sample that carries it.
#[derive(Debug)]
pub(crate) enum Effect<'a> {
    /// Multiplies all bins by the parameter.
    Scale,
    /// Multiplies all bins by an interpolated factor.
    Interpolate(Factor),
    /// Adds an interpolation between templates.
    Shift {
        /// Template at α = −1.
        lo: &'a [f64],
        /// Template at α = +1.
        hi: &'a [f64],
        /// Interpolation code.
        code: HistoSysCode,
    },
    /// Multiplies each bin by a parameter of its own.
    ScaleBins,
}

/// One parameter as its modifier wants it, before any setting in the spec.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Requirement {
    pub init: f64,
    pub bounds: [f64; 2],
    pub fixed: bool,
    pub constraint: Constraint,
}

/// The effect of a modifier.
pub(crate) fn effect<'a>(kind: &'a ModifierKind, options: &BuildOptions) -> Effect<'a> {
    match kind {
        ModifierKind::NormFactor | ModifierKind::Lumi => Effect::Scale,
        ModifierKind::NormSys { lo, hi, interpolation } => {
            normsys::effect(*lo, *hi, interpolation.unwrap_or(options.normsys_code()))
        }
        ModifierKind::HistoSys { lo, hi, interpolation } => {
            Effect::Shift { lo, hi, code: interpolation.unwrap_or(options.histosys_code()) }
        }
        ModifierKind::ShapeSys { .. } | ModifierKind::StatError { .. } | ModifierKind::ShapeFactor => {
            Effect::ScaleBins
        }
    }
}

/// The parameters a modifier asks for: one, or one a bin. `nominal` is the carrying sample's template.
///
/// A staterror's parameters follow from all samples that carry it: see [`relative_errors`]; here `relative` holds them.
pub(crate) fn requirements(
    kind: &ModifierKind,
    nominal: &[f64],
    relative: &[f64],
    options: &BuildOptions,
) -> Vec<Requirement> {
    match kind {
        ModifierKind::NormFactor => vec![normfactor::requirement()],
        ModifierKind::Lumi => vec![lumi::requirement()],
        ModifierKind::NormSys { .. } => vec![normsys::requirement()],
        ModifierKind::HistoSys { .. } => vec![histosys::requirement()],
        ModifierKind::ShapeFactor => shapefactor::requirements(nominal.len(), options),
        ModifierKind::ShapeSys { errors } => shapesys::requirements(nominal, errors, options),
        ModifierKind::StatError { .. } => staterror::requirements(relative, options),
    }
}

/// Upper bound of a constrained γ: pyhf's, or ROOT's 1 + 5σ.
fn gamma_bounds(sigma: f64, options: &BuildOptions) -> [f64; 2] {
    match options.dialect {
        crate::spec::Dialect::Pyhf => [1e-10, 10.0],
        crate::spec::Dialect::Root => [0.0, 1.0 + 5.0 * sigma],
    }
}
