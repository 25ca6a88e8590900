//! Numbers for people: a value with its uncertainty, rounded by the Particle Data Group's rule.
//!
//! The rule (Review of Particle Physics, Introduction, 5.3): look at the three highest digits of the uncertainty. From
//! 100 to 354 keep two digits; from 355 to 949 keep one; from 950 to 999 round up to 1000 and keep two. The value gets
//! the same last decimal.

/// Decimals after which a value with this uncertainty is rounded (negative: before the point), by the rule above.
/// None where the uncertainty is zero or not finite.
pub fn pdg_decimals(uncertainty: f64) -> Option<i32> {
    let size = uncertainty.abs();
    if !(size.is_finite() && size > 0.0) {
        return None;
    }
    // Through the decimal text, because a logarithm is off by one near powers of ten.
    let text = format!("{size:.2e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    let digits: u32 = mantissa.replace('.', "").parse().ok()?;
    // From 950 on the rounded uncertainty is 10 units of this decimal: two digits again.
    Some(if digits <= 354 { 1 - exponent } else { -exponent })
}

/// `x` with `decimals` decimals; negative ones round to tens, hundreds. Never "-0".
pub fn fixed(x: f64, decimals: i32) -> String {
    if !x.is_finite() {
        return not_finite(x);
    }
    let text = if decimals >= 0 {
        format!("{x:.*}", decimals.min(300) as usize)
    } else {
        let unit = 10f64.powi(-decimals);
        format!("{:.0}", (x / unit).round() * unit)
    };
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().all(|c| matches!(c, '0' | '.')) => digits.to_owned(),
        _ => text,
    }
}

/// Uncertainties that are smaller than this part of the value are rounding, and none.
const ROUNDING: f64 = 1e-12;

/// `value ± uncertainty`, both to the digits that the uncertainty allows; very large and small ones with a power of ten.
pub fn with_uncertainty(value: f64, uncertainty: f64) -> String {
    if uncertainty.abs() < ROUNDING * value.abs() {
        return plain(value);
    }
    let Some(decimals) = pdg_decimals(uncertainty) else {
        return plain(value);
    };
    let top = value.abs().max(uncertainty.abs());
    let power = top.log10().floor() as i32;
    if !(-4..=6).contains(&power) {
        let scale = 10f64.powi(power);
        let decimals = decimals + power;
        return format!(
            "({} ± {})e{power}",
            fixed(value / scale, decimals),
            fixed(uncertainty / scale, decimals)
        );
    }
    format!("{} ± {}", fixed(value, decimals), fixed(uncertainty, decimals))
}

/// An offset with its sign, rounded by its own size.
pub fn offset(x: f64) -> String {
    let sign = if x < 0.0 { "-" } else { "+" };
    match pdg_decimals(x) {
        Some(decimals) if decimals <= 6 => format!("{sign}{}", fixed(x.abs(), decimals)),
        Some(_) => format!("{sign}{:.1e}", x.abs()),
        None => format!("{sign}{}", plain(x.abs())),
    }
}

/// A number without uncertainty: up to six significant digits, no trailing zeros.
pub fn plain(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    if !x.is_finite() {
        return not_finite(x);
    }
    let exponent = x.abs().log10().floor() as i32;
    if !(-5..9).contains(&exponent) {
        return trim(&format!("{x:.5e}"));
    }
    trim(&fixed(x, (5 - exponent).max(0)))
}

/// What is no number is unknown.
fn not_finite(x: f64) -> String {
    if x.is_nan() { "?".to_owned() } else { format!("{}∞", if x < 0.0 { "-" } else { "" }) }
}

/// All digits, for a cell of a CSV table; empty where the number is not finite, as JSON has `null`.
pub fn exact(x: f64) -> String {
    if x.is_finite() { x.to_string() } else { String::new() }
}

/// A count with its noun, in the plural where it is not one: `1 toy`, `20 toys`.
pub fn several(count: u64, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

/// Events: two decimals below 100, one below 1000, none above.
pub fn events(x: f64) -> String {
    let decimals = match x.abs() {
        size if size < 100.0 => 2,
        size if size < 1000.0 => 1,
        _ => 0,
    };
    if x.is_finite() && x.abs() < 1e12 { fixed(x, decimals) } else { plain(x) }
}

/// Observed events: whole numbers as such.
pub fn counts(x: f64) -> String {
    if x.fract() == 0.0 && x.abs() < 1e12 { format!("{x:.0}") } else { events(x) }
}

fn trim(text: &str) -> String {
    let (mantissa, exponent) = text.split_once('e').map_or((text, None), |(m, e)| (m, Some(e)));
    let mantissa =
        if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    match exponent {
        Some(exponent) => format!("{mantissa}e{exponent}"),
        None => mantissa.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finite_and_what_is_one() {
        assert_eq!([plain(f64::NAN), fixed(f64::NAN, 2), fixed(f64::NEG_INFINITY, 2)], ["?", "?", "-∞"]);
        assert_eq!(
            [exact(f64::NAN), exact(f64::INFINITY), exact(0.1 + 0.2)],
            ["", "", "0.30000000000000004"]
        );
        assert_eq!([several(1, "toy"), several(0, "toy"), several(2, "toy")], ["1 toy", "0 toys", "2 toys"]);
    }

    #[test]
    fn the_review_of_particle_physics_examples() {
        assert_eq!(with_uncertainty(0.827, 0.119), "0.83 ± 0.12");
        assert_eq!(with_uncertainty(0.827, 0.367), "0.8 ± 0.4");
        assert_eq!(with_uncertainty(0.827, 0.967), "0.8 ± 1.0");
    }

    #[test]
    fn borders_and_sizes() {
        assert_eq!(with_uncertainty(12.3456, 0.354), "12.35 ± 0.35");
        assert_eq!(with_uncertainty(12.3456, 0.355), "12.3 ± 0.4");
        assert_eq!(with_uncertainty(12.3456, 0.949), "12.3 ± 0.9");
        assert_eq!(with_uncertainty(12.3456, 0.951), "12.3 ± 1.0");
        assert_eq!(with_uncertainty(12345.6, 1234.0), "12300 ± 1200");
        assert_eq!(with_uncertainty(-0.001, 0.2), "0.00 ± 0.20");
        assert_eq!(with_uncertainty(1.5e-9, 2e-10), "(1.50 ± 0.20)e-9");
        assert_eq!(with_uncertainty(1.0, 1e-12), "1.0000000000000 ± 0.0000000000010");
        assert_eq!(with_uncertainty(3.0, 0.0), "3");
    }

    #[test]
    fn plain_numbers() {
        let shown: Vec<String> =
            [1.0, 0.05, 123456.7, 1e-10, 1e10, -2.5, 0.0, f64::INFINITY].map(plain).into();
        assert_eq!(shown, ["1", "0.05", "123457", "1e-10", "1e10", "-2.5", "0", "∞"]);
        assert_eq!(offset(-0.5523), "-0.6");
        assert_eq!(offset(0.123), "+0.12");
        assert_eq!((events(12.3456), counts(12.0)), ("12.35".to_owned(), "12".to_owned()));
    }
}
