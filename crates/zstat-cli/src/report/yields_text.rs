//! Yields as a page: a table a channel, bins with a sketch of how far the data are from the expectation, functions.

use zstat_inference::Yield;

use super::pull_bar::pull_bar;
use super::yields::YieldsReport;
use crate::output::number::{counts, events, fixed, plain, with_uncertainty};
use crate::output::table::{Align, Cell, Table};
use crate::output::{BOLD, Page};

/// The whole page.
pub fn page(report: &YieldsReport, page: &mut Page) {
    let after = report.found.postfit.is_some();
    let what = if after { "yields before and after the fit" } else { "yields at the start values" };
    report.head.page(what, page);
    for (channel, info) in report.channels.iter().enumerate() {
        page.heading(&info.name);
        page.table(&samples(report, channel));
        if report.bins {
            page.gap();
            page.table(&bins(report, channel));
        }
    }
    if report.channels.len() > 1 {
        page.heading("all channels");
        let mut table = stage_table("");
        let observed = (0..report.channels.len()).map(|c| report.observed_in(c)).sum::<Option<f64>>();
        let total = report.stages().into_iter().map(|(_, table)| table.total).collect::<Vec<_>>();
        table.row(row(Cell::styled("total", BOLD), &total));
        // Under the last stage that is shown.
        let blank = std::iter::repeat_n(Cell::default(), total.len() - 1);
        table.row(std::iter::once("observed".into()).chain(blank).chain([observed_cell(observed)]));
        page.table(&table);
    }
    functions(report, page);
}

fn stage_table(first: &str) -> Table {
    Table::new(&[(first, Align::Left), ("prefit", Align::Left), ("postfit", Align::Left)])
}

fn row(name: Cell, stages: &[Yield]) -> Vec<Cell> {
    std::iter::once(name).chain(stages.iter().map(|found| shown(*found).into())).collect()
}

/// Events with their uncertainty; a `?` where that is unknown.
fn shown(found: Yield) -> String {
    match found.uncertainty {
        Some(0.0) => events(found.value),
        Some(sigma) => with_uncertainty(found.value, sigma),
        None => format!("{} ± ?", events(found.value)),
    }
}

fn observed_cell(observed: Option<f64>) -> Cell {
    observed.map_or("blinded".to_owned(), counts).into()
}

fn samples(report: &YieldsReport, channel: usize) -> Table {
    let stages = report.stages();
    let mut table = stage_table("sample");
    for (at, name) in report.channels[channel].samples.iter().enumerate() {
        let found: Vec<Yield> =
            stages.iter().map(|(_, table)| table.channels[channel].samples[at].total).collect();
        table.row(row(name.as_str().into(), &found));
    }
    let total: Vec<Yield> = stages.iter().map(|(_, table)| table.channels[channel].all.total).collect();
    table.row(row(Cell::styled("total", BOLD), &total));
    let observed = observed_cell(report.observed_in(channel));
    // Under the last stage that is shown.
    let blank = std::iter::repeat_n(Cell::default(), stages.len() - 1);
    table.row(std::iter::once("observed".into()).chain(blank).chain([observed]));
    table
}

fn bins(report: &YieldsReport, channel: usize) -> Table {
    let (stages, info) = (report.stages(), &report.channels[channel]);
    let mut table = Table::new(&[
        ("bin", Align::Right),
        ("sample", Align::Left),
        ("prefit", Align::Left),
        ("postfit", Align::Left),
        ("observed", Align::Right),
        ("pull", Align::Right),
        ("-3     -1   0   +1     +3", Align::Left),
    ]);
    for (bin, index) in info.bins.clone().enumerate() {
        let cells = |found: Vec<Yield>| {
            let cells = found.into_iter().map(|found| Cell::from(shown(found)));
            cells.chain([Cell::default(), Cell::default()]).take(2).collect::<Vec<_>>()
        };
        for (at, name) in info.samples.iter().enumerate() {
            let found =
                stages.iter().map(|(_, table)| table.channels[channel].samples[at].bins[bin]).collect();
            table.row([Cell::default(), name.as_str().into()].into_iter().chain(cells(found)));
        }
        let found: Vec<Yield> =
            stages.iter().map(|(_, table)| table.channels[channel].all.bins[bin]).collect();
        let last = found[found.len() - 1];
        let pull = report.pull(last, index);
        let ratio = last.uncertainty.map(|sigma| sigma / last.value.sqrt());
        let bar = pull.map(|pull| pull_bar(pull, ratio.filter(|ratio| ratio.is_finite())));
        let end = [
            observed_cell(report.observed(index)),
            pull.map(|pull| fixed(pull, 2)).unwrap_or_default().into(),
            bar.unwrap_or_default().into(),
        ];
        let start = [bin.to_string().into(), Cell::styled("total", BOLD)];
        table.row(start.into_iter().chain(cells(found)).chain(end));
    }
    table
}

fn functions(report: &YieldsReport, page: &mut Page) {
    if report.functions.is_empty() {
        return;
    }
    page.heading("functions");
    let mut table = Table::new(&[
        ("name", Align::Left),
        ("prefit", Align::Left),
        ("postfit", Align::Left),
        ("expression", Align::Left),
    ]);
    let stages = report.stages();
    for (at, (name, text)) in report.functions.iter().enumerate() {
        let value = |found: Yield| match found.uncertainty {
            Some(sigma) => with_uncertainty(found.value, sigma),
            None => format!("{} ± ?", plain(found.value)),
        };
        let mut cells: Vec<Cell> = vec![name.as_str().into()];
        cells.extend(stages.iter().map(|(_, table)| Cell::from(value(table.functions[at]))));
        cells.resize(3, Cell::default());
        cells.push(text.as_str().into());
        table.row(cells);
    }
    page.table(&table);
    let correlations = &report.shown().correlations;
    for (i, (left, _)) in report.functions.iter().enumerate() {
        for (j, (right, _)) in report.functions.iter().enumerate().take(i) {
            if let Some(rho) = correlations[i][j] {
                page.line(format!("  correlation of {right} and {left}: {}", fixed(rho, 3)));
            }
        }
    }
}
