//! Random start values: a function of (seed, start, parameter), so that they do not depend on the order of work.

use crate::model::Parameter;

/// Start number `start` (1, 2, …): constrained parameters within two widths of where their constraint holds them. Free
/// ones are, at odd numbers, within half a unit or half of their start value; at even ones anywhere inside their bounds
/// (within five units of the start where those are infinite). All are inside their bounds; fixed ones keep `base`.
pub(super) fn random_start(
    parameters: &[Parameter],
    base: &[f64],
    fixed: &[bool],
    seed: u64,
    start: u64,
) -> Vec<f64> {
    let one = |(i, parameter): (usize, &Parameter)| {
        if fixed[i] {
            return base[i];
        }
        let u = 2.0 * uniform(seed, start, i as u64) - 1.0;
        let [lower, upper] = parameter.bounds;
        let x = match parameter.constraint.centre_and_width() {
            Some((centre, width)) => centre + 2.0 * u * width,
            None if start % 2 == 1 => base[i] + 0.5 * u * base[i].abs().max(1.0),
            None if lower.is_finite() && upper.is_finite() => 0.5 * ((lower + upper) + u * (upper - lower)),
            None => base[i] + 5.0 * u,
        };
        x.max(lower).min(upper)
    };
    parameters.iter().enumerate().map(one).collect()
}

/// A uniform number in [0, 1) keyed by three counters: SplitMix64's finaliser (Steele, Lea, Flood, 2014) over their mix.
fn uniform(seed: u64, start: u64, index: u64) -> f64 {
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |mut z: u64| {
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    let key = mix(seed.wrapping_add(GOLDEN));
    let key = mix(key ^ start.wrapping_mul(GOLDEN));
    let bits = mix(key.wrapping_add(index.wrapping_add(1).wrapping_mul(GOLDEN)));
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_is_uniform_and_keyed() {
        let sample: Vec<f64> = (0..20_000).map(|i| uniform(3, i / 100, i % 100)).collect();
        let mean = sample.iter().sum::<f64>() / sample.len() as f64;
        let variance = sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / sample.len() as f64;
        // Four standard errors: 4·sqrt(1/12/20000) = 0.008, and for the variance 4·sqrt(1/180/20000) = 0.002.
        assert!((mean - 0.5).abs() < 0.008, "{mean}");
        assert!((variance - 1.0 / 12.0).abs() < 0.002, "{variance}");
        assert_ne!(uniform(1, 1, 1).to_bits(), uniform(2, 1, 1).to_bits());
    }
}
