//! The result of `zstat yields`.

use serde_json::{Value, json};
use zstat_core::likelihood::Data;
use zstat_core::model::{ChannelInfo, Functions};
use zstat_inference::{Prediction, Yield, YieldTable, Yields};

use super::head::Head;
use super::yields_text;
use crate::output::number::exact;
use crate::output::{Finite, Page, Report};
use crate::prepared::Prepared;

/// Yields before and, where asked for, after the fit.
pub struct YieldsReport {
    pub(super) head: Head,
    pub(super) channels: Vec<ChannelInfo>,
    data: Data,
    /// Name and text of each function.
    pub(super) functions: Vec<(String, String)>,
    pub(super) found: Prediction,
    pub(super) bins: bool,
}

impl YieldsReport {
    /// From the engine's result; `bins` shows people the bins, too.
    pub fn new(
        head: Head,
        prepared: &Prepared,
        functions: &Functions<'_>,
        found: Prediction,
        bins: bool,
    ) -> Self {
        let functions = functions.list().iter();
        Self {
            head,
            channels: prepared.session.model.channels().to_vec(),
            data: prepared.data.clone(),
            functions: functions.map(|f| (f.name.clone(), f.text().to_owned())).collect(),
            found,
            bins,
        }
    }

    /// Did the fit converge, if there was one?
    pub fn converged(&self) -> bool {
        self.head.converged()
    }

    /// The table asked for: after the fit if there was one.
    pub(super) fn shown(&self) -> &YieldTable {
        self.found.postfit.as_ref().map_or(&self.found.prefit, |(table, _)| table)
    }

    /// Both tables with their names, as far as they are there.
    pub(super) fn stages(&self) -> Vec<(&'static str, &YieldTable)> {
        let postfit = self.found.postfit.iter().map(|(table, _)| ("postfit", table));
        std::iter::once(("prefit", &self.found.prefit)).chain(postfit).collect()
    }

    /// Observed events in a bin of the model; none where it is blinded.
    pub(super) fn observed(&self, bin: usize) -> Option<f64> {
        (!self.data.masked[bin]).then(|| self.data.main[bin])
    }

    /// Observed events in a channel; none where one of its bins is blinded.
    pub(super) fn observed_in(&self, channel: usize) -> Option<f64> {
        self.channels[channel].bins.clone().map(|bin| self.observed(bin)).sum()
    }

    fn stage(&self, stage: &str, table: &YieldTable, told: &mut Finite) -> Value {
        let mut all_finite = Finite::default();
        let finite = &mut all_finite;
        let channels: Vec<Value> = (0..self.channels.len()).map(|c| self.channel(table, c, finite)).collect();
        let mut all = one(table.total, "all channels", finite);
        all["observed"] = json!((0..self.channels.len()).map(|c| self.observed_in(c)).sum::<Option<f64>>());
        let functions = self.functions.iter().zip(&table.functions).map(|((name, text), found)| {
            let value = finite.number(found.value, || format!("the function `{name}`"));
            json!({ "name": name, "formula": text, "value": value, "uncertainty": found.uncertainty })
        });
        let functions: Vec<Value> = functions.collect();
        let names: Vec<&String> = self.functions.iter().map(|(name, _)| name).collect();
        told.warnings.extend(all_finite.warnings.iter().map(|warning| format!("{stage}: {warning}")));
        json!({
            "channels": channels, "all": all, "functions": functions,
            "correlations": { "names": names, "matrix": table.correlations },
        })
    }

    fn channel(&self, table: &YieldTable, channel: usize, finite: &mut Finite) -> Value {
        let (info, found) = (&self.channels[channel], &table.channels[channel]);
        let bins = found.all.bins.iter().zip(info.bins.clone()).enumerate().map(|(at, (bin, index))| {
            let mut out = one(*bin, &format!("bin {at} of `{}`", info.name), finite);
            out["observed"] = json!(self.observed(index));
            out["pull"] = json!(self.pull(*bin, index));
            out
        });
        let bins: Vec<Value> = bins.collect();
        let samples =
            info.samples.iter().zip(&found.samples).map(|(name, yields)| sample(name, yields, finite));
        let samples: Vec<Value> = samples.collect();
        let mut out = json!({ "name": info.name, "bins": bins, "samples": samples });
        let total = one(found.all.total, &info.name, finite);
        out["total"] = total["total"].clone();
        out["uncertainty"] = total["uncertainty"].clone();
        out["observed"] = json!(self.observed_in(channel));
        out
    }

    /// (observed − expected) / √expected of a bin; none where it is blinded or expects nothing.
    pub(super) fn pull(&self, expected: Yield, bin: usize) -> Option<f64> {
        let pull = (self.observed(bin)? - expected.value) / expected.value.sqrt();
        Some(pull).filter(|pull| pull.is_finite())
    }
}

fn one(found: Yield, what: &str, finite: &mut Finite) -> Value {
    let total = finite.number(found.value, || format!("the yield of {what}"));
    json!({ "total": total, "uncertainty": found.uncertainty })
}

fn sample(name: &str, yields: &Yields, finite: &mut Finite) -> Value {
    let mut out = json!({ "name": name });
    let total = one(yields.total, name, finite);
    out["total"] = total["total"].clone();
    out["uncertainty"] = total["uncertainty"].clone();
    out["bins"] = yields.bins.iter().map(|bin| one(*bin, name, finite)).collect();
    out
}

impl Report for YieldsReport {
    fn command(&self) -> &'static str {
        "yields"
    }

    fn json(&self) -> Value {
        let mut finite = Finite::default();
        let stage = if self.found.postfit.is_some() { "postfit" } else { "prefit" };
        let body = self.stage(stage, self.shown(), &mut finite);
        let mut parts = vec![json!({ "stage": stage }), body];
        if self.found.postfit.is_some() {
            parts.push(json!({ "prefit": self.stage("prefit", &self.found.prefit, &mut finite) }));
        }
        self.head.document(parts, finite)
    }

    fn text(&self, page: &mut Page) {
        yields_text::page(self, page);
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let header = ["stage", "channel", "sample", "bin", "function", "value", "uncertainty", "observed"];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        let text = |x: Option<f64>| x.map(exact).unwrap_or_default();
        for (stage, table) in self.stages() {
            let mut row = |place: [&str; 4], found: Yield, observed: Option<f64>| {
                let numbers = [exact(found.value), text(found.uncertainty), text(observed)];
                let place = place.into_iter().map(str::to_owned);
                rows.push(std::iter::once(stage.to_owned()).chain(place).chain(numbers).collect());
            };
            for (at, (info, channel)) in self.channels.iter().zip(&table.channels).enumerate() {
                let name = info.name.as_str();
                for (sample, yields) in info.samples.iter().zip(&channel.samples) {
                    for (bin, found) in yields.bins.iter().enumerate() {
                        row([name, sample, &bin.to_string(), ""], *found, None);
                    }
                    row([name, sample, "", ""], yields.total, None);
                }
                for (bin, found) in channel.all.bins.iter().enumerate() {
                    let observed = self.observed(info.bins.start + bin);
                    row([name, "", &bin.to_string(), ""], *found, observed);
                }
                row([name, "", "", ""], channel.all.total, self.observed_in(at));
            }
            row(["", "", "", ""], table.total, (0..self.channels.len()).map(|c| self.observed_in(c)).sum());
            for ((name, _), found) in self.functions.iter().zip(&table.functions) {
                row(["", "", "", name], *found, None);
            }
        }
        Some(rows)
    }
}
