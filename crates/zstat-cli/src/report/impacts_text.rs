//! Impacts as a page for physicists: the ranked table with pulls and bars, and where the uncertainty comes from.

use zstat_inference::{Effect, PoiBreakdown};

use super::impacts::{ImpactsReport, Named, definitions};
use super::pull_bar::pull_bar;
use crate::output::number::{fixed, pdg_decimals, plain, with_uncertainty};
use crate::output::table::{Align, Cell, Table};
use crate::output::{ATTENTION, DIM, Page, styled};

/// Cells a side of the middle of an impact bar.
const HALF: i32 = 12;

/// The whole page.
pub fn page(report: &ImpactsReport, page: &mut Page) {
    let words = definitions(report.found.kind);
    let pois = report.pois.join(", ");
    report.head.page(&format!("impacts on {pois} {}", words.title), page);
    if report.parameters.is_empty() {
        page.line("no free parameters beside: nothing has an impact");
    }
    for (at, breakdown) in report.found.pois.iter().enumerate() {
        page.heading(&format!("impacts on {} = {}", report.pois[at], value(breakdown)));
        ranking(report, at, page);
        page.heading(&format!("what makes up the uncertainty of {}", report.pois[at]));
        page.table(&parts(report, at));
    }
    if !report.parameters.is_empty() {
        page.gap();
        let parts = [("impact", words.impact), ("group", words.group), ("statistical", words.statistical)];
        parts.iter().for_each(|(what, words)| page.wrapped(&format!("{what}: {words}"), DIM));
    }
}

fn value(poi: &PoiBreakdown) -> String {
    match poi.total {
        Some(total) => with_uncertainty(poi.value, total),
        None => format!("{} ± ?", plain(poi.value)),
    }
}

/// The ranked table. The bars share one scale: the largest impact shown.
fn ranking(report: &ImpactsReport, at: usize, page: &mut Page) {
    let sorted = report.sorted(at);
    let shown = &sorted[..report.top.min(sorted.len())];
    let effects = shown.iter().map(|named| named.impact.effects[at]);
    let scale = effects.flat_map(values).fold(0.0_f64, |scale, x| scale.max(x.abs()));
    let decimals = decimals(report.found.pois[at].total, scale);
    let axis = axis(scale, decimals);
    let mut table = Table::new(&[
        ("name", Align::Left),
        ("pull", Align::Right),
        ("-3     -1   0   +1     +3", Align::Left),
        ("down", Align::Right),
        ("up", Align::Right),
        (&axis, Align::Left),
        ("", Align::Left),
    ]);
    for named in shown {
        let (impact, effect) = (&named.impact, &named.impact.effects[at]);
        let number = |x: Option<f64>| x.map(|x| signed(x, decimals)).unwrap_or_default();
        table.row([
            named.name.as_str().into(),
            impact.pull.map(|pull| fixed(pull, 2)).unwrap_or_default().into(),
            impact.pull.map(|pull| pull_bar(pull, impact.pull_error)).unwrap_or_default().into(),
            number(effect.down).into(),
            number(effect.up).into(),
            impact_bar(effect, scale).into(),
            flags(named),
        ]);
    }
    page.table(&table);
    if shown.len() < sorted.len() {
        page.line(format!("  … and {} more", sorted.len() - shown.len()));
    }
    if !shown.is_empty() {
        let prefit = if definitions(report.found.kind).prefit.is_some() { ", ─ prefit" } else { "" };
        page.line(styled(&format!("  bars: █ up, ░ down, ▓ both{prefit}"), DIM));
    }
}

fn values(effect: Effect) -> impl Iterator<Item = f64> {
    [effect.up, effect.down, effect.prefit_up, effect.prefit_down]
        .into_iter()
        .flatten()
        .filter(|x| x.is_finite())
}

