//! Features of mean 0 and standard deviation 1, as learnt from training events.
//!
//! Each event counts once, whatever its weight: the numbers are there to make learning easy, and weights of both signs would make
//! them unstable. The standard deviation is that of the events themselves (1/n). Sums are taken in the order of the rows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::table::{Table, TableFault};
use zstat_core::text::in_short;

use super::sum::sum;

/// Means and standard deviations of features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, try_from = "Numbers")]
pub struct Standardiser {
    columns: Vec<String>,
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

/// As it stands in a file.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Numbers {
    columns: Vec<String>,
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

/// Why features cannot be standardised.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StandardiserFault {
    /// Features that are not there.
    #[error("the features: {0}")]
    Columns(#[from] TableFault),
    /// Nothing to learn from.
    #[error("there are no training events to standardise the features by")]
    Empty,
    /// A feature that tells nothing.
    #[error("feature `{column}` is {value} in all {rows} training events; leave it out")]
    Constant {
        /// The feature.
        column: String,
        /// Its value.
        value: f64,
        /// Number of events.
        rows: usize,
    },
    /// A value that is no number.
    #[error(
        "feature `{column}` is {value} in row {row} of the events (counted from 0), expected a finite number"
    )]
    NotFinite {
        /// The feature.
        column: String,
        /// The first such row.
        row: usize,
        /// What it is there.
        value: f64,
    },
    /// Values too far from each other for floats.
    #[error("the standard deviation of feature `{column}` is {deviation}; scale the feature")]
    Range {
        /// The feature.
        column: String,
        /// Infinite or 0.
        deviation: f64,
    },
    /// A value beyond the floats that networks compute with.
    #[error("feature `{column}` is {} in row {row} of the events (counted from 0), too far from its mean {}", in_short(*.value), in_short(*.mean))]
    Far {
        /// The feature.
        column: String,
        /// The first such row.
        row: usize,
        /// What it is there.
        value: f64,
        /// The mean of the training events.
        mean: f64,
    },
    /// Numbers in a file that do not go together.
    #[error(
        "{columns} columns, {means} means and {deviations} standard deviations, expected as many of each"
    )]
    Lengths {
        /// Names.
        columns: usize,
        /// Means.
        means: usize,
        /// Standard deviations.
        deviations: usize,
    },
    /// Numbers in a file that are none of a feature.
    #[error(
        "feature `{column}` has the mean {mean} and the standard deviation {deviation}, expected finite numbers, the latter positive"
    )]
    Numbers {
        /// The feature.
        column: String,
        /// Its mean.
        mean: f64,
        /// Its standard deviation.
        deviation: f64,
    },
}

impl TryFrom<Numbers> for Standardiser {
    type Error = StandardiserFault;

    fn try_from(numbers: Numbers) -> Result<Self, StandardiserFault> {
        let Numbers { columns, mean, deviation } = numbers;
        let lengths = [columns.len(), mean.len(), deviation.len()];
        if lengths != [columns.len(); 3] {
            let [columns, means, deviations] = lengths;
            return Err(StandardiserFault::Lengths { columns, means, deviations });
        }
        for ((column, &mean), &deviation) in columns.iter().zip(&mean).zip(&deviation) {
            if !(mean.is_finite() && deviation.is_finite() && deviation > 0.0) {
                return Err(StandardiserFault::Numbers { column: column.clone(), mean, deviation });
            }
        }
        Ok(Self { columns, mean, deviation })
    }
}

impl Standardiser {
    /// Learns from training events, which are all rows of `table`.
    ///
    /// # Errors
    /// All features that are missing; else the first one that is constant or not finite.
    pub fn learn(table: &Table, features: &[String]) -> Result<Self, StandardiserFault> {
        let columns = table.named(features)?;
        if table.rows() == 0 {
            return Err(StandardiserFault::Empty);
        }
        let moments = columns.iter().zip(features).map(|(values, name)| moments(name, values));
        let (mean, deviation) = moments.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        Ok(Self { columns: features.to_vec(), mean, deviation })
    }

    /// One that leaves the features as they are.
    pub fn identity(features: &[String]) -> Self {
        let n = features.len();
        Self { columns: features.to_vec(), mean: vec![0.0; n], deviation: vec![1.0; n] }
    }

    /// Names of the features.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Their means.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Their standard deviations.
    pub fn deviation(&self) -> &[f64] {
        &self.deviation
    }

    /// The features of all events, standardised: rows × features, row-major, as networks take them.
    ///
    /// # Errors
    /// All features that are missing; else the first value that is not finite, before or after.
    pub fn rows(&self, table: &Table) -> Result<Vec<f32>, StandardiserFault> {
        let columns = table.named(&self.columns)?;
        let width = columns.len();
        let mut rows = vec![0.0; width * table.rows()];
        for (at, values) in columns.into_iter().enumerate() {
            let (mean, deviation) = (self.mean[at], self.deviation[at]);
            for (row, &value) in values.iter().enumerate() {
                let standard = ((value - mean) / deviation) as f32;
                if !standard.is_finite() {
                    let column = self.columns[at].clone();
                    return Err(if value.is_finite() {
                        StandardiserFault::Far { column, row, value, mean }
                    } else {
                        StandardiserFault::NotFinite { column, row, value }
                    });
                }
                rows[row * width + at] = standard;
            }
        }
        Ok(rows)
    }
}

