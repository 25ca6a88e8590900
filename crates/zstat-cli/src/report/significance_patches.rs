//! Significances of a patch set: the numbers of a row of `zstat significance --patch FILE:ALL`.

use serde_json::{Value, json};
use zstat_inference::{Significance, TestStatistic};

use super::patch_set::{PatchFits, PatchFound, PatchStudy};
use super::significance::SignificanceNumbers;
use crate::output::number::{fixed, plain};
use crate::output::table::{Align, Table};
use crate::output::{Finite, Page};
use crate::prepared::Prepared;

/// Characters of the sketch of the significances.
const SKETCH: usize = 45;
/// Marked in the sketch: what is beyond is called evidence.
const EVIDENCE: f64 = 3.0;

/// What is asked of every patch.
#[derive(Debug, Clone, Copy)]
pub struct PatchSignificances {
    /// What is compared.
    pub statistic: TestStatistic,
    /// The signal of the Asimov data.
    pub signal: f64,
}

impl PatchSignificances {
    /// A row from the engine's result.
    pub fn found(prepared: &Prepared, found: &Significance) -> PatchFound<SignificanceNumbers> {
        let mut finite = Finite::default();
        let numbers = SignificanceNumbers::new(found, &mut finite);
        let test = &found.test;
        let fits = PatchFits {
            mu_hat: test.mu_hat,
            converged: test.converged,
            fits: test.fits,
            warnings: &test.warnings,
        };
        PatchFound::new(prepared, fits, numbers, finite)
    }
}

impl PatchStudy for PatchSignificances {
    type Numbers = SignificanceNumbers;

    fn command(&self) -> &'static str {
        "significance"
    }

    fn noun(&self) -> &'static str {
        "tests"
    }

    fn title(&self, poi: &str) -> String {
        format!("{poi} = 0 tested with {}, expected at {poi} = {}", self.statistic, plain(self.signal))
    }

    fn about(&self, _: &mut Finite) -> Value {
        json!({ "test_stat": self.statistic, "signal": self.signal })
    }

    fn json(&self, numbers: Option<&SignificanceNumbers>) -> Value {
        json!(numbers.copied().unwrap_or_default())
    }

    fn columns(&self) -> Vec<&'static str> {
        vec!["p0", "Z", "expected p0", "expected Z"]
    }

    fn cells(&self, numbers: &SignificanceNumbers) -> Vec<String> {
        let p = |x: Option<f64>| plain(x.unwrap_or(f64::NAN));
        let z = |x: Option<f64>| fixed(x.unwrap_or(f64::NAN), 3);
        vec![p(numbers.p0_obs), z(numbers.z_obs), p(numbers.p0_exp), z(numbers.z_exp)]
    }

    fn header(&self) -> Vec<&'static str> {
        let band = ["p0_exp_p2", "p0_exp_p1", "p0_exp_median", "p0_exp_m1", "p0_exp_m2"];
        [&["p0_obs", "z_obs", "p0_exp", "z_exp"][..], &band, &["q_obs", "q_asimov"]].concat()
    }

    fn numbers(&self, numbers: &SignificanceNumbers) -> Vec<Option<f64>> {
        let first = [numbers.p0_obs, numbers.z_obs, numbers.p0_exp, numbers.z_exp];
        let band = numbers.p0_exp_band.unwrap_or_default();
        first.into_iter().chain(band).chain([numbers.q_obs, numbers.q_asimov]).collect()
    }

    /// Data and expectation in standard deviations, from 0 to 3 at least.
    fn sketch(&self, rows: &[(&str, Option<&SignificanceNumbers>)], page: &mut Page) {
        let marks = |numbers: &SignificanceNumbers| [numbers.z_exp, numbers.z_obs];
        let all = rows.iter().filter_map(|(_, numbers)| numbers.map(marks)).flatten().flatten();
        let [low, high] = all.fold([0.0_f64, EVIDENCE], |[low, high], z| [low.min(z), high.max(z)]);
        let place = |z: f64| ((z - low) / (high - low) * (SKETCH - 1) as f64).round() as usize;
        let (first, last) = (plain(low), plain(high));
        let room = SKETCH.saturating_sub(first.len());
        let title = format!("{first}{last:>room$}");
        let mut table = Table::new(&[("patch", Align::Left), (&title, Align::Left)]);
        for (name, numbers) in rows {
            let mut line = vec![' '; SKETCH];
            line[place(EVIDENCE)] = '┊';
            for (z, sign) in numbers.map(marks).into_iter().flatten().zip(['○', '●']) {
                if let Some(z) = z {
                    line[place(z)] = sign;
                }
            }
            let line = line.into_iter().collect::<String>();
            table.row([(*name).into(), line.trim_end().into()]);
        }
        page.heading(&format!("Z: ● observed, ○ expected, ┊ {EVIDENCE}"));
        page.table(&table);
    }
}
