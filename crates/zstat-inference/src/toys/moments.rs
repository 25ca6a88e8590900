//! Mean and width of a series, one value after the other.

/// Running mean and variance (Welford), third and fourth moment (Pébay, Sandia report SAND2008-6212). The order of the values shows in the last bits.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
    cubes: f64,
    fourths: f64,
}

impl Moments {
    /// One more value.
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        let off = value - self.mean;
        let n = self.count as f64;
        let part = off / n;
        let square = off * part * (n - 1.0);
        self.fourths += square * part * part * (n * n - 3.0 * n + 3.0) + 6.0 * part * part * self.squares
            - 4.0 * part * self.cubes;
        self.cubes += square * part * (n - 2.0) - 3.0 * part * self.squares;
        self.mean += off / self.count as f64;
        self.squares += off * (value - self.mean);
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their mean; none of none.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }

    /// The standard deviation of one of them; none of fewer than two.
    pub fn width(&self) -> Option<f64> {
        (self.count > 1).then(|| (self.squares / (self.count - 1) as f64).sqrt())
    }

    /// Standard deviation of the mean.
    pub fn mean_error(&self) -> Option<f64> {
        self.width().map(|width| width / (self.count as f64).sqrt())
    }

    /// The fourth central moment, Σ (value − mean)⁴ / n; none of none.
    pub fn fourth(&self) -> Option<f64> {
        (self.count > 0).then(|| self.fourths / self.count as f64)
    }

    /// Standard deviation of the width, where the values are normal.
    pub fn width_error(&self) -> Option<f64> {
        self.width().map(|width| width / (2.0 * (self.count - 1) as f64).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_a_known_series() {
        let mut moments = Moments::default();
        assert_eq!((moments.mean(), moments.width()), (None, None));
        for value in [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0] {
            moments.add(1e3 + value);
        }
        assert_eq!(moments.mean(), Some(1e3 + 5.0));
        assert!((moments.width().unwrap() - (32.0_f64 / 7.0).sqrt()).abs() < 1e-12);
        // Σ (x − 5)⁴ = 81 + 3 + 0 + 0 + 16 + 256.
        assert!((moments.fourth().unwrap() - 356.0 / 8.0).abs() < 1e-9);
    }
}