/// Mean and standard deviation of one value or more.
fn moments(name: &str, values: &[f64]) -> Result<(f64, f64), StandardiserFault> {
    let column = || name.to_owned();
    if let Some((row, &value)) = values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
        return Err(StandardiserFault::NotFinite { column: column(), row, value });
    }
    // The mean of equal numbers may be off by a digit, and their deviation not 0.
    if values.iter().all(|value| *value == values[0]) {
        return Err(StandardiserFault::Constant { column: column(), value: values[0], rows: values.len() });
    }
    let n = values.len() as f64;
    let mean = sum(values.iter().copied()) / n;
    let deviation = (sum(values.iter().map(|value| (value - mean) * (value - mean))) / n).sqrt();
    if !(mean.is_finite() && deviation.is_finite() && deviation > 0.0) {
        return Err(StandardiserFault::Range { column: column(), deviation });
    }
    Ok((mean, deviation))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn table(columns: &[(&str, &[f64])]) -> Table {
        let values: Vec<Vec<f64>> = columns.iter().map(|(_, values)| values.to_vec()).collect();
        let rows = values.first().map_or(0, Vec::len);
        Table::new(columns.iter().map(|(name, _)| (*name).to_owned()).collect(), values, rows).unwrap()
    }

    #[test]
    fn features_have_mean_0_and_width_1() {
        let events =
            table(&[("pt", &[1.0, 2.0, 6.0]), ("x", &[0.0; 3]), ("eta", &[1e9, 1e9 + 1.0, 1e9 + 2.0])]);
        let standard = Standardiser::learn(&events, &names(&["eta", "pt"])).unwrap();
        assert_eq!(standard.mean(), [1e9 + 1.0, 3.0]);
        assert_eq!(standard.deviation(), [(2.0_f64 / 3.0).sqrt(), (14.0_f64 / 3.0).sqrt()]);
        let rows = standard.rows(&events).unwrap();
        for feature in 0..2 {
            let values: Vec<f64> = (0..3).map(|row| f64::from(rows[row * 2 + feature])).collect();
            let (mean, deviation) = moments("", &values).unwrap();
            assert!(mean.abs() < 1e-7 && (deviation - 1.0).abs() < 1e-7);
        }
        // Other events by the numbers of the training events.
        let others = standard.rows(&table(&[("eta", &[1e9 + 1.0]), ("pt", &[3.0])])).unwrap();
        assert_eq!(others, [0.0, 0.0]);
    }

    #[test]
    fn files_are_checked() {
        let standard = Standardiser::learn(&table(&[("pt", &[1.0, 2.0])]), &names(&["pt"])).unwrap();
        let text = serde_json::to_string(&standard).unwrap();
        assert_eq!(text, r#"{"columns":["pt"],"mean":[1.5],"deviation":[0.5]}"#);
        assert_eq!(serde_json::from_str::<Standardiser>(&text).unwrap(), standard);
        let fault = |text| serde_json::from_str::<Standardiser>(text).unwrap_err().to_string();
        assert_eq!(
            fault(r#"{"columns":["pt"],"mean":[1.5],"deviation":[0.5, 1]}"#),
            "1 columns, 1 means and 2 standard deviations, expected as many of each"
        );
        assert_eq!(
            fault(r#"{"columns":["pt"],"mean":[1.5],"deviation":[0]}"#),
            "feature `pt` has the mean 1.5 and the standard deviation 0, expected finite numbers, the latter positive"
        );
        assert!(fault(r#"{"columns":[],"mean":[],"deviation":[],"median":[]}"#).contains("unknown field"));
    }

    #[test]
    fn faults_are_named() {
        let fault = |values: &[f64]| {
            Standardiser::learn(&table(&[("pt", values)]), &names(&["pt"])).unwrap_err().to_string()
        };
        assert_eq!(fault(&[]), "there are no training events to standardise the features by");
        assert_eq!(fault(&[0.1; 7]), "feature `pt` is 0.1 in all 7 training events; leave it out");
        assert_eq!(fault(&[0.1]), "feature `pt` is 0.1 in all 1 training events; leave it out");
        let message = "feature `pt` is NaN in row 1 of the events (counted from 0), expected a finite number";
        assert_eq!(fault(&[0.1, f64::NAN]), message);
        assert_eq!(
            fault(&[1e300, -1e300]),
            "the standard deviation of feature `pt` is inf; scale the feature"
        );
        assert_eq!(
            fault(&[1e-300, -1e-300]),
            "the standard deviation of feature `pt` is 0; scale the feature"
        );
        let missing = Standardiser::learn(&table(&[("pt", &[1.0])]), &names(&["ptt", "q"])).unwrap_err();
        let message = "the features: no column `ptt` (did you mean `pt`?), no column `q`; the columns are pt";
        assert_eq!(missing.to_string(), message);
        let standard = Standardiser::learn(&table(&[("pt", &[1.0, 2.0])]), &names(&["pt"])).unwrap();
        let far = standard.rows(&table(&[("pt", &[1.0, 1e60])])).unwrap_err().to_string();
        assert!(
            far.starts_with("feature `pt` is 1e60 in row 1 of the events (counted from 0)")
                && far.ends_with("too far from its mean 1.5"),
            "{far}"
        );
        let nan = standard.rows(&table(&[("pt", &[f64::INFINITY])])).unwrap_err().to_string();
        assert_eq!(
            nan,
            "feature `pt` is inf in row 0 of the events (counted from 0), expected a finite number"
        );
    }
}
