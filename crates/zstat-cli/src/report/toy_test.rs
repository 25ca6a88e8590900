//! The results of `zstat hypotest --toys` and `zstat significance --toys`.

use serde_json::{Value, json};
use zstat_inference::{Estimate, TestStatistic, ToyHypotest, quantile};

use super::head::TestHead;
use super::hypotest::BANDS;
use super::of_toys;
use crate::output::number::{exact, fixed, plain, several};
use crate::output::table::{Align, Table};
use crate::output::{Finite, Page, Report};

/// A statistic that is 0 but for rounding.
const ROUNDING: f64 = 1e-9;

/// A test with toys: of one value, or of the absence of a signal.
pub struct ToyTestReport {
    head: TestHead,
    test: ToyHypotest,
    statistic: TestStatistic,
    seed: u64,
    /// The signal of the alternative, for a significance.
    significance: Option<f64>,
}

impl ToyTestReport {
    /// From the engine's result. `significance` is the signal of the alternative where this is about a discovery.
    pub fn new(
        head: TestHead,
        test: ToyHypotest,
        statistic: TestStatistic,
        seed: u64,
        significance: Option<f64>,
    ) -> Self {
        Self { head, test, statistic, seed, significance }
    }

    /// Did all fits converge, and no toy fail?
    pub fn converged(&self) -> bool {
        self.head.converged()
    }

    /// The significances of data and expectation; none, with the reason in `finite`, where they have no number.
    fn z_json(&self, finite: &mut Finite) -> [Option<f64>; 2] {
        if self.significance.is_none() {
            return [None; 2];
        }
        let test = &self.test;
        let observed = ("z_obs", "the data have", test.q_obs, test.p_obs.value);
        let expected = ("z_exp", "the median toy with signal has", test.q_exp, test.p_exp[2]);
        [observed, expected].map(|(name, whose, q, p)| {
            if is_capped(q, p) {
                finite.warnings.push(format!("{name} is null: {whose} no excess, and Z is 0 or less"));
                return None;
            }
            finite.number(z(p), || name.to_owned())
        })
    }

    /// The significance of a statistic and its probability, for people.
    fn z_shown(&self, q: f64, p: f64) -> String {
        if is_capped(q, p) { "≤ 0".to_owned() } else { significance(p, self.test.toys.requested) }
    }

    fn rows(&self) -> Vec<(&'static str, Estimate, [f64; 5])> {
        let expected = self.test.expected;
        if self.statistic.has_cls() {
            let of = |place: usize| expected.map(|tails| tails[place]);
            let tails = self.test.observed;
            vec![("CLs", tails.cls, of(2)), ("CLs+b", tails.clsb, of(0)), ("CLb", tails.clb, of(1))]
        } else {
            vec![("p", self.test.p_obs, self.test.p_exp)]
        }
    }
}

