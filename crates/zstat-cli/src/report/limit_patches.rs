//! The limits of a patch set: the numbers of a row of `zstat limit --patch FILE:ALL`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zstat_inference::{Limit, LimitOptions, Reached, TestStatistic};

use super::hypotest::BANDS;
use super::limit::{reasons, shown};
use super::patch_set::{PatchFits, PatchFound, PatchStudy};
use crate::output::number::plain;
use crate::output::table::{Align, Table};
use crate::output::{Finite, Page};
use crate::prepared::Prepared;

/// Characters of the sketch of the limits.
const SKETCH: usize = 45;

/// What is asked of every patch.
#[derive(Debug, Clone, Copy)]
pub struct PatchLimits {
    /// What is compared.
    pub statistic: TestStatistic,
    /// Level and search.
    pub options: LimitOptions,
}

/// The limits of one patch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LimitNumbers {
    observed: Reached,
    expected: [Reached; 5],
}

impl LimitNumbers {
    fn all(&self) -> impl Iterator<Item = Reached> {
        std::iter::once(self.observed).chain(self.expected)
    }
}

impl PatchLimits {
    /// A row from the engine's result.
    pub fn found(prepared: &Prepared, found: &Limit) -> PatchFound<LimitNumbers> {
        let mut warnings = found.warnings.clone();
        warnings.extend(reasons(found, prepared.parameter()));
        let Limit { mu_hat, converged, fits, .. } = *found;
        let fits = PatchFits { mu_hat, converged, fits, warnings: &warnings };
        let numbers = LimitNumbers { observed: found.observed, expected: found.expected };
        PatchFound::new(prepared, fits, numbers, Finite::default())
    }
}

impl PatchStudy for PatchLimits {
    type Numbers = LimitNumbers;

    fn command(&self) -> &'static str {
        "limit"
    }

    fn noun(&self) -> &'static str {
        "limits"
    }

    fn title(&self, poi: &str) -> String {
        let percent = plain(100.0 * self.options.level);
        format!("upper limits on {poi} at {percent} % confidence with CLs, {}", self.statistic)
    }

    fn about(&self, _: &mut Finite) -> Value {
        json!({ "test_stat": self.statistic, "level": self.options.level })
    }

    fn json(&self, numbers: Option<&LimitNumbers>) -> Value {
        json!({
            "observed": numbers.and_then(|limits| limits.observed.value()),
            "expected": numbers.map(|limits| limits.expected.map(Reached::value)),
        })
    }

    fn columns(&self) -> Vec<&'static str> {
        [&["observed"][..], &BANDS].concat()
    }

    fn cells(&self, numbers: &LimitNumbers) -> Vec<String> {
        numbers.all().map(shown).collect()
    }

    fn header(&self) -> Vec<&'static str> {
        vec!["observed", "exp_m2", "exp_m1", "exp_median", "exp_p1", "exp_p2"]
    }

    fn numbers(&self, numbers: &LimitNumbers) -> Vec<Option<f64>> {
        numbers.all().map(Reached::value).collect()
    }

    /// Limits of data and median, on a logarithmic scale.
    fn sketch(&self, rows: &[(&str, Option<&LimitNumbers>)], page: &mut Page) {
        let limits = |numbers: &LimitNumbers| [numbers.expected[2], numbers.observed];
        let all = rows.iter().filter_map(|(_, numbers)| numbers.map(limits)).flatten();
        let positive: Vec<f64> = all.filter_map(Reached::value).filter(|value| *value > 0.0).collect();
        if positive.is_empty() {
            return;
        }
        let [low, high] = positive.iter().fold([1.0_f64, 1.0], |[low, high], x| [low.min(*x), high.max(*x)]);
        let width = (high / low).ln();
        let place = |value: f64| ((value / low).ln() / width * (SKETCH - 2) as f64).round() as usize;
        let (first, last) = (plain(low), plain(high));
        let room = SKETCH.saturating_sub(first.len());
        let title = format!("{first}{last:>room$}");
        let mut table = Table::new(&[("patch", Align::Left), (&title, Align::Left)]);
        for (name, numbers) in rows {
            let mut line = vec![' '; SKETCH];
            line[place(1.0).min(SKETCH - 1)] = '┊';
            for (reached, sign) in numbers.map(limits).into_iter().flatten().zip(['○', '●']) {
                match reached {
                    Reached::At(value) if value > 0.0 => line[place(value).min(SKETCH - 1)] = sign,
                    Reached::AboveBound(_) => line[SKETCH - 1] = '>',
                    _ => {}
                }
            }
            let line = line.into_iter().collect::<String>();
            table.row([(*name).into(), line.trim_end().into()]);
        }
        page.heading("limits: ● observed, ○ median, ┊ 1, on a logarithmic scale");
        page.table(&table);
    }
}
