//! The result of `zstat gof`.

use serde_json::{Value, json};
use zstat_core::likelihood::Data;
use zstat_core::model::ChannelInfo;
use zstat_inference::{Gof, GofStatistic, GoodnessOfFit, ToyPlace};

use super::head::Head;
use super::of_toys;
use crate::output::number::{exact, fixed, plain, several};
use crate::output::table::{Align, Cell, Table};
use crate::output::{Finite, Page, Report};
use crate::prepared::Prepared;

/// Cells of the sketch for a deviance of 1 a bin, and at most.
const UNIT: f64 = 10.0;
const LONGEST: f64 = 40.0;

/// Goodness of fit.
pub struct GofReport {
    head: Head,
    channels: Vec<ChannelInfo>,
    data: Data,
    found: GoodnessOfFit,
    toys: Option<GofToys>,
}

/// What toys say of the observed values.
pub struct GofToys {
    /// One a statistic; none where its observed value is not defined.
    pub places: Vec<Option<ToyPlace>>,
    /// Toys asked for.
    pub requested: u64,
    /// Left out: their fits failed with every start and minimiser.
    pub failed: u64,
    /// Fitted at the second attempt or later.
    pub retried: u64,
    /// Their seed.
    pub seed: u64,
}

impl GofToys {
    fn resolution(&self) -> f64 {
        self.places.iter().flatten().map(|place| place.resolution).fold(0.0, f64::max)
    }
}

impl GofReport {
    /// From the engine's result. Where there are toys, the p-values are theirs.
    pub fn new(head: Head, prepared: &Prepared, mut found: GoodnessOfFit, toys: Option<GofToys>) -> Self {
        let channels = prepared.session.model.channels().to_vec();
        for (test, place) in found.tests.iter_mut().zip(toys.iter().flat_map(|toys| &toys.places)) {
            if let Some(place) = place {
                test.p_value = Some(place.p_value.value).filter(|p| p.is_finite());
                test.reason = None;
            }
        }
        Self { head, channels, data: prepared.data.clone(), found, toys }
    }

    fn place(&self, test: usize) -> Option<&ToyPlace> {
        self.toys.as_ref().and_then(|toys| toys.places[test].as_ref())
    }

    /// Did the fit converge?
    pub fn converged(&self) -> bool {
        self.head.converged()
    }

    fn test(&self, at: usize, test: &Gof) -> Value {
        let channels = self.channels.iter().zip(&test.channels);
        let channels: Vec<Value> =
            channels.map(|(info, value)| json!({ "name": info.name, "value": value })).collect();
        let mut out = json!({
            "statistic": test.statistic.name(), "value": test.value, "dof": test.dof, "p_value": test.p_value,
            "reason": test.reason, "channels": channels,
        });
        if let Some(constraints) = test.constraints {
            out["constraints"] = json!(constraints);
        }
        if let Some(place) = self.place(at) {
            out["p_value_error"] = json!(place.p_value.error);
            out["toys_with_value"] = json!(place.toys);
            out["toys_bands"] = json!(place.bands);
        }
        out
    }

    fn counted(&self, channel: &ChannelInfo) -> usize {
        channel.bins.clone().filter(|&bin| !self.data.masked[bin]).count()
    }
}

