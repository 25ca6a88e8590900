//! The result of `zstat apply`: how many events there are, and where.

use std::path::PathBuf;

use serde_json::{Value, json};
use zstat_train::apply::Place;

use crate::commands::{FileOfEvents, TrainedRun, score_names};
use crate::output::number::{counts, exact, plain, several, with_uncertainty};
use crate::output::table::{Align, Cell, Table};
use crate::output::{Page, Report};

/// Events of one bin.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Count {
    /// How many.
    pub events: u64,
    /// Sum of their weights.
    pub weighted: f64,
    /// Sum of the squares of these.
    pub squares: f64,
}

impl Count {
    fn add(&mut self, weight: f64) {
        self.events += 1;
        self.weighted += weight;
        self.squares += weight * weight;
    }

    fn json(&self) -> Value {
        json!({ "events": self.events, "weighted": self.weighted, "error": self.squares.sqrt() })
    }
}

/// Events of all files.
#[derive(Debug, Clone, PartialEq)]
pub struct Counts {
    /// In bins of the channel.
    pub bins: Vec<Count>,
    /// In bins of the summary that are none of the channel's, by bin.
    pub left_out: std::collections::BTreeMap<usize, Count>,
    /// In no bin.
    pub nowhere: Count,
    /// Least and largest of each score, before the summary; then as the summary takes it.
    pub ranges: Vec<Option<[f64; 2]>>,
    read: usize,
    selected: usize,
}

impl Counts {
    /// Counts events, in the order of their files.
    pub fn of(files: &[FileOfEvents], bins: usize, outputs: usize) -> Self {
        let mut counts = Self {
            bins: vec![Count::default(); bins],
            left_out: Default::default(),
            nowhere: Count::default(),
            ranges: vec![None; 2 * outputs],
            read: 0,
            selected: 0,
        };
        for of in files {
            counts.read += of.events.read;
            counts.selected += of.events.rows.len();
            for (place, weight) in of.scored.places.iter().zip(&of.events.weights) {
                match place {
                    Place::Bin(bin) => counts.bins[*bin].add(*weight),
                    Place::LeftOut(bin) => counts.left_out.entry(*bin).or_default().add(*weight),
                    Place::Nowhere => counts.nowhere.add(*weight),
                }
            }
            let rows = of.scored.raw.chunks_exact(outputs).zip(of.scored.scores.chunks_exact(outputs));
            for (raw, scores) in rows {
                for (range, &score) in counts.ranges.iter_mut().zip(raw.iter().chain(scores)) {
                    let [low, high] = range.unwrap_or([score; 2]);
                    *range = Some([low.min(score), high.max(score)]);
                }
            }
        }
        counts
    }

    /// What is to be said of them.
    pub fn warnings(&self, trained: &TrainedRun) -> Vec<String> {
        let channel = trained.channel();
        let mut warnings = Vec::new();
        if self.selected == 0 {
            warnings.push(match self.read {
                0 => "the files have no events".to_owned(),
                read => format!("not one of {} is selected", several(read as u64, "event")),
            });
        }
        warnings.extend(self.left_out.iter().map(|(bin, count)| {
            let n = several(count.events, "event");
            format!("{n} in bin {bin} of the summary, which channel `{channel}` has not: the training saw none there")
        }));
        warnings
    }
}

/// Which training it was.
pub struct RunInfo {
    folder: String,
    name: Option<String>,
    digest: String,
    seed: u64,
    epoch: u32,
    scorer: String,
    features: Vec<String>,
    channel: String,
}

impl RunInfo {
    /// Of a run.
    pub fn new(trained: &TrainedRun) -> Self {
        let record = &trained.record;
        Self {
            folder: trained.folder.display().to_string(),
            name: trained.spec.analysis().name.clone(),
            digest: record.digest.clone(),
            seed: record.seed,
            epoch: record.epoch,
            scorer: record.scorer.clone(),
            features: record.features.clone(),
            channel: trained.channel().to_owned(),
        }
    }

    fn json(&self) -> Value {
        json!({
            "folder": self.folder,
            "name": self.name,
            "digest": self.digest,
            "seed": self.seed,
            "epoch": self.epoch,
            "scorer": self.scorer,
            "features": self.features,
        })
    }
}

/// The result.
pub struct ApplyReport {
    /// The training.
    pub run: RunInfo,
    /// Files, with the events that were read and those selected.
    pub files: Vec<(String, usize, usize)>,
    /// Weights were asked for.
    pub is_weighted: bool,
    /// For each bin of the channel the bin of the summary.
    pub bins: Vec<usize>,
    /// Events.
    pub counts: Counts,
    /// What is to be noticed.
    pub warnings: Vec<String>,
    /// The table of events.
    pub table: Option<PathBuf>,
    /// The workspace with these events.
    pub workspace: Option<PathBuf>,
    /// Seconds in all.
    pub apply_s: f64,
}

impl ApplyReport {
    /// Names and ranges of the scores.
    fn scores(&self) -> impl Iterator<Item = (String, Option<[f64; 2]>)> {
        let outputs = self.counts.ranges.len() / 2;
        let names = ["raw", "score"].into_iter().flat_map(move |name| score_names(name, outputs));
        names.zip(self.counts.ranges.iter().copied())
    }
}

