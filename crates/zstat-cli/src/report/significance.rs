//! The result of `zstat significance`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zstat_inference::Significance;

use super::head::{TestHead, joined};
use crate::output::number::{exact, fixed, plain};
use crate::output::table::{Align, Table};
use crate::output::{Finite, Page, Report};

/// The numbers of a significance, as JSON has them; what is not finite is `null`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct SignificanceNumbers {
    /// The p-value of the data.
    pub p0_obs: Option<f64>,
    /// The same in standard deviations.
    pub z_obs: Option<f64>,
    /// The p-value of the signal's Asimov data.
    pub p0_exp: Option<f64>,
    /// The same in standard deviations.
    pub z_exp: Option<f64>,
    /// p-values expected at 2 to −2 standard deviations of the signal.
    pub p0_exp_band: Option<[Option<f64>; 5]>,
    /// The statistic on the data.
    pub q_obs: Option<f64>,
    /// The statistic on Asimov data.
    pub q_asimov: Option<f64>,
}

impl SignificanceNumbers {
    /// From the engine's result; what is not finite stands in `finite`.
    pub fn new(found: &Significance, finite: &mut Finite) -> Self {
        let mut number = |value: f64, what: &str| finite.number(value, || what.to_owned());
        Self {
            p0_obs: number(found.p0_obs, "p0_obs"),
            z_obs: number(found.z_obs, "z_obs"),
            p0_exp: number(found.p0_exp, "p0_exp"),
            z_exp: number(found.z_exp, "z_exp"),
            p0_exp_band: Some(found.p0_exp_band.map(|p| number(p, "p0_exp_band"))),
            q_obs: number(found.test.q_obs, "q_obs"),
            q_asimov: number(found.test.q_asimov, "q_asimov"),
        }
    }
}

/// The significance of a discovery.
pub struct SignificanceReport {
    head: TestHead,
    found: Significance,
    signal: f64,
}

impl SignificanceReport {
    /// From the engine's result, for a signal of this size.
    pub fn new(head: TestHead, found: Significance, signal: f64) -> Self {
        Self { head, found, signal }
    }

    /// Did all fits converge?
    pub fn converged(&self) -> bool {
        self.head.converged()
    }
}

impl Report for SignificanceReport {
    fn command(&self) -> &'static str {
        "significance"
    }

    fn json(&self) -> Value {
        let mut finite = Finite::default();
        let test = &self.found.test;
        let about = json!({
            "test_stat": test.statistic,
            "signal": self.signal,
            "mu_hat": finite.number(test.mu_hat, || "mu_hat".to_owned()),
        });
        let numbers = json!(SignificanceNumbers::new(&self.found, &mut finite));
        self.head.document(joined([about, numbers]), finite)
    }

    fn text(&self, page: &mut Page) {
        let found = &self.found;
        let name = &self.head.parameter;
        self.head
            .page(&format!("{name} = 0 tested with {}, asymptotic formulas", found.test.statistic), page);
        page.line(format!("best {name} = {}", plain(found.test.mu_hat)));
        page.gap();
        let expected = format!("expected at {name} = {}", plain(self.signal));
        let mut table = Table::new(&[("", Align::Left), ("p0", Align::Right), ("Z", Align::Right)]);
        table.row(["observed".into(), plain(found.p0_obs).into(), fixed(found.z_obs, 3).into()]);
        table.row([expected.into(), plain(found.p0_exp).into(), fixed(found.z_exp, 3).into()]);
        page.table(&table);
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let row = |name: &str, p: f64, z: f64| vec![name.to_owned(), exact(p), exact(z)];
        let header = ["data", "p0", "z"].map(str::to_owned).to_vec();
        let found = &self.found;
        Some(vec![
            header,
            row("observed", found.p0_obs, found.z_obs),
            row("expected", found.p0_exp, found.z_exp),
        ])
    }
}