/// Two digits more than the uncertainty has, so that small impacts are seen to be small.
fn decimals(total: Option<f64>, scale: f64) -> i32 {
    total.and_then(pdg_decimals).or_else(|| pdg_decimals(scale)).map_or(3, |decimals| decimals.max(-2) + 2)
}

fn signed(x: f64, decimals: i32) -> String {
    let text = fixed(x, decimals);
    if text.starts_with('-') { text } else { format!("+{text}") }
}

/// The header of the bars: their ends and the middle.
fn axis(scale: f64, decimals: i32) -> String {
    let (low, high) = (signed(-scale, decimals), signed(scale, decimals));
    let width = HALF as usize;
    format!("{low:<width$}0{high:>width$}")
}

fn flags(named: &Named) -> Cell {
    let impact = &named.impact;
    let mut flags = Vec::new();
    if impact.pull.is_none() {
        flags.push("free");
    }
    if impact.at_bound {
        flags.push("at bound");
    }
    if !impact.converged {
        flags.push("not converged");
    } else if !impact.notes.is_empty() {
        flags.push("see warnings");
    }
    let style = if impact.at_bound || !impact.notes.is_empty() { ATTENTION } else { DIM };
    Cell::styled(flags.join(", "), style)
}

/// The bar: from the middle as far as up (`█`) and down (`░`) move the parameter of interest, `▓` where both go to the same
/// side, `─` as far as the prefit ones.
fn impact_bar(effect: &Effect, scale: f64) -> String {
    let cell = |x: f64| if scale > 0.0 { (x / scale * f64::from(HALF)).round() as i32 } else { 0 };
    let reaches = |position: i32, x: Option<f64>| {
        x.map(cell).is_some_and(|end| if position < 0 { end <= position } else { end >= position })
    };
    let one = |position: i32| {
        let (up, down) = (reaches(position, effect.up), reaches(position, effect.down));
        match (position, up, down) {
            (0, ..) => '│',
            (_, true, true) => '▓',
            (_, true, false) => '█',
            (_, false, true) => '░',
            _ if reaches(position, effect.prefit_up) || reaches(position, effect.prefit_down) => '─',
            _ => ' ',
        }
    };
    (-HALF..=HALF).map(one).collect()
}

/// Groups, then the statistical and systematic part and the total, each with its share of the variance.
fn parts(report: &ImpactsReport, at: usize) -> Table {
    let poi = &report.found.pois[at];
    let decimals = decimals(poi.total, 0.0);
    let mut table = Table::new(&[
        ("", Align::Left),
        ("parameters", Align::Right),
        ("±", Align::Right),
        ("of the variance", Align::Right),
    ]);
    let mut row = |name: &str, members: String, part: Option<f64>| {
        let share = part
            .zip(poi.total)
            .map(|(part, total)| format!("{} %", fixed(100.0 * (part / total).powi(2), 1)));
        let shown = part.map_or("?".to_owned(), |part| fixed(part, decimals));
        table.row([name.into(), members.into(), shown.into(), share.unwrap_or_default().into()]);
    };
    for group in &report.found.groups {
        row(&group.group.name, group.group.members.len().to_string(), group.impacts[at]);
    }
    row("statistical", String::new(), poi.statistical);
    row("systematic", String::new(), poi.systematic);
    row("total", String::new(), poi.total);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars() {
        let effect = |up: f64, down: f64| Effect { up: Some(up), down: Some(down), ..Effect::default() };
        assert_eq!(impact_bar(&effect(1.0, -0.5), 1.0), "      ░░░░░░│████████████");
        assert_eq!(impact_bar(&effect(-0.25, -0.5), 1.0), "      ░░░▓▓▓│            ");
        let prefit = Effect { prefit_up: Some(1.0), ..effect(0.5, 0.0) };
        assert_eq!(impact_bar(&prefit, 1.0), "            │██████──────");
        assert_eq!(impact_bar(&Effect::default(), 0.0).trim(), "│");
        assert_eq!(axis(0.25, 3), "-0.250      0      +0.250");
    }
}