impl Report for ApplyReport {
    fn command(&self) -> &'static str {
        "apply"
    }

    fn json(&self) -> Value {
        let Counts { bins, left_out, nowhere, read, selected, .. } = &self.counts;
        let bins: Vec<Value> = (bins.iter().zip(&self.bins).enumerate())
            .map(|(at, (count, of))| {
                let mut bin = json!({ "bin": at, "summary_bin": of });
                if let (Value::Object(bin), Value::Object(count)) = (&mut bin, count.json()) {
                    bin.extend(count);
                }
                bin
            })
            .collect();
        let mut left = Count::default();
        for count in left_out.values() {
            left.events += count.events;
            left.weighted += count.weighted;
            left.squares += count.squares;
        }
        let score = |(name, range): (String, Option<[f64; 2]>)| {
            let [low, high] = range.map_or([None; 2], |range| range.map(Some));
            json!({ "name": name, "min": low, "max": high })
        };
        let scores: Vec<Value> = self.scores().map(score).collect();
        let file = |(file, read, selected): &(String, usize, usize)| json!({ "file": file, "read": read, "selected": selected });
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        json!({
            "zstat": env!("CARGO_PKG_VERSION"),
            "run": self.run.json(),
            "status": { "warnings": self.warnings },
            "events": { "read": read, "selected": selected },
            "files": self.files.iter().map(file).collect::<Vec<_>>(),
            "channel": self.run.channel,
            "bins": bins,
            "left_out": left.json(),
            "in_no_bin": nowhere.json(),
            "scores": scores,
            "table": path(&self.table),
            "workspace": path(&self.workspace),
            "timing": { "apply_s": self.apply_s },
        })
    }

    fn text(&self, page: &mut Page) {
        let name = self.run.name.as_ref().map(|name| format!(": {name}")).unwrap_or_default();
        page.line(format!(
            "{}{name}, seed {}, `{}` of {}",
            self.run.folder,
            self.run.seed,
            self.run.scorer,
            self.run.features.join(", ")
        ));
        self.warnings.iter().for_each(|warning| page.warning(warning));
        page.heading("events");
        let mut table =
            Table::new(&[("file", Align::Left), ("read", Align::Right), ("selected", Align::Right)]);
        for (file, read, selected) in &self.files {
            table.row([file.as_str().into(), read.to_string().into(), selected.to_string().into()]);
        }
        if self.files.len() > 1 {
            let Counts { read, selected, .. } = self.counts;
            table.row(["all".into(), read.to_string().into(), selected.to_string().into()]);
        }
        page.table(&table);
        page.heading(&format!("channel {}", self.run.channel));
        let mut columns = vec![("bin", Align::Left), ("events", Align::Right)];
        columns.extend(self.is_weighted.then_some(("weighted", Align::Right)));
        let mut table = Table::new(&columns);
        let mut row = |name: String, count: &Count| {
            let mut cells: Vec<Cell> = vec![name.into(), count.events.to_string().into()];
            let weighted = || match count.squares {
                squares if squares > 0.0 => with_uncertainty(count.weighted, squares.sqrt()),
                _ => counts(count.weighted),
            };
            cells.extend(self.is_weighted.then(weighted).map(Cell::from));
            table.row(cells);
        };
        self.counts.bins.iter().enumerate().for_each(|(bin, count)| row(bin.to_string(), count));
        self.counts.left_out.iter().for_each(|(bin, count)| row(format!("left out ({bin})"), count));
        if self.counts.nowhere.events > 0 {
            row("none".to_owned(), &self.counts.nowhere);
        }
        page.table(&table);
        if self.scores().any(|(_, range)| range.is_some()) {
            page.heading("scores");
            let columns = [("", Align::Left), ("least", Align::Right), ("largest", Align::Right)];
            let mut table = Table::new(&columns);
            for (name, range) in self.scores() {
                let [low, high] = range.map_or(["".to_owned(), String::new()], |range| range.map(plain));
                table.row([name.into(), low.into(), high.into()]);
            }
            page.table(&table);
        }
        if self.table.is_some() || self.workspace.is_some() {
            page.gap();
        }
        if let Some(path) = &self.table {
            page.line(format!("table of events: {}", path.display()));
        }
        if let Some(path) = &self.workspace {
            page.line(format!("workspace with these events as observed: {}", path.display()));
        }
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let header = ["channel", "bin", "summary_bin", "events", "weighted", "error"].map(str::to_owned);
        let mut rows = vec![header.to_vec()];
        let mut row = |bin: String, summary: String, count: &Count| {
            rows.push(vec![
                self.run.channel.clone(),
                bin,
                summary,
                count.events.to_string(),
                exact(count.weighted),
                exact(count.squares.sqrt()),
            ]);
        };
        for (at, (count, of)) in self.counts.bins.iter().zip(&self.bins).enumerate() {
            row(at.to_string(), of.to_string(), count);
        }
        for (bin, count) in &self.counts.left_out {
            row(String::new(), bin.to_string(), count);
        }
        if self.counts.nowhere.events > 0 {
            row(String::new(), String::new(), &self.counts.nowhere);
        }
        Some(rows)
    }
}
