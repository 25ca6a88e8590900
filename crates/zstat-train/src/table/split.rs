//! Parts of events for training, validation and results, by a hash of their keys.
//!
//! The part of an event depends on its key, the seed and the shares only, not on its file, its place, or other events: events
//! with the same key (an event number, say, with all its systematic variations) stay together. The hash is part of what results
//! depend on, and never changes: SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014, 453) over the words of the key.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zstat_core::table::{Table, TableFault};

use super::sum::sum;

/// What events are used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// To learn from.
    Training,
    /// To watch the learning.
    Validation,
    /// For results.
    Test,
}

/// Shares of the parts; they add up to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shares {
    /// To learn from.
    pub training: f64,
    /// To watch the learning.
    pub validation: f64,
    /// For results.
    pub test: f64,
}

/// A way to split events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// How much goes where.
    pub shares: Shares,
    /// Columns that tell events from each other; where there are none, the number of the row does.
    #[serde(default)]
    pub key: Vec<String>,
    /// Another seed gives another split.
    pub seed: u64,
}

/// Why there is no split.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SplitFault {
    /// Shares that are none.
    #[error("the shares {training} (training), {validation} (validation) and {test} (test) add up to {}, expected three numbers from 0 on that add up to 1", training + validation + test)]
    Shares {
        /// To learn from.
        training: f64,
        /// To watch the learning.
        validation: f64,
        /// For results.
        test: f64,
    },
    /// Columns of the key that are not there.
    #[error("the key of the events: {0}")]
    Key(#[from] TableFault),
    /// A key that equals nothing, not even itself.
    #[error("column `{column}` of the key is NaN in row {row} (counted from 0), expected a number")]
    NaN {
        /// The column.
        column: String,
        /// The first such row.
        row: usize,
    },
}

/// Events and weights of a part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartSums {
    /// Number of events.
    pub events: usize,
    /// Sum of their weights.
    pub weights: f64,
}

/// Events and weights of all parts. A part stands for all events where its weights are scaled by `all.weights / part.weights`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitSums {
    /// To learn from.
    pub training: PartSums,
    /// To watch the learning.
    pub validation: PartSums,
    /// For results.
    pub test: PartSums,
    /// All three.
    pub all: PartSums,
}

impl Shares {
    /// Are they shares?
    ///
    /// # Errors
    /// Where one is negative or no number, or their sum is not 1.
    pub fn check(&self) -> Result<(), SplitFault> {
        let Self { training, validation, test } = *self;
        let all = [training, validation, test];
        // Rounding of decimal fractions only.
        if all.iter().all(|share| *share >= 0.0) && (all.iter().sum::<f64>() - 1.0).abs() < 1e-9 {
            return Ok(());
        }
        Err(SplitFault::Shares { training, validation, test })
    }

    /// The part of a number in [0, 1). The last part of any share takes what rounding leaves.
    fn part(&self, number: f64) -> Part {
        if number < self.training || (self.validation == 0.0 && self.test == 0.0) {
            Part::Training
        } else if number < self.training + self.validation || self.test == 0.0 {
            Part::Validation
        } else {
            Part::Test
        }
    }
}

impl Split {
    /// The part of each event. `first` is the number of the first row, where rows are counted over several tables.
    ///
    /// # Errors
    /// Where the shares are none, or columns of the key are not there or NaN.
    pub fn parts(&self, table: &Table, first: u64) -> Result<Vec<Part>, SplitFault> {
        self.shares.check()?;
        let columns = table.named(&self.key)?;
        for (column, name) in columns.iter().zip(&self.key) {
            if let Some(row) = column.iter().position(|value| value.is_nan()) {
                return Err(SplitFault::NaN { column: name.clone(), row });
            }
        }
        let number = |row: usize| match columns.as_slice() {
            [] => unit_number(self.seed, [first.wrapping_add(row as u64)]),
            columns => unit_number(self.seed, columns.iter().map(|column| word(column[row]))),
        };
        Ok((0..table.rows()).map(|row| self.shares.part(number(row))).collect())
    }
}

