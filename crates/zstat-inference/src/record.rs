//! Fits as records of a job: what a journal keeps of them, so that the same numbers come back.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Fit, Profile};

/// A number in a record. JSON has none that are not finite: those are kept as text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Real(pub f64);

impl PartialEq for Real {
    /// The same bits: a record that comes back is what it was, NaN included.
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Serialize for Real {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() { serializer.serialize_f64(self.0) } else { serializer.collect_str(&self.0) }
    }
}

impl<'de> Deserialize<'de> for Real {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Kept {
            Number(f64),
            Text(String),
        }
        match Kept::deserialize(deserializer)? {
            Kept::Number(value) => Ok(Self(value)),
            Kept::Text(text) => text.parse().map(Self).map_err(D::Error::custom),
        }
    }
}

/// Statistics in a record, none of failed toys.
pub(crate) mod statistics {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Real;

    pub fn serialize<S: Serializer>(values: &[Option<f64>], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|value| value.map(Real)))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Option<f64>>, D::Error> {
        let values = Vec::<Option<Real>>::deserialize(deserializer)?;
        Ok(values.into_iter().map(|value| value.map(|real| real.0)).collect())
    }

    /// One of them.
    pub mod one {
        use super::{Deserialize, Deserializer, Real, Serialize, Serializer};

        pub fn serialize<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
            value.map(Real).serialize(serializer)
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
            Ok(Option::<Real>::deserialize(deserializer)?.map(|real| real.0))
        }
    }
}

/// A fit of a profile, but for the value that was held, which its place says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct FitRecord {
    theta: Vec<Real>,
    nll: Real,
    slope: Real,
    converged: bool,
}

/// Fits of a profile at neighbouring values: one task of a scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StretchRecord {
    fits: Vec<FitRecord>,
    searches: usize,
    warnings: Vec<String>,
}

impl StretchRecord {
    /// Holds the parameter of interest at each of `order`; the record is by ascending value.
    pub(crate) fn new(mut profile: Profile<'_, '_>, order: &[f64]) -> Self {
        let known = profile.fits();
        order.iter().for_each(|&value| drop(profile.held(value)));
        let mut values = order.to_vec();
        values.sort_by(f64::total_cmp);
        let fits = values.into_iter().map(|value| FitRecord::from(profile.held(value))).collect();
        Self { fits, searches: profile.fits() - known, warnings: profile.warnings().to_vec() }
    }

    /// Stretches one after the other.
    pub(crate) fn joined(stretches: &[Self]) -> Self {
        Self {
            fits: stretches.iter().flat_map(|stretch| &stretch.fits).cloned().collect(),
            searches: stretches.iter().map(|stretch| stretch.searches).sum(),
            warnings: stretches.iter().flat_map(|stretch| &stretch.warnings).cloned().collect(),
        }
    }

    /// Gives a profile what is known from here, at the `values` of the record, ascending; all its fits, in this order.
    pub(crate) fn tell(&self, profile: &mut Profile<'_, '_>, values: &[f64]) -> Vec<Fit> {
        let fits: Vec<Fit> = self.fits.iter().zip(values).map(|(fit, &value)| fit.at(value)).collect();
        profile.learn(&fits, self.searches, &self.warnings);
        fits
    }
}

impl From<Fit> for FitRecord {
    fn from(Fit { theta, nll, slope, converged, .. }: Fit) -> Self {
        let theta = theta.into_iter().map(Real).collect();
        Self { theta, nll: Real(nll), slope: Real(slope), converged }
    }
}

impl FitRecord {
    fn at(&self, mu: f64) -> Fit {
        let theta = self.theta.iter().map(|x| x.0).collect();
        Fit::known(mu, theta, self.nll.0, self.slope.0, self.converged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ToyLimitRecord, ToyRecord};

    #[test]
    fn statistics_come_back() {
        let q = vec![Some(0.25), None, Some(f64::INFINITY)];
        let limit = ToyLimitRecord { q: q.clone(), rescued: false };
        let text = serde_json::to_string(&limit).unwrap();
        assert_eq!(serde_json::from_str::<ToyLimitRecord>(&text).unwrap(), limit, "{text}");
        for q in q {
            let test = ToyRecord { q, mu_hat: q.map(|_| 1.5), rescued: true };
            let text = serde_json::to_string(&test).unwrap();
            assert_eq!(serde_json::from_str::<ToyRecord>(&text).unwrap(), test, "{text}");
        }
    }

    #[test]
    fn records_come_back_bit_by_bit() {
        let numbers =
            [0.1, -0.0, 1e-310, f64::MAX, f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(Real).to_vec();
        let fit =
            FitRecord { theta: numbers, nll: Real(f64::INFINITY), slope: Real(1.0 / 3.0), converged: false };
        let record = StretchRecord { fits: vec![fit], searches: 3, warnings: vec!["ä".to_owned()] };
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<StretchRecord>(&text).unwrap(), record, "{text}");
        assert!(serde_json::from_str::<Real>("\"x\"").is_err());
    }
}
