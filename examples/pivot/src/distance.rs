//! The weighted distance correlation of two columns, squared, and its derivatives by the first.
//!
//! With a_ij = |x_i − x_j| and A its double-centred form under weights p that add up to 1, dCov² = Σ p_i p_j A_ij B_ij, and dCorr² =
//! dCov²(x, y)/√(dCov²(x, x) dCov²(y, y)). It is 0 only where x and y are independent. As B is centred, the derivative of dCov²
//! by a_ij is p_i p_j B_ij. Source: G. Székely, M. Rizzo, N. Bakirov, Ann. Statist. 35 (2007) 2769; G. Kasieczka and
//! D. Shih, arXiv:2001.05310.

/// A squared distance correlation.
#[derive(Debug, Clone, PartialEq)]
pub struct Correlation {
    /// dCorr²; NaN where it does not exist.
    pub squared: f64,
    /// Its derivatives by the values of the first column.
    pub slopes: Vec<f64>,
}

/// The squared distance correlation of `x` and `y` under `weights`, all of one length; time goes with its square. 0 where x or y is
/// constant; NaN where a value is, or the weights leave no positive distance variance.
pub fn distance_correlation(x: &[f64], y: &[f64], weights: &[f64]) -> Correlation {
    let sum: f64 = weights.iter().sum();
    let p: Vec<f64> = weights.iter().map(|weight| weight / sum).collect();
    let (a, b) = (Centred::new(x, &p), Centred::new(y, &p));
    let (covariance, by_covariance) = product(&a, &b, &p);
    let (x_variance, by_variance) = product(&a, &a, &p);
    let (y_variance, _) = product(&b, &b, &p);
    if x_variance == 0.0 || y_variance == 0.0 {
        return Correlation { squared: 0.0, slopes: vec![0.0; x.len()] };
    }
    let norm = (x_variance * y_variance).sqrt();
    let squared = covariance / norm;
    let slopes = by_covariance.iter().zip(&by_variance);
    // The variance has x on both sides, and its root counts half.
    let slopes = slopes.map(|(by_c, by_v)| by_c / norm - squared * by_v / x_variance).collect();
    Correlation { squared: if x_variance > 0.0 { squared } else { f64::NAN }, slopes }
}

/// Distances, less their means by row and column.
struct Centred<'a> {
    values: &'a [f64],
    means: Vec<f64>,
    mean: f64,
}

impl<'a> Centred<'a> {
    fn new(values: &'a [f64], p: &[f64]) -> Self {
        let mean_of = |v: &f64| values.iter().zip(p).map(|(other, p)| p * (v - other).abs()).sum();
        let means: Vec<f64> = values.iter().map(mean_of).collect();
        let mean = means.iter().zip(p).map(|(mean, p)| p * mean).sum();
        Self { values, means, mean }
    }

    fn at(&self, i: usize, j: usize) -> f64 {
        (self.values[i] - self.values[j]).abs() - self.means[i] - self.means[j] + self.mean
    }
}

/// Σ p_i p_j A_ij B_ij, and its derivatives by the values behind A where B is held.
fn product(a: &Centred<'_>, b: &Centred<'_>, p: &[f64]) -> (f64, Vec<f64>) {
    let (mut sum, mut slopes) = (0.0, vec![0.0; p.len()]);
    for i in 0..p.len() {
        for j in (0..p.len()).filter(|j| *j != i) {
            let weight = p[i] * p[j] * b.at(i, j);
            sum += weight * a.at(i, j);
            slopes[i] += 2.0 * weight * (a.values[i] - a.values[j]).signum();
        }
        sum += p[i] * p[i] * a.at(i, i) * b.at(i, i);
    }
    (sum, slopes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_for_copies_and_zero_for_independent_columns() {
        let x = [0.3, -1.2, 2.0, 0.9, -0.1];
        let weights = [1.0, 2.0, 0.5, 1.5, 1.0];
        let copy: Vec<f64> = x.iter().map(|x| 2.0 - 3.0 * x).collect();
        assert!((distance_correlation(&x, &copy, &weights).squared - 1.0).abs() < 1e-12);
        // Every x with every y: independent, whatever the weights of either.
        let (mut left, mut right, mut product) = (Vec::new(), Vec::new(), Vec::new());
        for (x, w) in x.iter().zip(weights) {
            for (y, v) in [0.0, 1.0, 5.0].into_iter().zip([1.0, 3.0, 0.5]) {
                left.push(*x);
                right.push(y);
                product.push(w * v);
            }
        }
        assert!(distance_correlation(&left, &right, &product).squared.abs() < 1e-12);
        assert_eq!(distance_correlation(&x, &[1.0; 5], &weights).squared, 0.0);
    }
}
