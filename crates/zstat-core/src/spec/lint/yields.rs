//! Templates and bins: empty samples, bins without background, expectations that are not positive.

use super::picture::Picture;
use super::{Settings, counted};
use crate::diag::{Code, Fault};
use crate::spec::check::Uses;
use crate::spec::{Channel, ModifierKind, Sample, Workspace};
use crate::text::number;

pub(super) fn lint(
    workspace: &Workspace,
    _uses: &Uses<'_>,
    settings: &Settings<'_>,
    picture: &Picture<'_>,
    faults: &mut Vec<Fault>,
) {
    empty(workspace, faults);
    let (poi, _) = settings.poi();
    for (c, channel) in workspace.channels.iter().enumerate() {
        let observed = workspace.observations.get(&channel.name).map(Vec::as_slice);
        let bad = not_positive(c, channel, &picture.channels[c].total, observed, faults);
        if !poi.is_empty() {
            no_background(c, channel, poi, &bad, faults);
        }
    }
}

/// Samples that are zero in all bins, one warning a sample name.
fn empty(workspace: &Workspace, faults: &mut Vec<Fault>) {
    let is_empty = |sample: &Sample| {
        sample.data.iter().all(|&n| n == 0.0)
            && !sample.modifiers.iter().any(|m| matches!(m.kind, ModifierKind::HistoSys { .. }))
    };
    let mut seen: Vec<&str> = Vec::new();
    for (c, channel) in workspace.channels.iter().enumerate() {
        for (s, sample) in channel.samples.iter().enumerate() {
            if seen.contains(&sample.name.as_str()) || !is_empty(sample) {
                continue;
            }
            seen.push(&sample.name);
            let all = || {
                workspace
                    .channels
                    .iter()
                    .filter(|channel| channel.samples.iter().any(|other| other.name == sample.name))
            };
            let count = all()
                .filter(|channel| channel.samples.iter().any(|o| o.name == sample.name && is_empty(o)))
                .count();
            let place = match (count, all().count()) {
                (1, _) => format!("in channel `{}`", channel.name),
                (count, of) if count == of => {
                    format!("in all of its {of} channels, first in `{}`", channel.name)
                }
                (count, of) => format!("in {count} of its {of} channels, first in `{}`", channel.name),
            };
            faults.push(
                Fault::new(
                    Code::EmptyTemplate,
                    format!("/channels/{c}/samples/{s}/data"),
                    format!("sample `{}` has no events {place}", sample.name),
                )
                .help("leave it out there, or check its selection"),
            );
        }
    }
}

/// Bins that expect nothing, or less; the list of them.
fn not_positive(
    c: usize,
    channel: &Channel,
    total: &[f64],
    observed: Option<&[f64]>,
    faults: &mut Vec<Fault>,
) -> Vec<usize> {
    let data = |bin: usize| observed.and_then(|observed| observed.get(bin)).copied().unwrap_or(0.0);
    // A bin that expects nothing and has nothing adds nothing.
    let wrong = |bin: &usize| total[*bin] < 0.0 || (total[*bin] == 0.0 && data(*bin) > 0.0);
    let bins: Vec<usize> = (0..total.len()).filter(wrong).collect();
    if let Some(&first) = bins.first() {
        // The sample that expects least is where to look.
        let least = |(_, a): &(usize, f64), (_, b): &(usize, f64)| a.total_cmp(b);
        let of_sample = |(s, sample): (usize, &Sample)| Some((s, *sample.data.get(first)?));
        let at = channel.samples.iter().enumerate().filter_map(of_sample).min_by(least).map_or(0, |(s, _)| s);
        let message = format!(
            "channel `{}`: {} without a positive expectation at the start values, first bin {first} with {} expected and \
             {} observed",
            channel.name,
            counted(bins.len(), "bin"),
            number(total[first]),
            number(data(first))
        );
        faults.push(
            Fault::new(Code::NegativeBin, format!("/channels/{c}/samples/{at}/data/{first}"), message)
                .help("merge it with a neighbour, or set a lower limit with `--clip-bins`"),
        );
    }
    bins
}

/// Bins in which only signal is expected.
fn no_background(c: usize, channel: &Channel, poi: &[String], skip: &[usize], faults: &mut Vec<Fault>) {
    let is_signal = |sample: &Sample| {
        let mut scales = sample.modifiers.iter().filter(|m| matches!(m.kind, ModifierKind::NormFactor));
        scales.any(|modifier| poi.contains(&modifier.name))
    };
    let n_bins = channel.samples.first().map_or(0, |sample| sample.data.len());
    let sum = |bin: usize, signal: bool| -> f64 {
        channel.samples.iter().filter(|s| is_signal(s) == signal).filter_map(|s| s.data.get(bin)).sum()
    };
    let bins: Vec<usize> = (0..n_bins)
        .filter(|bin| !skip.contains(bin) && sum(*bin, true) > 0.0 && sum(*bin, false) <= 0.0)
        .collect();
    let Some(&first) = bins.first() else { return };
    let at = channel.samples.iter().position(is_signal).unwrap_or(0);
    let message = format!(
        "channel `{}`: {} with signal and no background, first bin {first}",
        channel.name,
        counted(bins.len(), "bin")
    );
    faults.push(
        Fault::new(Code::NoBackground, format!("/channels/{c}/samples/{at}/data/{first}"), message)
            .help("merge it with a neighbour if the background there is merely not simulated"),
    );
}
