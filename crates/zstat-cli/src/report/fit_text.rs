//! A fit as a page for physicists: how it went, parameters with pulls, correlations, yields.

use std::cmp::Ordering;

use anstyle::Style;
use zstat_core::fit::{Covariance, FormulaResult, ParameterResult};

use super::fit::{ChannelYields, FitReport};
use super::pull_bar::pull_bar;
use crate::commands::Sort;
use crate::output::number::{counts, events, fixed, offset, plain, several, with_uncertainty};
use crate::output::table::{Align, Cell, Table};
use crate::output::{ATTENTION, BAD, BOLD, DIM, GOOD, Page, styled};

/// A pull beyond this is marked.
const LARGE_PULL: f64 = 2.0;

/// The whole page.
pub fn page(report: &FitReport, page: &mut Page) {
    report.spec.head(page);
    status(report, page);
    page.heading("parameters");
    page.table(&parameters(report));
    formulas("formulas", &report.result.formulas, page);
    formulas("functions", &report.functions, page);
    minima(report, page);
    if let Some(covariance) = &report.result.covariance {
        correlations(covariance, report.shown.correlations, page);
    }
    page.heading("yields");
    page.table(&if report.shown.bins { bins(&report.channels) } else { channels(&report.channels) });
}

fn status(report: &FitReport, page: &mut Page) {
    let status = &report.result.status;
    let (word, style) = if status.converged { ("converged", GOOD) } else { ("NOT CONVERGED", BAD) };
    let twice_nll = report.result.twice_nll.map_or("not finite".to_owned(), |x| format!("{x:.6}"));
    page.line(format!(
        "{}: {} ({}, EDM {})",
        styled(word, style),
        status.reason,
        several(status.iterations as u64, "iteration"),
        edm(status.edm)
    ));
    let free = report.result.parameters.iter().filter(|p| !p.fixed).count();
    page.line(format!("2 NLL = {twice_nll}, {free} of {} parameters free", report.result.parameters.len()));
    if report.result.poi.is_empty() {
        page.line("no parameter of interest: a background-only fit");
    }
    for warning in &status.warnings {
        page.warning(warning);
    }
}

/// What is below 1e-12 is rounding.
fn edm(edm: f64) -> String {
    if edm < 1e-12 { "below 1e-12".to_owned() } else { format!("{edm:.1e}") }
}

fn parameters(report: &FitReport) -> Table {
    let mut table = Table::new(&[
        ("name", Align::Left),
        ("value", Align::Left),
        ("MINOS", Align::Left),
        ("pull", Align::Right),
        ("-3     -1   0   +1     +3", Align::Left),
        ("", Align::Left),
    ]);
    for parameter in sorted(report) {
        let is_poi = report.result.poi.contains(&parameter.name);
        let name_style = if is_poi { BOLD } else { Style::new() };
        let pull_style = match parameter.pull {
            Some(pull) if pull.abs() > LARGE_PULL => ATTENTION,
            _ => Style::new(),
        };
        let pulled = parameter.pull.filter(|_| !parameter.fixed);
        let bar = pulled.map(|pull| pull_bar(pull, parameter.constraint_ratio)).unwrap_or_default();
        table.row([
            Cell::styled(&parameter.name, name_style),
            value(parameter),
            minos(parameter).into(),
            Cell::styled(pulled.map(|pull| fixed(pull, 2)).unwrap_or_default(), pull_style),
            Cell::styled(bar, pull_style),
            flags(parameter, is_poi),
        ]);
    }
    table
}

/// The parameters in the order asked for; sorting is stable, so ties stay in the model's order.
fn sorted(report: &FitReport) -> Vec<&ParameterResult> {
    let mut sorted: Vec<&ParameterResult> = report.result.parameters.iter().collect();
    let poi = &report.result.poi;
    let rank = |p: &ParameterResult| match (poi.contains(&p.name), p.fixed, p.pull) {
        (true, ..) => 0,
        (_, true, _) => 3,
        (_, _, None) => 1,
        _ => 2,
    };
    let pull = |p: &ParameterResult| p.pull.unwrap_or(0.0).abs();
    match report.shown.sort {
        Sort::Model => {}
        Sort::Name => sorted.sort_by(|a, b| a.name.cmp(&b.name)),
        Sort::Pull => sorted.sort_by(|a, b| {
            rank(a).cmp(&rank(b)).then(pull(b).partial_cmp(&pull(a)).unwrap_or(Ordering::Equal))
        }),
    }
    sorted
}

fn value(parameter: &ParameterResult) -> Cell {
    match parameter.uncertainty {
        _ if parameter.fixed => Cell::styled(plain(parameter.value), DIM),
        Some(uncertainty) if uncertainty > 0.0 => with_uncertainty(parameter.value, uncertainty).into(),
        _ => Cell::styled(format!("{} ± ?", plain(parameter.value)), ATTENTION),
    }
}

