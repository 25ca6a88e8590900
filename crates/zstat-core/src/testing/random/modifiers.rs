//! Random modifiers, with names that make all legal ways of sharing happen.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::sixteenths;
use crate::spec::{HistoSysCode, Modifier, ModifierKind, NormSysCode};

/// A modifier before it stands on a sample.
#[derive(Debug, Clone)]
pub(super) enum ModifierPlan {
    NormFactor {
        which: usize,
    },
    Lumi,
    NormSys {
        which: usize,
        lo: f64,
        hi: f64,
        code: Option<NormSysCode>,
    },
    /// Variations are relative to the nominal, with something absolute added so that empty bins vary, too.
    HistoSys {
        which: usize,
        lo: Vec<(f64, f64)>,
        hi: Vec<(f64, f64)>,
        code: Option<HistoSysCode>,
    },
    /// Errors are relative to the nominal's size.
    ShapeSys {
        relative: Vec<f64>,
    },
    StatError {
        everywhere: bool,
        errors: Vec<f64>,
    },
    ShapeFactor {
        everywhere: bool,
    },
}

/// Where a modifier stands.
pub(super) struct Place<'a> {
    pub channel: &'a str,
    pub sample: &'a str,
    pub nominal: &'a [f64],
}

pub(super) fn plan(n_bins: usize) -> impl Strategy<Value = ModifierPlan> {
    let variation = || vec((sixteenths(-1, 1).prop_map(|v| v / 3.0), sixteenths(-1, 1)), n_bins);
    let error = prop_oneof![6 => sixteenths(0, 1).prop_map(|v| v / 2.0 + 1.0 / 64.0), 1 => Just(0.0)];
    prop_oneof![
        2 => (0..2_usize).prop_map(|which| ModifierPlan::NormFactor { which }),
        1 => Just(ModifierPlan::Lumi),
        3 => (0..3_usize, factor(), factor(), option::weighted(0.2, normsys_code()))
            .prop_map(|(which, lo, hi, code)| ModifierPlan::NormSys { which, lo, hi, code }),
        3 => (0..3_usize, variation(), variation(), option::weighted(0.2, histosys_code()))
            .prop_map(|(which, lo, hi, code)| ModifierPlan::HistoSys { which, lo, hi, code }),
        1 => vec(error.clone(), n_bins).prop_map(|relative| ModifierPlan::ShapeSys { relative }),
        2 => (prop::bool::weighted(0.2), vec(error.prop_map(|e| 8.0 * e), n_bins))
            .prop_map(|(everywhere, errors)| ModifierPlan::StatError { everywhere, errors }),
        1 => any::<bool>().prop_map(|everywhere| ModifierPlan::ShapeFactor { everywhere }),
    ]
}

fn factor() -> impl Strategy<Value = f64> {
    (9..32_i32).prop_map(|count| f64::from(count) / 16.0)
}

pub(super) fn normsys_code() -> impl Strategy<Value = NormSysCode> {
    prop_oneof![Just(NormSysCode::Code4), Just(NormSysCode::Code1)]
}

pub(super) fn histosys_code() -> impl Strategy<Value = HistoSysCode> {
    prop_oneof![
        Just(HistoSysCode::Code4p),
        Just(HistoSysCode::Code0),
        Just(HistoSysCode::Code2),
        Just(HistoSysCode::Code2Pyhf),
    ]
}

/// Puts modifiers on a sample. A vector parameter stands at most once on a sample; all else may be repeated.
pub(super) fn build(plans: &[ModifierPlan], place: &Place<'_>) -> Vec<Modifier> {
    let mut modifiers: Vec<Modifier> = Vec::new();
    for (index, plan) in plans.iter().enumerate() {
        let modifier = one(plan, index, place);
        let vector = matches!(
            modifier.kind,
            ModifierKind::ShapeFactor | ModifierKind::ShapeSys { .. } | ModifierKind::StatError { .. }
        );
        if !(vector && modifiers.iter().any(|other| other.name == modifier.name)) {
            modifiers.push(modifier);
        }
    }
    modifiers
}

fn one(plan: &ModifierPlan, index: usize, place: &Place<'_>) -> Modifier {
    let alpha = |which: usize| ["jes", "Pileup", "tune"][which].to_owned();
    let varied = |steps: &[(f64, f64)]| {
        let pairs = place.nominal.iter().zip(steps);
        pairs.map(|(nominal, (relative, absolute))| nominal * (1.0 + relative) + absolute).collect()
    };
    let (name, kind) = match plan.clone() {
        ModifierPlan::NormFactor { which } => {
            (["mu", "k_background"][which].to_owned(), ModifierKind::NormFactor)
        }
        ModifierPlan::Lumi => ("lumi".to_owned(), ModifierKind::Lumi),
        ModifierPlan::NormSys { which, lo, hi, code } => {
            (alpha(which), ModifierKind::NormSys { lo, hi, interpolation: code })
        }
        ModifierPlan::HistoSys { which, lo, hi, code } => {
            let (lo, hi) = (varied(&lo), varied(&hi));
            (alpha(which), ModifierKind::HistoSys { lo, hi, interpolation: code })
        }
        ModifierPlan::ShapeSys { relative } => {
            let errors = relative.iter().zip(place.nominal).map(|(r, n)| r * n.abs()).collect();
            let name = format!("unc_{}_{}_{index}", place.channel, place.sample);
            (name, ModifierKind::ShapeSys { errors })
        }
        ModifierPlan::StatError { everywhere, errors } => {
            let name = if everywhere { "mcstat".to_owned() } else { format!("mcstat_{}", place.channel) };
            (name, ModifierKind::StatError { errors })
        }
        ModifierPlan::ShapeFactor { everywhere } => {
            // Shared only by channels with the same number of bins.
            let n_bins = place.nominal.len();
            let name =
                if everywhere { format!("shape_{n_bins}") } else { format!("shape_{}", place.channel) };
            (name, ModifierKind::ShapeFactor)
        }
    };
    Modifier { name, kind, constraint: None, vary: None }
}