impl Report for ToyTestReport {
    fn command(&self) -> &'static str {
        if self.significance.is_some() { "significance" } else { "hypotest" }
    }

    fn json(&self) -> Value {
        let mut finite = Finite::default();
        let [z_obs, z_exp] = self.z_json(&mut finite);
        let mut number = |value: f64, what: &str| finite.number(value, || what.to_owned());
        let test = &self.test;
        let toys = json!({
            "requested": test.toys.requested,
            "failed": test.toys.failed,
            "retried": test.toys.retried,
            "resolution": test.resolution,
            "seed": self.seed,
        });
        let mut body = json!({
            "toys": toys,
            "mu": test.mu,
            "test_stat": self.statistic,
            "mu_hat": number(test.mu_hat, "mu_hat"),
            "q_obs": number(test.q_obs, "q_obs"),
            "q_exp": number(test.q_exp, "q_exp"),
        });
        let mut put = |key: &str, value: Value| body[key] = value;
        if let Some(signal) = self.significance {
            put("signal", json!(signal));
            put("p0_obs", json!(number(test.p_obs.value, "p0_obs")));
            put("p0_obs_error", json!(number(test.p_obs.error, "p0_obs_error")));
            put("z_obs", json!(z_obs));
            put("p0_exp", json!(number(test.p_exp[2], "p0_exp")));
            put("z_exp", json!(z_exp));
            put("p0_exp_band", json!(test.p_exp.map(|p| number(p, "p0_exp_band"))));
            return self.head.document(body, finite);
        }
        if self.statistic.has_cls() {
            let tails = test.observed;
            for (name, estimate) in [("cls_obs", tails.cls), ("clsb_obs", tails.clsb), ("clb_obs", tails.clb)]
            {
                put(name, json!(number(estimate.value, name)));
                put(&format!("{name}_error"), json!(number(estimate.error, name)));
            }
            put("cls_exp", json!(test.expected.map(|tails| number(tails[2], "cls_exp"))));
        }
        put("p_obs", json!(number(test.p_obs.value, "p_obs")));
        put("p_obs_error", json!(number(test.p_obs.error, "p_obs_error")));
        put("p_exp", json!(number(test.p_exp[2], "p_exp")));
        put("p_exp_band", json!(test.p_exp.map(|p| number(p, "p_exp_band"))));
        self.head.document(body, finite)
    }

    fn text(&self, page: &mut Page) {
        let (test, name) = (&self.test, &self.head.parameter);
        let toys = test.toys.requested;
        let what = format!(
            "{name} = {} tested with {}, {} of each hypothesis, seed {}",
            plain(test.mu),
            self.statistic,
            several(toys, "toy"),
            self.seed
        );
        self.head.page(&what, page);
        if self.significance.is_none() && self.statistic.has_cls() && test.observed.cls.value.is_nan() {
            page.warning(
                "CLs is 0/0: not one toy of either hypothesis is as extreme as the data; more toys may tell",
            );
        }
        of_toys::notes(page, test.toys.retried, test.resolution, "what is expected");
        page.line(format!(
            "best {name} = {}, q = {}, median expected {}",
            plain(test.mu_hat),
            plain(test.q_obs),
            plain(test.q_exp)
        ));
        page.gap();
        if let Some(signal) = self.significance {
            let columns =
                [("", Align::Left), ("p0", Align::Right), ("error", Align::Right), ("Z", Align::Right)];
            let mut table = Table::new(&columns);
            let (value, error) = (test.p_obs.value, test.p_obs.error);
            table.row([
                "observed".into(),
                plain(value).into(),
                plain(error).into(),
                self.z_shown(test.q_obs, value).into(),
            ]);
            let expected = format!("expected at {name} = {}", plain(signal));
            let median = test.p_exp[2];
            let z = self.z_shown(test.q_exp, median);
            table.row([expected.into(), plain(median).into(), "".into(), z.into()]);
            page.table(&table);
            return;
        }
        let mut columns = vec![("", Align::Left), ("observed", Align::Right), ("error", Align::Right)];
        columns.extend(BANDS.map(|band| (band, Align::Right)));
        let mut table = Table::new(&columns);
        for (title, observed, expected) in self.rows() {
            let cells = [observed.value, observed.error].into_iter().chain(expected);
            table.row(std::iter::once(title.into()).chain(cells.map(|value| plain(value).into())));
        }
        page.table(&table);
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let header = ["quantity", "observed", "error", "exp_m2", "exp_m1", "exp_median", "exp_p1", "exp_p2"];
        let mut out = vec![header.map(str::to_owned).to_vec()];
        for (title, observed, expected) in self.rows() {
            let name = title.to_lowercase().replace('+', "");
            let numbers = [observed.value, observed.error].into_iter().chain(expected);
            out.push(std::iter::once(name).chain(numbers.map(exact)).collect());
        }
        if self.significance.is_some() {
            let observed = [exact(z(self.test.p_obs.value)), String::new()];
            let expected = self.test.p_exp.map(|p| exact(z(p)));
            out.push(std::iter::once("z".to_owned()).chain(observed).chain(expected).collect());
        }
        Some(out)
    }
}

/// Whether there is no excess to tell the size of: `q0` is 0 for all deficits, and so is `u0` where the bounds allow no negative
/// signal. No toy is less, and the probability is 1 whatever the data.
fn is_capped(q: f64, p: f64) -> bool {
    q.abs() <= ROUNDING && p >= 1.0
}

/// The one-sided significance of a probability; infinite where no toy was as extreme.
fn z(p: f64) -> f64 {
    if p > 0.0 { quantile(p) } else { f64::INFINITY }
}

/// The significance for people, or the one that so many toys can exclude.
fn significance(p: f64, toys: u64) -> String {
    let reach = fixed(quantile(1.0 / toys as f64), 2);
    match p {
        p if p <= 0.0 => format!("> {reach}"),
        p if p >= 1.0 => format!("< -{}", reach.trim_start_matches('-')),
        p => fixed(z(p), 3),
    }
}
