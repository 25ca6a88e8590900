//! Options of plugins: read, and their numbers checked.

use std::fmt;

use serde::de::{DeserializeOwned, Error};
use serde_json::Value;
use zstat_core::plugin::PluginError;

/// The options of the plugin `name`, refused where `check` finds fault with them.
pub(crate) fn read<O: DeserializeOwned, F: fmt::Display>(
    kind: &'static str,
    name: &'static str,
    options: Value,
    check: impl FnOnce(&O) -> Result<(), F>,
) -> Result<O, PluginError> {
    let refused = |source| PluginError::Options { kind, name, source };
    let options: O = serde_json::from_value(options).map_err(refused)?;
    check(&options).map_err(|fault| refused(Error::custom(fault)))?;
    Ok(options)
}

/// Numbers that an option may be. None of them is infinite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Domain {
    /// Above 0.
    Positive,
    /// 0 or more.
    NotNegative,
    /// From 0 to 1.
    Fraction,
    /// From 0 to 1, 1 excluded.
    BelowOne,
}

impl Domain {
    /// Is `value`, that of the option `name`, in it?
    pub(crate) fn check(self, name: &'static str, value: f64) -> Result<(), DomainFault> {
        let is_in = match self {
            Self::Positive => value > 0.0,
            Self::NotNegative => value >= 0.0,
            Self::Fraction => (0.0..=1.0).contains(&value),
            Self::BelowOne => (0.0..1.0).contains(&value),
        };
        if is_in && value.is_finite() { Ok(()) } else { Err(DomainFault { name, value, domain: self }) }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Positive => "a positive number",
            Self::NotNegative => "0 or a positive number",
            Self::Fraction => "a number from 0 to 1",
            Self::BelowOne => "a number of at least 0 and below 1",
        })
    }
}

/// An option that is out of its domain.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("`{name}` must be {domain}, found {value}")]
pub(crate) struct DomainFault {
    name: &'static str,
    value: f64,
    domain: Domain,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_domains() {
        use Domain::*;
        let tiny = f64::MIN_POSITIVE;
        let wrong: [(Domain, &[f64]); 4] = [
            (Positive, &[0.0, -1.0]),
            (NotNegative, &[-tiny]),
            (Fraction, &[-tiny, 1.0 + f64::EPSILON]),
            (BelowOne, &[-0.1, 1.0]),
        ];
        for (domain, values) in wrong {
            for value in values.iter().chain(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]) {
                assert!(domain.check("x", *value).is_err(), "{domain:?} {value}");
            }
        }
        for (domain, value) in [(Positive, tiny), (NotNegative, 0.0), (Fraction, 1.0), (BelowOne, 0.0)] {
            assert_eq!(domain.check("x", value), Ok(()));
        }
        let message = BelowOne.check("beta1", 1.0).unwrap_err().to_string();
        assert_eq!(message, "`beta1` must be a number of at least 0 and below 1, found 1");
    }
}
