//! The root of a function with a derivative, inside a bracket.

/// The root of `f`, which is negative at `low` and positive at `high`, by Newton's method from `start`, kept inside what is
/// known. `f` returns value and slope. Ends when a step is below `tolerance`; none where `f` is not a number, or after too
/// many steps.
pub(crate) fn newton(
    mut f: impl FnMut(f64) -> (f64, f64),
    [mut low, mut high]: [f64; 2],
    start: f64,
    tolerance: f64,
) -> Option<f64> {
    let mut x = start.clamp(low, high);
    for _ in 0..80 {
        let (value, slope) = f(x);
        if value.is_nan() {
            return None;
        }
        if value == 0.0 {
            return Some(x);
        }
        if value < 0.0 {
            low = x;
        } else {
            high = x;
        }
        let newton = x - value / slope;
        if slope > 0.0 && (newton - x).abs() <= tolerance {
            return Some(newton);
        }
        let next = if slope > 0.0 && newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - x).abs() <= tolerance {
            return Some(next);
        }
        x = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_of_easy_and_hard_functions() {
        let cube = |x: f64| (x.powi(3) - 2.0, 3.0 * x * x);
        let root = newton(cube, [0.0, 10.0], 9.0, 1e-12).expect("a root");
        assert!((root - 2.0_f64.cbrt()).abs() < 1e-12);
        // Newton's method alone runs away here.
        let step = |x: f64| ((x - 3.0).atan(), 1.0 / (1.0 + (x - 3.0).powi(2)));
        assert!((newton(step, [-100.0, 100.0], 90.0, 1e-12).expect("a root") - 3.0).abs() < 1e-10);
        assert_eq!(newton(|_| (f64::NAN, 1.0), [0.0, 1.0], 0.5, 1e-9), None);
    }
}
