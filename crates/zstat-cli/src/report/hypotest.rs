//! The result of `zstat hypotest`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zstat_inference::{Hypotest, Tails, TestStatistic};

use super::head::{TestHead, joined};
use crate::output::number::{exact, plain};
use crate::output::table::{Align, Table};
use crate::output::{Finite, Page, Report};

/// Names of the five expected values, in the order of the lists.
pub const BANDS: [&str; 5] = ["-2σ", "-1σ", "median", "+1σ", "+2σ"];

/// The numbers of a test, as JSON has them; what is not finite is `null`, and so is what a statistic does not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct TestNumbers {
    /// CLs of the data.
    pub cls_obs: Option<f64>,
    /// Its numerator.
    pub clsb_obs: Option<f64>,
    /// Its denominator.
    pub clb_obs: Option<f64>,
    /// CLs expected, in the order of [`BANDS`].
    pub cls_exp: Option<[Option<f64>; 5]>,
    /// The p-value of the data.
    pub p_obs: Option<f64>,
    /// The p-value that the alternative expects.
    pub p_exp: Option<f64>,
    /// The statistic on the data.
    pub q_obs: Option<f64>,
    /// The statistic on Asimov data.
    pub q_asimov: Option<f64>,
}

impl TestNumbers {
    /// From the engine's result; what is not finite stands in `finite`.
    pub fn new(test: &Hypotest, finite: &mut Finite) -> Self {
        let mut number = |value: f64, what: &str| finite.number(value, || what.to_owned());
        let observed = test.observed;
        Self {
            cls_obs: observed.and_then(|tails| number(tails.cls, "cls_obs")),
            clsb_obs: observed.and_then(|tails| number(tails.clsb, "clsb_obs")),
            clb_obs: observed.and_then(|tails| number(tails.clb, "clb_obs")),
            cls_exp: test.expected.map(|all| all.map(|tails| number(tails.cls, "cls_exp"))),
            p_obs: number(test.p_obs, "p_obs"),
            p_exp: number(test.p_exp, "p_exp"),
            q_obs: number(test.q_obs, "q_obs"),
            q_asimov: number(test.q_asimov, "q_asimov"),
        }
    }
}

/// Why some numbers are `null` with this statistic.
pub fn without_cls(statistic: TestStatistic) -> Option<String> {
    let why = || format!("no CLs, CLs+b and CLb are given: `{statistic}` has no CLs");
    (!statistic.has_cls()).then(why)
}

/// The test of one value.
pub struct HypotestReport {
    head: TestHead,
    test: Hypotest,
}

impl HypotestReport {
    /// From the engine's result.
    pub fn new(head: TestHead, test: Hypotest) -> Self {
        Self { head, test }
    }

    /// Did all fits converge?
    pub fn converged(&self) -> bool {
        self.head.converged()
    }

    fn rows(&self) -> Vec<[f64; 7]> {
        let (Some(observed), Some(expected)) = (self.test.observed, self.test.expected) else {
            return Vec::new();
        };
        let row = |index: f64, value: fn(&Tails) -> f64| {
            let [a, b, c, d, e] = expected.map(|tails| value(&tails));
            [index, value(&observed), a, b, c, d, e]
        };
        vec![row(0.0, |t| t.cls), row(1.0, |t| t.clsb), row(2.0, |t| t.clb)]
    }
}

const ROWS: [&str; 3] = ["CLs", "CLs+b", "CLb"];

impl Report for HypotestReport {
    fn command(&self) -> &'static str {
        "hypotest"
    }

    fn json(&self) -> Value {
        let test = &self.test;
        let mut finite = Finite::default();
        finite.warnings.extend(without_cls(test.statistic));
        let about = json!({
            "mu": test.mu,
            "test_stat": test.statistic,
            "mu_hat": finite.number(test.mu_hat, || "mu_hat".to_owned()),
        });
        let numbers = json!(TestNumbers::new(test, &mut finite));
        self.head.document(joined([about, numbers]), finite)
    }

    fn text(&self, page: &mut Page) {
        let test = &self.test;
        let name = &self.head.parameter;
        self.head.page(
            &format!("{name} = {} tested with {}, asymptotic formulas", plain(test.mu), test.statistic),
            page,
        );
        page.line(format!(
            "best {name} = {}, q = {}, on Asimov data {}",
            plain(test.mu_hat),
            plain(test.q_obs),
            plain(test.q_asimov)
        ));
        page.gap();
        let rows = self.rows();
        if rows.is_empty() {
            page.line(format!("  p-value  observed {}, expected {}", plain(test.p_obs), plain(test.p_exp)));
            return;
        }
        let mut columns = vec![("", Align::Left), ("observed", Align::Right)];
        columns.extend(BANDS.map(|band| (band, Align::Right)));
        let mut table = Table::new(&columns);
        for (title, row) in ROWS.iter().zip(&rows) {
            let numbers = row[1..].iter().map(|value| plain(*value).into());
            table.row(std::iter::once((*title).into()).chain(numbers));
        }
        page.table(&table);
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let header = ["quantity", "observed", "exp_m2", "exp_m1", "exp_median", "exp_p1", "exp_p2"];
        let mut out = vec![header.map(str::to_owned).to_vec()];
        for (title, row) in ["cls", "clsb", "clb"].iter().zip(self.rows()) {
            let numbers = row[1..].iter().map(|value| exact(*value));
            out.push(std::iter::once((*title).to_owned()).chain(numbers).collect());
        }
        let mut p = vec!["p".to_owned(), exact(self.test.p_obs)];
        p.extend([String::new(), String::new(), exact(self.test.p_exp), String::new(), String::new()]);
        out.push(p);
        Some(out)
    }
}