impl Report for GofReport {
    fn command(&self) -> &'static str {
        "gof"
    }

    fn json(&self) -> Value {
        let mut finite = Finite::default();
        let (found, first) = (&self.found, &self.found.tests[0]);
        let channels = self.channels.iter().map(|info| {
            let observed = info.bins.clone().map(|bin| (!self.data.masked[bin]).then(|| self.data.main[bin]));
            let what = || format!("an expectation in `{}`", info.name);
            let expected = found.expected[info.bins.clone()].iter().map(|&nu| finite.number(nu, what));
            json!({
                "name": info.name,
                "observed": observed.collect::<Vec<Option<f64>>>(),
                "expected": expected.collect::<Vec<Option<f64>>>(),
            })
        });
        let channels: Vec<Value> = channels.collect();
        // The first test stands at the top as well, so that one asked for alone is found there.
        let toys = self.toys.as_ref().map(|toys| {
            json!({
                "requested": toys.requested, "failed": toys.failed, "retried": toys.retried,
                "resolution": toys.resolution(), "seed": toys.seed,
            })
        });
        let tests = found.tests.iter().enumerate().map(|(at, test)| self.test(at, test));
        let mut body = json!({
            "calculator": if toys.is_some() { "toys" } else { "asymptotic" },
            "statistic": first.statistic.name(), "value": first.value, "dof": first.dof,
            "p_value": first.p_value, "twice_nll": found.fit.twice_nll,
            "tests": tests.collect::<Vec<Value>>(),
            "channels": channels,
        });
        if let Some(toys) = toys {
            body["toys"] = toys;
        }
        self.head.document([body], finite)
    }

    fn text(&self, page: &mut Page) {
        let with = self
            .toys
            .as_ref()
            .map(|toys| format!(", {}, seed {}", several(toys.requested, "toy"), toys.seed));
        self.head.page(&format!("goodness of fit{}", with.unwrap_or_default()), page);
        if let Some(toys) = &self.toys {
            of_toys::notes(page, toys.retried, toys.resolution(), "medians and bands of toys");
        }
        page.gap();
        let value = |value: Option<f64>| value.map(plain).unwrap_or_default();
        let mut table = Table::new(&[
            ("statistic", Align::Left),
            ("value", Align::Right),
            ("degrees of freedom", Align::Right),
            ("p-value", Align::Right),
            ("error", Align::Right),
            ("median of toys", Align::Right),
            ("", Align::Left),
        ]);
        for (at, test) in self.found.tests.iter().enumerate() {
            let place = self.place(at);
            table.row([
                test.statistic.name().into(),
                value(test.value).into(),
                test.dof.map(|dof| dof.to_string()).unwrap_or_default().into(),
                value(test.p_value).into(),
                value(place.map(|place| place.p_value.error)).into(),
                value(place.map(|place| place.bands[2])).into(),
                test.reason.clone().unwrap_or_default().into(),
            ]);
        }
        page.table(&table);
        page.heading("channels");
        page.table(&self.channel_table());
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let header = ["statistic", "part", "value", "dof", "p_value"].map(str::to_owned).to_vec();
        let text = |x: Option<f64>| x.map(exact).unwrap_or_default();
        let mut rows = vec![header];
        for test in &self.found.tests {
            let mut row = |part: &str, value: Option<f64>, dof: Option<i64>, p_value: Option<f64>| {
                let dof = dof.map(|dof| dof.to_string()).unwrap_or_default();
                rows.push(vec![
                    test.statistic.name().to_owned(),
                    part.to_owned(),
                    text(value),
                    dof,
                    text(p_value),
                ]);
            };
            row("", test.value, test.dof, test.p_value);
            for (info, value) in self.channels.iter().zip(&test.channels) {
                row(&format!("channel {}", info.name), *value, None, None);
            }
            if test.constraints.is_some() {
                row("constraints", test.constraints, None, None);
            }
        }
        Some(rows)
    }
}

impl GofReport {
    /// A row a channel: each statistic, and a bar of the deviance a bin.
    fn channel_table(&self) -> Table {
        let tests = &self.found.tests;
        let mut columns = vec![("channel", Align::Left), ("bins", Align::Right)];
        columns.extend(tests.iter().map(|test| (test.statistic.name(), Align::Right)));
        let saturated = tests.iter().find(|test| test.statistic == GofStatistic::Saturated);
        if saturated.is_some() {
            columns.extend([("a bin", Align::Right), ("0         1         2", Align::Left)]);
        }
        let mut table = Table::new(&columns);
        for (at, info) in self.channels.iter().enumerate() {
            let bins = self.counted(info);
            let blinded = if bins == 0 { "blinded".to_owned() } else { bins.to_string() };
            let mut cells: Vec<Cell> = vec![info.name.as_str().into(), blinded.into()];
            let value = |test: &Gof| test.channels[at].map(|x| fixed(x, 4)).unwrap_or_default();
            cells.extend(tests.iter().map(|test| Cell::from(value(test))));
            if let Some(sum) = saturated.and_then(|test| test.channels[at]) {
                let mean = sum / bins as f64;
                cells.extend([fixed(mean, 2).into(), bar(mean).into()]);
            }
            table.row(cells);
        }
        if let Some(constraints) = saturated.and_then(|test| test.constraints) {
            let mut cells: Vec<Cell> = vec!["(constraints)".into(), Cell::default()];
            let shown = |test: &Gof| {
                let is_it = test.statistic == GofStatistic::Saturated;
                if is_it { fixed(constraints, 4) } else { String::new() }
            };
            cells.extend(tests.iter().map(|test| Cell::from(shown(test))));
            table.row(cells);
        }
        table
    }
}

fn bar(mean: f64) -> String {
    let cells = (mean * UNIT).round();
    if cells > LONGEST {
        return format!("{}▶", "■".repeat(LONGEST as usize));
    }
    "■".repeat(if cells > 0.0 { cells as usize } else { 0 })
}
