//! Where the ticks of an axis are and what is written at them.
//!
//! In: the ends of the axis in its own scale (values, or their decimal logarithms) and how many labels there may be. Out: the
//! same scale. Steps are 1, 2 or 5 times a power of ten, and are counted in integers, so that labels carry no rounding.

use super::text::{Words, minus};

/// Ticks may lie outside by this part of a step, for ends that are rounded.
const SLACK: f64 = 1e-6;

/// A tick with a label.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub at: f64,
    pub label: Words,
}

/// All ticks of an axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ticks {
    pub major: Vec<Tick>,
    pub minor: Vec<f64>,
    /// Labels are to be multiplied by this power of ten; 0 for none.
    pub factor: i32,
}

/// Ticks of a linear axis, at most `most` with labels.
pub(super) fn linear(lo: f64, hi: f64, most: usize) -> Ticks {
    let Some((unit, exponent)) = step(lo, hi, most) else { return Ticks::default() };
    let counts = within(lo, hi, unit, exponent);
    let largest = counts.clone().map(|count| scaled(count * unit, exponent).abs()).fold(0.0, f64::max);
    let factor = factor(largest);
    let decimals = usize::try_from(factor - exponent).unwrap_or(0);
    let label = |count: i64| format!("{:.decimals$}", scaled(count * unit, exponent - factor));
    let major = counts
        .map(|count| Tick { at: scaled(count * unit, exponent), label: Words::plain(&minus(&label(count))) });
    // Five parts of 1 and 5, four of 2, counted in tenths of the power of ten.
    let part = match unit {
        1 => 2,
        2 => 5,
        _ => 10,
    };
    let minor = within(lo, hi, part, exponent - 1)
        .filter(|count| (count * part) % (10 * unit) != 0)
        .map(|count| scaled(count * part, exponent - 1));
    Ticks { major: major.collect(), minor: minor.collect(), factor }
}

