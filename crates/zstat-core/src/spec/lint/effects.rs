//! Variations: one-sided, huge, without effect, swapped, kinked.

use std::ops::RangeInclusive;

use super::picture::{Effect, Picture};
use super::{counted, percent, some_of};
use crate::diag::{Code, Fault};
use crate::spec::check::{Use, Uses};
use crate::spec::{BuildOptions, HistoSysCode, ModifierKind, NormSysCode};

/// Smallest effect worth a word: Σ δ²/ν over the bins, in units of the squared statistical uncertainty.
const VISIBLE: f64 = 0.1;
/// One-sigma factors on a sample beyond which it is probably a mistake.
const HUGE: RangeInclusive<f64> = 0.25..=2.0;
/// Part of a variation that must go the same way on both sides to be called one-sided.
const SAME_WAY: f64 = 0.5;

pub(super) fn lint(uses: &Uses<'_>, picture: &Picture<'_>, options: &BuildOptions, faults: &mut Vec<Fault>) {
    let mut kinks = Vec::new();
    let mut nothing = Nothing::default();
    for (name, of_name) in uses.iter() {
        let effects: Vec<(&Use<'_>, Effect)> =
            of_name.iter().filter_map(|one| Some((one, picture.effect(one)?))).collect();
        if effects.is_empty() {
            continue;
        }
        one_sided(name, &effects, picture, faults);
        huge(name, &effects, picture, faults);
        nothing.add(name, &effects);
        swapped(name, &effects, faults);
        kinks.extend(
            effects
                .iter()
                .filter(|(one, effect)| {
                    is_kinked(&one.modifier.kind, options)
                        && visible(one, effect, picture)
                        && is_asymmetric(effect)
                })
                .map(|(one, _)| (name, **one)),
        );
    }
    faults.extend(nothing.fault());
    kinked(&kinks, faults);
}

/// Size of an effect in units of the channel's statistical uncertainty, squared.
fn significance(one: &Use<'_>, effect: &Effect, picture: &Picture<'_>) -> f64 {
    let total = &picture.channels[one.at[0]].total;
    let sizes = effect.up.iter().zip(&effect.down).map(|(up, down)| up.abs().max(down.abs()));
    sizes.zip(total).filter(|(_, nu)| **nu > 0.0).map(|(size, nu)| size * size / nu.max(1.0)).sum()
}

fn visible(one: &Use<'_>, effect: &Effect, picture: &Picture<'_>) -> bool {
    significance(one, effect, picture) > VISIBLE
}

/// Changes of the sample's sum at α = −1 and +1, relative to nominal.
fn norms(one: &Use<'_>, effect: &Effect, picture: &Picture<'_>) -> Option<(f64, f64)> {
    let nominal = one.sample.data.iter().sum::<f64>() * picture.factor(one.sample, None);
    (nominal > 0.0)
        .then(|| (effect.down.iter().sum::<f64>() / nominal, effect.up.iter().sum::<f64>() / nominal))
}

/// "3 of its 12 effects; the largest: sample `b` of channel `SR`, −4.1 % and −3.2 %".
fn summary(hits: &[(&Use<'_>, &Effect)], of: usize, picture: &Picture<'_>) -> Option<(String, String)> {
    let size = |(one, effect): &(&Use<'_>, &Effect)| significance(one, effect, picture);
    let (one, effect) = hits.iter().max_by(|a, b| size(a).total_cmp(&size(b)))?;
    let how = match norms(one, effect, picture) {
        Some((down, up)) => format!(" ({} down, {} up)", percent(down), percent(up)),
        None => String::new(),
    };
    let count =
        if of == 1 { "its only effect".to_owned() } else { format!("{} of its {of} effects", hits.len()) };
    let largest = if hits.len() == 1 { "" } else { "the largest in " };
    Some((format!("{count}: {largest}{}{how}", one.of_sample()), one.pointer("")))
}

/// Part of a variation that goes the same way on both sides: 0 for an antisymmetric one, 1 for two equal templates.
fn same_way(effect: &Effect) -> f64 {
    let mut same = 0.0;
    let mut all = 0.0;
    for (up, down) in effect.up.iter().zip(&effect.down) {
        all += up.abs() + down.abs();
        if up * down > 0.0 {
            same += 2.0 * up.abs().min(down.abs());
        }
    }
    if all > 0.0 { same / all } else { 0.0 }
}

fn one_sided(name: &str, effects: &[(&Use<'_>, Effect)], picture: &Picture<'_>, faults: &mut Vec<Fault>) {
    let hits: Vec<(&Use<'_>, &Effect)> = effects
        .iter()
        .filter(|(one, effect)| same_way(effect) > SAME_WAY && visible(one, effect, picture))
        .map(|(one, effect)| (*one, effect))
        .collect();
    if let Some((summary, at)) = summary(&hits, effects.len(), picture) {
        faults.push(
            Fault::new(
                Code::OneSided,
                at,
                format!("parameter `{name}`: both variations go the same way in {summary}"),
            )
            .help("check that `lo` and `hi` are the two sides of the variation; symmetrise a one-sided one"),
        );
    }
}

fn huge(name: &str, effects: &[(&Use<'_>, Effect)], picture: &Picture<'_>, faults: &mut Vec<Fault>) {
    let is_huge = |one: &Use<'_>, effect: &Effect| {
        norms(one, effect, picture).is_some_and(|(down, up)| {
            [1.0 + down, 1.0 + up].into_iter().any(|factor| !HUGE.contains(&factor))
        })
    };
    let hits: Vec<(&Use<'_>, &Effect)> = effects
        .iter()
        .filter(|(one, effect)| is_huge(one, effect) && visible(one, effect, picture))
        .map(|(one, effect)| (*one, effect))
        .collect();
    if let Some((summary, at)) = summary(&hits, effects.len(), picture) {
        let message =
            format!("parameter `{name}`: one sigma changes the yield out of proportion in {summary}");
        let help = "is a percentage written as a factor, or the template scaled differently?";
        faults.push(Fault::new(Code::HugeEffect, at, message).help(help));
    }
}

/// Variations that equal the nominal, of parameters that have others (one that does nothing at all is idle).
#[derive(Default)]
struct Nothing<'u> {
    names: Vec<&'u str>,
    first: Option<Use<'u>>,
    count: usize,
    of: usize,
}

impl<'u> Nothing<'u> {
    fn add(&mut self, name: &'u str, effects: &[(&Use<'u>, Effect)]) {
        let is_nothing = |one: &&Use<'u>| match &one.modifier.kind {
            ModifierKind::NormSys { lo, hi, .. } => *lo == 1.0 && *hi == 1.0,
            ModifierKind::HistoSys { lo, hi, .. } => *lo == one.sample.data && *hi == one.sample.data,
            _ => false,
        };
        let hits: Vec<&Use<'u>> = effects.iter().map(|(one, _)| *one).filter(is_nothing).collect();
        self.of += effects.len();
        if let Some(first) = hits.first().filter(|_| hits.len() < effects.len()) {
            self.names.push(name);
            self.first = self.first.or(Some(**first));
            self.count += hits.len();
        }
    }

    fn fault(&self) -> Option<Fault> {
        let first = self.first?;
        let (count, of) = (self.count, self.of);
        let message = format!(
            "{count} of {of} variations equal the nominal and change nothing, first in {}; parameters {}",
            first.of_sample(),
            some_of(&self.names)
        );
        Some(
            Fault::new(Code::NoEffect, first.pointer(""), message)
                .help("pruned ones can be left out; one that should act was filled from the wrong histogram"),
        )
    }
}

fn swapped(name: &str, effects: &[(&Use<'_>, Effect)], faults: &mut Vec<Fault>) {
    // Anticorrelated effects are ordinary; that every one of several is, is not.
    const ENOUGH: usize = 3;
    let is_swapped = |one: &Use<'_>| matches!(one.modifier.kind, ModifierKind::NormSys { lo, hi, .. } if lo > 1.0 && hi < 1.0);
    if effects.len() >= ENOUGH && effects.iter().all(|(one, _)| is_swapped(one)) {
        let (first, _) = &effects[0];
        let message = format!(
            "parameter `{name}`: `lo` is above 1 and `hi` below in all of its {} effects",
            effects.len()
        );
        faults.push(
            Fault::new(Code::Swapped, first.pointer(""), message)
                .help("if up and down were mixed up, exchange them: pulls would have the wrong sign"),
        );
    }
}

fn is_kinked(kind: &ModifierKind, options: &BuildOptions) -> bool {
    match kind {
        ModifierKind::NormSys { interpolation, .. } => {
            interpolation.unwrap_or(options.normsys_code()) == NormSysCode::Code1
        }
        ModifierKind::HistoSys { interpolation, .. } => {
            interpolation.unwrap_or(options.histosys_code()) == HistoSysCode::Code0
        }
        _ => false,
    }
}

/// Whether the two sides differ by more than a tenth.
fn is_asymmetric(effect: &Effect) -> bool {
    let pairs = || effect.up.iter().zip(&effect.down);
    let difference: f64 = pairs().map(|(up, down)| (up + down).abs()).sum();
    let size: f64 = pairs().map(|(up, down)| up.abs() + down.abs()).sum();
    difference > 0.1 * size
}

fn kinked(kinks: &[(&str, Use<'_>)], faults: &mut Vec<Fault>) {
    let Some((name, first)) = kinks.first() else { return };
    let message = format!(
        "{} with a visible asymmetry and a kink at nominal (code 0 or 1), first `{name}` in {}",
        counted(kinks.len(), "variation"),
        first.of_sample()
    );
    faults.push(
        Fault::new(Code::Kinked, first.pointer(""), message)
            .help("codes 4p (histosys) and 4 (normsys) are smooth; with a kink, try `--multi-start`"),
    );
}
