//! Sums in a fixed order that keep the digits that plain ones lose.

/// The sum of the values, in their order. Source: A. Neumaier, ZAMM 54 (1974) 39.
pub(super) fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0);
    for value in values {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    // Beyond the largest float what is lost has no meaning.
    if sum.is_finite() { sum + lost } else { sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_kept() {
        assert_eq!(sum([1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum((0..1_000_000).map(|_| 0.1)), 100_000.0);
        assert_eq!(sum([f64::MAX, f64::MAX]), f64::INFINITY);
        assert_eq!(sum([]), 0.0);
    }
}
