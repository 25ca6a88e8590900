//! Tests of a patch set: the numbers of a row of `zstat hypotest --patch FILE:ALL`.

use serde_json::{Value, json};
use zstat_inference::{Hypotest, TestStatistic};

use super::hypotest::{BANDS, TestNumbers, without_cls};
use super::limit::{SCALE, sketch};
use super::patch_set::{PatchFits, PatchFound, PatchStudy};
use crate::output::number::plain;
use crate::output::table::{Align, Table};
use crate::output::{Finite, Page};
use crate::prepared::Prepared;

/// Marked in the sketch: what is below is excluded at 95 % confidence.
const THRESHOLD: f64 = 0.05;

/// What is asked of every patch.
#[derive(Debug, Clone, Copy)]
pub struct PatchTests {
    /// What is compared.
    pub statistic: TestStatistic,
    /// The value tested.
    pub mu: f64,
}

impl PatchTests {
    /// A row from the engine's result.
    pub fn found(prepared: &Prepared, test: &Hypotest) -> PatchFound<TestNumbers> {
        let mut finite = Finite::default();
        let numbers = TestNumbers::new(test, &mut finite);
        let Hypotest { mu_hat, converged, fits, .. } = *test;
        let fits = PatchFits { mu_hat, converged, fits, warnings: &test.warnings };
        PatchFound::new(prepared, fits, numbers, finite)
    }

    /// Observed and expected: CLs, or the p-value where there is no CLs.
    fn marks(&self, numbers: &TestNumbers) -> [Option<f64>; 2] {
        if self.statistic.has_cls() {
            [numbers.cls_obs, numbers.cls_exp.and_then(|all| all[2])]
        } else {
            [numbers.p_obs, numbers.p_exp]
        }
    }
}

impl PatchStudy for PatchTests {
    type Numbers = TestNumbers;

    fn command(&self) -> &'static str {
        "hypotest"
    }

    fn noun(&self) -> &'static str {
        "tests"
    }

    fn title(&self, poi: &str) -> String {
        format!("{poi} = {} tested with {}", plain(self.mu), self.statistic)
    }

    fn about(&self, finite: &mut Finite) -> Value {
        finite.warnings.extend(without_cls(self.statistic));
        json!({ "mu": self.mu, "test_stat": self.statistic })
    }

    fn json(&self, numbers: Option<&TestNumbers>) -> Value {
        json!(numbers.copied().unwrap_or_default())
    }

    fn columns(&self) -> Vec<&'static str> {
        if self.statistic.has_cls() { [&["CLs"][..], &BANDS].concat() } else { vec!["p-value", "expected"] }
    }

    fn cells(&self, numbers: &TestNumbers) -> Vec<String> {
        let shown = |x: Option<f64>| plain(x.unwrap_or(f64::NAN));
        match numbers.cls_exp {
            Some(expected) => std::iter::once(numbers.cls_obs).chain(expected).map(shown).collect(),
            None => vec![shown(numbers.p_obs), shown(numbers.p_exp)],
        }
    }

    fn header(&self) -> Vec<&'static str> {
        let mut header = Vec::new();
        if self.statistic.has_cls() {
            header.extend(["cls_obs", "clsb_obs", "clb_obs"]);
            header.extend(["cls_exp_m2", "cls_exp_m1", "cls_exp_median", "cls_exp_p1", "cls_exp_p2"]);
        }
        header.extend(["p_obs", "p_exp", "q_obs", "q_asimov"]);
        header
    }

    fn numbers(&self, numbers: &TestNumbers) -> Vec<Option<f64>> {
        let mut all = Vec::new();
        if let Some(expected) = numbers.cls_exp {
            all.extend([numbers.cls_obs, numbers.clsb_obs, numbers.clb_obs].into_iter().chain(expected));
        }
        all.extend([numbers.p_obs, numbers.p_exp, numbers.q_obs, numbers.q_asimov]);
        all
    }

    /// Data and median between 0 and 1.
    fn sketch(&self, rows: &[(&str, Option<&TestNumbers>)], page: &mut Page) {
        let mut table = Table::new(&[("patch", Align::Left), (SCALE, Align::Left)]);
        for (name, numbers) in rows {
            let [observed, median] = numbers.map(|numbers| self.marks(numbers)).unwrap_or_default();
            table.row([(*name).into(), sketch(observed, median.unwrap_or(f64::NAN), THRESHOLD).into()]);
        }
        let what = if self.statistic.has_cls() { "CLs" } else { "p-values" };
        page.heading(&format!("{what}: ┊ {THRESHOLD}"));
        page.table(&table);
    }
}