fn minos(parameter: &ParameterResult) -> String {
    let side = |offset_: Option<f64>, none: &str| offset_.map_or(none.to_owned(), offset);
    match parameter.minos {
        Some(minos) => format!("{} {}", side(minos.up, "+(bound)"), side(minos.down, "-(bound)")),
        None => String::new(),
    }
}

fn flags(parameter: &ParameterResult, is_poi: bool) -> Cell {
    let mut flags = Vec::new();
    if is_poi {
        flags.push("POI".to_owned());
    }
    if parameter.fixed {
        flags.push("fixed".to_owned());
    }
    if parameter.at_bound {
        let [lower, upper] = parameter.bounds;
        let at_lower = (parameter.value - lower).abs() < (upper - parameter.value).abs();
        let (side, bound) = if at_lower { ("lower", lower) } else { ("upper", upper) };
        flags.push(format!("at {side} bound {}", plain(bound)));
    }
    let style = match (parameter.at_bound, parameter.fixed) {
        (true, _) => ATTENTION,
        (_, true) => DIM,
        _ => Style::new(),
    };
    Cell::styled(flags.join(", "), style)
}

/// What follows from the parameters, with the uncertainty that their covariance gives it to first order.
fn formulas(title: &str, all: &[FormulaResult], page: &mut Page) {
    if all.is_empty() {
        return;
    }
    page.heading(title);
    let mut table = Table::new(&[("name", Align::Left), ("value", Align::Left), ("formula", Align::Left)]);
    for formula in all {
        let value: Cell = match formula.uncertainty {
            Some(uncertainty) if uncertainty > 0.0 => with_uncertainty(formula.value, uncertainty).into(),
            // Of fixed parameters alone.
            Some(0.0) => Cell::styled(plain(formula.value), DIM),
            _ => Cell::styled(format!("{} ± ?", plain(formula.value)), ATTENTION),
        };
        table.row([formula.name.as_str().into(), value, Cell::styled(&formula.formula, DIM)]);
    }
    page.table(&table);
}

fn minima(report: &FitReport, page: &mut Page) {
    if report.result.minima.is_empty() {
        return;
    }
    page.heading("minima");
    let mut columns = vec![("2 NLL", Align::Right), ("starts", Align::Right)];
    columns.extend(report.result.poi.iter().map(|name| (name.as_str(), Align::Right)));
    let mut table = Table::new(&columns);
    let position = |name: &String| report.result.parameters.iter().position(|p| &p.name == name);
    for minimum in &report.result.minima {
        let mut row: Vec<Cell> = vec![fixed(minimum.twice_nll, 6).into(), minimum.starts.to_string().into()];
        let values = report.result.poi.iter().filter_map(position).map(|index| minimum.values[index]);
        row.extend(values.map(|value| plain(value).into()));
        table.row(row);
    }
    page.table(&table);
}

fn correlations(covariance: &Covariance, threshold: f64, page: &mut Page) {
    let mut pairs: Vec<(f64, &str, &str)> = Vec::new();
    for (i, row) in covariance.matrix.iter().enumerate() {
        for (j, entry) in row.iter().enumerate().take(i) {
            let rho = entry / (row[i] * covariance.matrix[j][j]).sqrt();
            if rho.abs() >= threshold {
                pairs.push((rho, &covariance.names[j], &covariance.names[i]));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.abs().partial_cmp(&a.0.abs()).unwrap_or(Ordering::Equal));
    page.heading(&format!("correlations of at least {}", plain(threshold)));
    if pairs.is_empty() {
        page.line("  none");
    }
    let mut table = Table::new(&[("", Align::Left), ("", Align::Left), ("", Align::Right)]);
    for (rho, first, second) in pairs {
        table.row([first.into(), second.into(), fixed(rho, 3).into()]);
    }
    page.table(&table);
}

fn channels(channels: &[ChannelYields]) -> Table {
    let mut table = Table::new(&[
        ("channel", Align::Left),
        ("observed", Align::Right),
        ("before", Align::Right),
        ("after", Align::Right),
    ]);
    let total = |bins: &[f64]| bins.iter().sum::<f64>();
    for channel in channels {
        table.row([
            channel.name.as_str().into(),
            observed(channel, channel.observed.as_deref().map(total)),
            events(total(&channel.prefit)).into(),
            events(total(&channel.postfit)).into(),
        ]);
    }
    table
}

fn bins(channels: &[ChannelYields]) -> Table {
    let mut table = Table::new(&[
        ("channel", Align::Left),
        ("bin", Align::Right),
        ("observed", Align::Right),
        ("before", Align::Right),
        ("after", Align::Right),
    ]);
    for channel in channels {
        for (bin, (before, after)) in channel.prefit.iter().zip(&channel.postfit).enumerate() {
            table.row([
                channel.name.as_str().into(),
                bin.to_string().into(),
                observed(channel, channel.observed.as_ref().map(|bins| bins[bin])),
                events(*before).into(),
                events(*after).into(),
            ]);
        }
    }
    table
}

fn observed(channel: &ChannelYields, events: Option<f64>) -> Cell {
    if channel.blinded { Cell::styled("blinded", DIM) } else { events.map(counts).unwrap_or_default().into() }
}
