//! `zstat inspect` for people.

use anstyle::Style;
use zstat_core::model::Constraint;

use super::inspection::{ChannelView, Inspection, ParameterView, SampleView, Settings};
use super::relations;
use crate::output::number::{counts, events, plain};
use crate::output::table::{Align, Cell, Table};
use crate::output::{BOLD, DIM, Page};

/// The whole page.
pub fn page(view: &Inspection, page: &mut Page) {
    view.spec.head(page);
    page.line(format!("digest {}", view.spec.digest));
    if view.measurements.len() > 1 {
        page.line(format!("measurements: {}", view.measurements.join(", ")));
    }
    page.heading("settings");
    page.table(&settings(&view.settings));
    page.heading("channels");
    page.table(&channels(&view.channels));
    page.heading("samples");
    page.table(&samples(&view.channels));
    page.heading("modifiers");
    let mut table = Table::new(&[("kind", Align::Left), ("number", Align::Right)]);
    for (kind, number) in view.modifier_counts().iter().filter(|(_, number)| **number > 0) {
        table.row([(*kind).into(), number.to_string().into()]);
    }
    page.table(&table);
    page.heading("parameters");
    page.table(&parameters(&view.parameters));
    relations::page(&view.formulas, &view.blocks, page);
}

fn settings(settings: &Settings) -> Table {
    let mut table = Table::new(&[("setting", Align::Left), ("value", Align::Left)]);
    for (kind, code) in &settings.interpolation {
        table.row([format!("interpolation of {kind}").into(), (*code).into()]);
    }
    table.row(["constraint of staterror".into(), settings.staterror_constraint.into()]);
    table.row(["threshold of staterror".into(), plain(settings.staterror_threshold).into()]);
    table.row(["fitter".into(), settings.fitter.as_str().into()]);
    let clips =
        [("lower limit of a bin", settings.clip_bins), ("lower limit of a sample", settings.clip_samples)];
    for (name, clip) in clips {
        if let Some(clip) = clip {
            table.row([name.into(), format!("{} events", plain(clip)).into()]);
        }
    }
    table
}

fn channels(channels: &[ChannelView]) -> Table {
    let mut table = Table::new(&[
        ("channel", Align::Left),
        ("bins", Align::Right),
        ("samples", Align::Right),
        ("observed", Align::Right),
        ("expected", Align::Right),
    ]);
    for channel in channels {
        let observed = channel.observed.as_ref().map(|bins| bins.iter().sum());
        table.row([
            channel.name.as_str().into(),
            channel.bins.to_string().into(),
            channel.samples.len().to_string().into(),
            observed.map_or("none".to_owned(), counts).into(),
            events(channel.expected.iter().sum()).into(),
        ]);
    }
    table
}

fn samples(channels: &[ChannelView]) -> Table {
    let mut table = Table::new(&[
        ("channel", Align::Left),
        ("sample", Align::Left),
        ("nominal", Align::Right),
        ("modifiers", Align::Left),
    ]);
    for channel in channels {
        for sample in &channel.samples {
            table.row([
                channel.name.as_str().into(),
                sample.name.as_str().into(),
                events(sample.nominal.iter().sum()).into(),
                modifiers(sample).into(),
            ]);
        }
    }
    table
}

fn modifiers(sample: &SampleView) -> String {
    sample.modifiers.iter().map(|m| format!("{} ({})", m.name, m.kind)).collect::<Vec<_>>().join(", ")
}

fn parameters(parameters: &[ParameterView]) -> Table {
    let mut table = Table::new(&[
        ("name", Align::Left),
        ("types", Align::Left),
        ("init", Align::Right),
        ("bounds", Align::Left),
        ("constraint", Align::Left),
        ("interpolation", Align::Left),
        ("", Align::Left),
    ]);
    for view in parameters {
        let p = &view.parameter;
        let flags: Vec<&str> = [(view.is_poi, "POI"), (p.fixed, "fixed")]
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, word)| *word)
            .collect();
        let name_style = if view.is_poi { BOLD } else { Style::new() };
        table.row([
            Cell::styled(&p.name, name_style),
            view.kinds.join("+").into(),
            plain(p.init).into(),
            format!("[{}, {}]", plain(p.bounds[0]), plain(p.bounds[1])).into(),
            constraint(&p.constraint).into(),
            view.interpolation.join(", ").into(),
            Cell::styled(flags.join(", "), DIM),
        ]);
    }
    table
}

fn constraint(constraint: &Constraint) -> String {
    match *constraint {
        Constraint::None => "none".to_owned(),
        Constraint::Normal { aux, sigma } => format!("normal at {}, sigma {}", plain(aux), plain(sigma)),
        Constraint::Poisson { aux, tau } => format!("poisson of {}, tau {}", plain(aux), plain(tau)),
        Constraint::LogNormal { aux, ln_kappa } => {
            format!("lognormal at {}, kappa {}", plain(aux), plain(ln_kappa.exp()))
        }
        Constraint::Correlated { aux, sigma } => {
            format!("correlated normal at {}, sigma {}", plain(aux), plain(sigma))
        }
    }
}
