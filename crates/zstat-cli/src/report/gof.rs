//! The result of `zstat gof`.

use serde_json::{Value, json};
use zstat_core::likelihood::Data;
use zstat_core::model::ChannelInfo;
use zstat_inference::{Gof, GofStatistic, GoodnessOfFit};

use super::head::Head;
use crate::output::number::{fixed, plain};
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
}

impl GofReport {
    /// From the engine's result.
    pub fn new(head: Head, prepared: &Prepared, found: GoodnessOfFit) -> Self {
        let channels = prepared.session.model.channels().to_vec();
        Self { head, channels, data: prepared.data.clone(), found }
    }

    /// Did the fit converge?
    pub fn converged(&self) -> bool {
        self.head.converged()
    }

    fn test(&self, test: &Gof) -> Value {
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
        let body = json!({
            "statistic": first.statistic.name(), "value": first.value, "dof": first.dof,
            "p_value": first.p_value, "twice_nll": found.fit.twice_nll,
            "tests": found.tests.iter().map(|test| self.test(test)).collect::<Vec<Value>>(),
            "channels": channels,
        });
        self.head.document([body], finite)
    }

    fn text(&self, page: &mut Page) {
        self.head.page("goodness of fit", page);
        page.gap();
        let value = |value: Option<f64>| value.map(plain).unwrap_or_default();
        let mut table = Table::new(&[
            ("statistic", Align::Left),
            ("value", Align::Right),
            ("degrees of freedom", Align::Right),
            ("p-value", Align::Right),
            ("", Align::Left),
        ]);
        for test in &self.found.tests {
            table.row([
                test.statistic.name().into(),
                value(test.value).into(),
                test.dof.map(|dof| dof.to_string()).unwrap_or_default().into(),
                value(test.p_value).into(),
                test.reason.clone().unwrap_or_default().into(),
            ]);
        }
        page.table(&table);
        page.heading("channels");
        page.table(&self.channel_table());
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let header = ["statistic", "part", "value", "dof", "p_value"].map(str::to_owned).to_vec();
        let text = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
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