/// Ticks of a logarithmic axis from `lo` to `hi`, both decimal logarithms, at most `most` with labels.
pub(super) fn log(lo: f64, hi: f64, most: usize) -> Ticks {
    let decades: Vec<i32> = decades(lo, hi);
    if decades.len() >= 2 {
        return whole_decades(lo, hi, &decades, most);
    }
    let all = mantissas(lo, hi, &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for choice in [&[1, 2, 5][..], &[1, 2, 3, 4, 5, 6, 7, 8, 9]] {
        let chosen = mantissas(lo, hi, choice);
        if chosen.len() >= 3 && chosen.len() <= most {
            let plain = chosen.iter().all(|(_, exponent)| (-3..4).contains(exponent));
            let tick = |&(mantissa, exponent): &(i64, i32)| Tick {
                at: logarithm(&(mantissa, exponent)),
                label: mantissa_label(mantissa, exponent, plain),
            };
            let others = all.iter().filter(|known| !chosen.contains(known));
            return Ticks {
                major: chosen.iter().map(tick).collect(),
                minor: others.map(logarithm).collect(),
                factor: 0,
            };
        }
    }
    let mut ticks = linear(10f64.powf(lo), 10f64.powf(hi), most);
    ticks.major.retain(|tick| tick.at > 0.0);
    ticks.minor.retain(|at| *at > 0.0);
    ticks.major.iter_mut().for_each(|tick| tick.at = tick.at.log10());
    ticks.minor.iter_mut().for_each(|at| *at = at.log10());
    ticks
}

/// Ticks with names at 0, 1, 2 …
pub(super) fn categories(lo: f64, hi: f64, names: &[String]) -> Ticks {
    let all = names.iter().enumerate().map(|(at, name)| Tick { at: at as f64, label: Words::plain(name) });
    Ticks { major: all.filter(|tick| tick.at >= lo && tick.at <= hi).collect(), ..Ticks::default() }
}

/// The smallest step with at most `most` ticks: 1, 2 or 5, and the power of ten. None if there is no range, or if steps would
/// be too small for numbers.
fn step(lo: f64, hi: f64, most: usize) -> Option<(i64, i32)> {
    if !(1e-295..=1e305).contains(&(hi - lo)) {
        return None;
    }
    let most = most.max(1);
    let start = ((hi - lo) / (most as f64 + 1.0)).log10().floor() as i32;
    (start..=start + 3).find_map(|exponent| {
        let few = |unit: &i64| within(lo, hi, *unit, exponent).count() <= most;
        Some(([1, 2, 5].into_iter().find(few)?, exponent))
    })
}

/// Multiples of `unit` · 10^`exponent` from `lo` to `hi`.
fn within(lo: f64, hi: f64, unit: i64, exponent: i32) -> impl Iterator<Item = i64> + Clone {
    let step = scaled(unit, exponent);
    let (first, last) = ((lo / step - SLACK).ceil(), (hi / step + SLACK).floor());
    first as i64..=last as i64
}

/// `count` · 10^`exponent`, rounded once.
fn scaled(count: i64, exponent: i32) -> f64 {
    let power = 10f64.powi(exponent.abs());
    if exponent < 0 { count as f64 / power } else { count as f64 * power }
}

/// Power of ten to take out of labels, a multiple of three.
fn factor(largest: f64) -> i32 {
    if largest == 0.0 || (1e-3..1e5).contains(&largest) {
        return 0;
    }
    ((largest.log10() + SLACK) / 3.0).floor() as i32 * 3
}

/// Exponents of the powers of ten between two logarithms.
fn decades(lo: f64, hi: f64) -> Vec<i32> {
    ((lo - SLACK).ceil() as i32..=(hi + SLACK).floor() as i32).collect()
}

fn whole_decades(lo: f64, hi: f64, decades: &[i32], most: usize) -> Ticks {
    let every = [1, 2, 5, 10, 20, 50, 100, 200, 500].into_iter();
    let few = |every: &i32| decades.iter().filter(|exponent| *exponent % every == 0).count() <= most;
    let every = every.clone().find(few).unwrap_or(1000);
    let (labelled, rest): (Vec<i32>, Vec<i32>) = decades.iter().partition(|exponent| *exponent % every == 0);
    let major = labelled
        .into_iter()
        .map(|exponent| Tick { at: f64::from(exponent), label: Words::power("10", exponent) });
    let minor = if every == 1 {
        let between = mantissas(lo, hi, &[2, 3, 4, 5, 6, 7, 8, 9]).into_iter();
        between.map(|place| logarithm(&place)).collect()
    } else {
        rest.into_iter().map(f64::from).collect()
    };
    Ticks { major: major.collect(), minor, factor: 0 }
}

/// Multiples of powers of ten between two logarithms, in order.
fn mantissas(lo: f64, hi: f64, choice: &[i64]) -> Vec<(i64, i32)> {
    let exponents = lo.floor() as i32 - 1..=hi.floor() as i32 + 1;
    let all = exponents.flat_map(|exponent| choice.iter().map(move |mantissa| (*mantissa, exponent)));
    all.filter(|place| logarithm(place) >= lo - SLACK && logarithm(place) <= hi + SLACK).collect()
}

fn logarithm((mantissa, exponent): &(i64, i32)) -> f64 {
    f64::from(*exponent) + (*mantissa as f64).log10()
}

fn mantissa_label(mantissa: i64, exponent: i32, plain: bool) -> Words {
    match (plain, mantissa) {
        (true, _) => Words::plain(&scaled(mantissa, exponent).to_string()),
        (false, 1) => Words::power("10", exponent),
        (false, _) => Words::power(&format!("{mantissa}×10"), exponent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &Ticks) -> String {
        let label = |tick: &Tick| match tick.label.power {
            Some(power) => format!("{}^{power}", tick.label.base),
            None => tick.label.base.clone(),
        };
        ticks.major.iter().map(label).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn linear_labels() {
        for (lo, hi, most, expected, factor) in [
            (0.0, 1.0, 8, "0.0 0.2 0.4 0.6 0.8 1.0", 0),
            (-0.05, 1.05, 8, "0.0 0.2 0.4 0.6 0.8 1.0", 0),
            (0.0, 0.7, 8, "0.0 0.1 0.2 0.3 0.4 0.5 0.6 0.7", 0),
            (0.0, 0.8, 8, "0.0 0.2 0.4 0.6 0.8", 0),
            (-1.0, 1.0, 8, "−1.0 −0.5 0.0 0.5 1.0", 0),
            (-35.0, -12.0, 8, "−35 −30 −25 −20 −15", 0),
            (0.0, 10.0, 8, "0 2 4 6 8 10", 0),
            (0.0, 10.0, 3, "0 5 10", 0),
            (0.3, 0.4, 8, "0.30 0.32 0.34 0.36 0.38 0.40", 0),
            (0.0, 99_999.0, 8, "0 20000 40000 60000 80000", 0),
            (0.0, 3e6, 8, "0.0 0.5 1.0 1.5 2.0 2.5 3.0", 6),
            (0.0, 250_000.0, 8, "0 50 100 150 200 250", 3),
            (-4e-5, 4e-5, 8, "−40 −20 0 20 40", -6),
            (1e-7, 1e-3, 8, "0.0002 0.0004 0.0006 0.0008 0.0010", 0),
            (125.0, 125.003, 8, "125.0000 125.0005 125.0010 125.0015 125.0020 125.0025 125.0030", 0),
            (1e6, 1_000_001.0, 8, "1.0000000 1.0000002 1.0000004 1.0000006 1.0000008 1.0000010", 6),
            (-1e300, 1e300, 8, "−1.0 −0.5 0.0 0.5 1.0", 300),
        ] {
            let ticks = linear(lo, hi, most);
            assert_eq!((labels(&ticks).as_str(), ticks.factor), (expected, factor), "{lo} to {hi}");
        }
    }

    #[test]
    fn there_are_never_too_many_nor_too_few() {
        for exponent in -290..290 {
            for (lo, hi) in [(0.0, 1.0), (0.13, 0.77), (-3.3, 9.1), (-9.9, -1.2), (7.0, 7.001), (0.0, 2.51)] {
                let power = 10f64.powi(exponent);
                let ticks = linear(lo * power, hi * power, 8);
                assert!((3..=8).contains(&ticks.major.len()), "{lo} to {hi}, 10^{exponent}");
                let spacing = ticks.major[1].at - ticks.major[0].at;
                assert!(ticks.minor.windows(2).all(|pair| pair[1] - pair[0] < spacing));
            }
        }
    }

    #[test]
    fn minor_ticks_divide_steps() {
        assert_eq!(linear(0.0, 0.4, 3).minor, [0.05, 0.1, 0.15, 0.25, 0.3, 0.35]);
        assert_eq!(linear(0.0, 2.0, 3).minor, [0.2, 0.4, 0.6, 0.8, 1.2, 1.4, 1.6, 1.8]);
        assert_eq!(linear(-5.0, 5.0, 4).minor, [-4.0, -3.0, -2.0, -1.0, 1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn logarithmic_labels() {
        for (lo, hi, most, expected) in [
            (1e-7, 1e-3, 8, "10^-7 10^-6 10^-5 10^-4 10^-3"),
            (1e-7, 1e-3, 3, "10^-6 10^-4"),
            (0.5, 200.0, 8, "10^0 10^1 10^2"),
            (1e-20, 1.0, 8, "10^-20 10^-15 10^-10 10^-5 10^0"),
            (1e-300, 1e300, 8, "10^-300 10^-200 10^-100 10^0 10^100 10^200 10^300"),
            (1.0, 6.0, 8, "1 2 5"),
            (0.15, 3.0, 8, "0.2 0.5 1 2"),
            (2e-6, 3e-5, 8, "2×10^-6 5×10^-6 10^-5 2×10^-5"),
            (3.0, 7.5, 8, "3 4 5 6 7"),
            (1.1, 1.9, 8, "1.2 1.4 1.6 1.8"),
        ] {
            let ticks = log(f64::log10(lo), f64::log10(hi), most);
            assert_eq!(labels(&ticks), expected, "{lo} to {hi}");
        }
    }

    #[test]
    fn logarithmic_minor_ticks() {
        let ticks = log(-2.0, 0.0, 8);
        assert_eq!(ticks.minor.len(), 16);
        assert!((ticks.minor[0] - 0.02f64.log10()).abs() < 1e-12);
        assert!(ticks.minor.iter().all(|at| ticks.major.iter().all(|major| (major.at - at).abs() > 0.04)));
        assert_eq!(log(-4.0, 0.0, 3).minor, [-3.0, -1.0]);
    }

    #[test]
    fn categories_are_named() {
        let names = ["B0", "B1", "B2"].map(str::to_owned);
        assert_eq!(labels(&categories(-0.5, 2.5, &names)), "B0 B1 B2");
        assert_eq!(labels(&categories(0.5, 2.5, &names)), "B1 B2");
    }
}