impl SplitSums {
    /// Sums over events; each counts 1 without weights.
    ///
    /// # Panics
    /// If there are not as many weights as events.
    pub fn of(parts: &[Part], weights: Option<&[f64]>) -> Self {
        assert!(weights.is_none_or(|weights| weights.len() == parts.len()), "a weight an event");
        let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
        let sums = |keep: &dyn Fn(Part) -> bool| {
            let rows = || parts.iter().enumerate().filter(|(_, part)| keep(**part)).map(|(row, _)| row);
            PartSums { events: rows().count(), weights: sum(rows().map(weight)) }
        };
        Self {
            training: sums(&|part| part == Part::Training),
            validation: sums(&|part| part == Part::Validation),
            test: sums(&|part| part == Part::Test),
            all: sums(&|_| true),
        }
    }
}

/// A value of a key as a word: its bits, those of 0 for −0, which equals it.
fn word(value: f64) -> u64 {
    if value == 0.0 { 0 } else { value.to_bits() }
}

/// A number in [0, 1), uniform over keys: the upper 53 bits of the hash.
fn unit_number(seed: u64, words: impl IntoIterator<Item = u64>) -> f64 {
    let hash = words.into_iter().fold(mix(seed), |state, word| mix(state ^ word));
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

/// A step of SplitMix64.
fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(training: f64, validation: f64, test: f64, key: &[&str]) -> Split {
        let key = key.iter().map(|&name| name.to_owned()).collect();
        Split { shares: Shares { training, validation, test }, key, seed: 7 }
    }

    fn table(columns: &[(&str, Vec<f64>)]) -> Table {
        let names = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        let values: Vec<Vec<f64>> = columns.iter().map(|(_, values)| values.clone()).collect();
        let rows = values.first().map_or(0, Vec::len);
        Table::new(names, values, rows).unwrap()
    }

    /// The first number that the authors' generator gives for the seeds 0 and 1234567.
    #[test]
    fn the_hash_is_splitmix64() {
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mix(1_234_567), 6_457_827_717_110_365_317);
    }

    /// These numbers must never change: old runs would train on what they were tested with.
    #[test]
    fn the_hash_is_stable() {
        let of_key = |seed, key: &[f64]| unit_number(seed, key.iter().map(|value| word(*value)));
        let found = [
            of_key(0, &[0.0]),
            of_key(7, &[1.0]),
            of_key(7, &[1.0, 2.0]),
            of_key(7, &[2.0, 1.0]),
            unit_number(7, [1]),
        ];
        let expected = [
            0.6524484863740322,
            0.4940509328696515,
            0.41617693074466966,
            0.9493110033131031,
            0.23928447285727472,
        ];
        assert_eq!(found, expected);
        assert_eq!(of_key(7, &[-0.0]), of_key(7, &[0.0]));
    }

    /// Within four binomial errors, for event numbers, for rows and for keys of two columns.
    #[test]
    fn shares_are_what_they_should_be() {
        let n = 100_000;
        let numbers: Vec<f64> = (0..n).map(|i| f64::from(i) + 1e6).collect();
        let table = table(&[("run", vec![302.0; n as usize]), ("event", numbers)]);
        for key in [&["event"][..], &[], &["run", "event"]] {
            let split = split(0.6, 0.15, 0.25, key);
            let sums = SplitSums::of(&split.parts(&table, 0).unwrap(), None);
            for (part, share) in [(sums.training, 0.6), (sums.validation, 0.15), (sums.test, 0.25)] {
                let error = (share * (1.0 - share) * f64::from(n)).sqrt();
                assert!((part.events as f64 - share * f64::from(n)).abs() < 4.0 * error, "{key:?}: {sums:?}");
            }
            assert_eq!(sums.all, PartSums { events: n as usize, weights: f64::from(n) });
        }
    }

    #[test]
    fn equal_keys_stay_together() {
        let one = table(&[("event", vec![5.0, 6.0, 7.0, 5.0]), ("x", vec![1.0; 4])]);
        let other = table(&[("x", vec![2.0; 3]), ("event", vec![7.0, 5.0, 6.0])]);
        for seed in 0..50 {
            let split = Split { seed, ..split(0.4, 0.3, 0.3, &["event"]) };
            let (a, b) = (split.parts(&one, 0).unwrap(), split.parts(&other, 99).unwrap());
            assert_eq!([a[0], a[1], a[2], a[3]], [b[1], b[2], b[0], a[0]]);
        }
        // Without a key rows count on over tables.
        let split = split(0.4, 0.3, 0.3, &[]);
        let all = split.parts(&one, 10).unwrap();
        assert_eq!(split.parts(&one.filter(&[true, true, false, false]), 12).unwrap(), all[2..]);
    }

    /// More training events are those of before and others.
    #[test]
    fn a_part_grows_by_others() {
        let table = table(&[("event", (0..1000).map(f64::from).collect())]);
        let small = split(0.4, 0.1, 0.5, &["event"]).parts(&table, 0).unwrap();
        let large = split(0.5, 0.0, 0.5, &["event"]).parts(&table, 0).unwrap();
        assert!(small.iter().zip(&large).all(|(s, l)| *s != Part::Training || *l == Part::Training));
        assert!(small.iter().zip(&large).all(|(s, l)| (*s == Part::Test) == (*l == Part::Test)));
    }

    #[test]
    fn parts_of_no_share_get_nothing() {
        let nearly = 1.0 - f64::EPSILON / 2.0;
        for (shares, last) in [
            ([0.1, 0.2, 0.7], Part::Test),
            ([1.0 - 1e-10, 0.0, 0.0], Part::Training),
            ([0.3, 0.7 - 1e-10, 0.0], Part::Validation),
            ([0.0, 1.0 - 1e-10, 0.0], Part::Validation),
            ([0.3, 0.0, 0.7], Part::Test),
        ] {
            let [training, validation, test] = shares;
            let shares = Shares { training, validation, test };
            shares.check().unwrap();
            assert_eq!(shares.part(nearly), last);
            assert_eq!(shares.part(0.0), if training > 0.0 { Part::Training } else { last });
        }
    }

    #[test]
    fn weights_of_parts() {
        let sums = SplitSums::of(&[Part::Test, Part::Training, Part::Test], Some(&[0.5, 2.0, -0.25]));
        assert_eq!(sums.test, PartSums { events: 2, weights: 0.25 });
        assert_eq!(sums.training, PartSums { events: 1, weights: 2.0 });
        assert_eq!(sums.validation, PartSums::default());
        assert_eq!(sums.all, PartSums { events: 3, weights: 2.25 });
    }

    #[test]
    fn faults_are_told() {
        let table = table(&[("event", vec![1.0, f64::NAN])]);
        let fault = |split: Split| split.parts(&table, 0).unwrap_err().to_string();
        assert_eq!(
            fault(split(0.5, 0.5, 0.5, &[])),
            "the shares 0.5 (training), 0.5 (validation) and 0.5 (test) add up to 1.5, \
             expected three numbers from 0 on that add up to 1"
        );
        assert!(fault(split(1.5, -0.5, 0.0, &[])).contains("-0.5 (validation)"));
        assert!(fault(split(f64::NAN, 0.5, 0.5, &[])).contains("add up to NaN"));
        let message =
            "the key of the events: no column `evnt` (did you mean `event`?); the columns are event";
        assert_eq!(fault(split(0.5, 0.5, 0.0, &["evnt"])), message);
        let message = "column `event` of the key is NaN in row 1 (counted from 0), expected a number";
        assert_eq!(fault(split(0.5, 0.5, 0.0, &["event"])), message);
        let text = r#"{"shares": {"training": 0.5, "validation": 0.2, "test": 0.3}, "seed": 1}"#;
        assert_eq!(serde_json::from_str::<Split>(text).unwrap().key, Vec::<String>::new());
    }
}
