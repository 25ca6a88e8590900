//! Channels, samples, bins and observations: names, lengths and numbers.

use std::collections::HashMap;

use indexmap::IndexMap;

use super::{MAX_MAGNITUDE, entries, shown};
use crate::diag::{Code, Fault};
use crate::source::pointer;
use crate::spec::{Channel, ModifierKind, Workspace};
use crate::text::nearest;

/// Unknown names for which the nearest known one is looked for.
pub(super) const ADVISED: usize = 100;

pub(super) fn check(workspace: &Workspace, faults: &mut Vec<Fault>) {
    if workspace.channels.is_empty() {
        faults.push(
            Fault::new(Code::Nothing, "/channels", "the workspace has no channels")
                .help("add a channel with at least one sample"),
        );
    }
    names(workspace.channels.iter().map(|c| c.name.as_str()), "channel", "/channels", "", faults);
    names(workspace.measurements.iter().map(|m| m.name.as_str()), "measurement", "/measurements", "", faults);
    for (c, channel) in workspace.channels.iter().enumerate() {
        self::channel(c, channel, workspace.observations.get(&channel.name).map(Vec::len), faults);
    }
    if !workspace.channels.is_empty() {
        observations(workspace, faults);
    }
}

/// Names that are empty or repeat.
fn names<'w>(names: impl Iterator<Item = &'w str>, noun: &str, at: &str, of: &str, faults: &mut Vec<Fault>) {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (index, name) in names.enumerate() {
        let at = format!("{at}/{index}/name");
        if name.is_empty() {
            faults.push(Fault::new(Code::Nothing, &at, format!("a {noun}{of} has an empty name")));
        } else if let Some(first) = seen.insert(name, index) {
            let ordinal = first + 1;
            let message = format!("a second {noun} is called `{name}`{of}; the first is number {ordinal}");
            faults.push(
                Fault::new(Code::DuplicateName, at, message)
                    .help("rename one, or remove it if it is the same"),
            );
        }
    }
}

fn channel(c: usize, channel: &Channel, observed: Option<usize>, faults: &mut Vec<Fault>) {
    let at = format!("/channels/{c}/samples");
    if channel.samples.is_empty() {
        let message = format!("channel `{}` has no samples", channel.name);
        faults.push(Fault::new(Code::Nothing, at, message).help("add a sample, or remove the channel"));
        return;
    }
    if to_be_made(&at, channel, faults) {
        return;
    }
    let of = format!(" in channel `{}`", channel.name);
    names(channel.samples.iter().map(|s| s.name.as_str()), "sample", &at, &of, faults);
    let n_bins = usual_length(channel, observed);
    if n_bins == 0 {
        let message = format!("channel `{}` has no bins: the `data` of its samples is empty", channel.name);
        faults.push(Fault::new(Code::Nothing, format!("{at}/0/data"), message));
        return;
    }
    for (s, sample) in channel.samples.iter().enumerate() {
        // Words are made only where something is wrong: this runs over every number of every file.
        let place = |rest: &str| format!("{at}/{s}{rest}");
        let who = || format!("sample `{}` of channel `{}`", sample.name, channel.name);
        list(&sample.data, "data", n_bins, || (place("/data"), who()), faults);
        for (m, modifier) in sample.modifiers.iter().enumerate() {
            if modifier.name.is_empty() {
                let message = format!("a modifier of {} has an empty name", who());
                faults.push(Fault::new(Code::Nothing, place(&format!("/modifiers/{m}/name")), message));
            }
            let words = |field: &str| {
                let who = format!("modifier `{}` of {}", modifier.name, who());
                (place(&format!("/modifiers/{m}/{field}")), who)
            };
            match &modifier.kind {
                ModifierKind::HistoSys { lo, hi, .. } => {
                    list(lo, "lo", n_bins, || words("lo"), faults);
                    list(hi, "hi", n_bins, || words("hi"), faults);
                }
                kind if kind.is_waiting() => {
                    let who = words("errors").1;
                    let message = format!("{who}: `errors` is missing");
                    faults.push(
                        Fault::new(Code::MissingKey, place(&format!("/modifiers/{m}")), message)
                            .help("only samples with `events` may leave it out"),
                    );
                }
                ModifierKind::ShapeSys { errors } | ModifierKind::StatError { errors } => {
                    list(errors, "errors", n_bins, || words("errors"), faults);
                }
                _ => {}
            }
        }
    }
}

/// Whether a channel's yields are yet to be made from events: a fault, for there is no likelihood before.
fn to_be_made(at: &str, channel: &Channel, faults: &mut Vec<Fault>) -> bool {
    let mut waiting = channel.samples.iter().enumerate().filter(|(_, sample)| sample.data.is_empty());
    let Some((s, sample)) = waiting.find(|(_, sample)| sample.events.is_some()) else { return false };
    let message = format!(
        "the yields of sample `{}` of channel `{}` are made from events, and have not been yet",
        sample.name, channel.name
    );
    faults.push(
        Fault::new(Code::Nothing, format!("{at}/{s}/events"), message)
            .help("`zstat train SPEC --output DIR` makes them: then use its `DIR/workspace.yaml`"),
    );
    true
}

/// The length that most lists of a channel have: whoever differs from it is wrong.
fn usual_length(channel: &Channel, observed: Option<usize>) -> usize {
    let of_modifiers = || {
        channel.samples.iter().flat_map(|sample| &sample.modifiers).flat_map(|modifier| {
            match &modifier.kind {
                ModifierKind::HistoSys { lo, hi, .. } => [Some(lo.len()), Some(hi.len())],
                kind if kind.is_waiting() => [None, None],
                ModifierKind::ShapeSys { errors } | ModifierKind::StatError { errors } => {
                    [Some(errors.len()), None]
                }
                _ => [None, None],
            }
        })
    };
    let lengths = || {
        let of_samples = channel.samples.iter().map(|sample| sample.data.len());
        of_samples.chain(observed).chain(of_modifiers().flatten())
    };
    // The usual case costs one pass.
    let first = lengths().next().unwrap_or(0);
    if lengths().all(|length| length == first) {
        return first;
    }
    let mut votes = IndexMap::<usize, usize>::new();
    lengths().for_each(|length| *votes.entry(length).or_default() += 1);
    // The first of those that most have.
    let most = votes.values().copied().max();
    votes.into_iter().find(|(_, count)| Some(*count) == most).map_or(0, |(length, _)| length)
}

/// One list of numbers, one a bin. `words` gives its pointer and whose it is.
fn list(
    values: &[f64],
    field: &str,
    n_bins: usize,
    words: impl FnOnce() -> (String, String),
    faults: &mut Vec<Fault>,
) {
    if values.len() == n_bins && values.iter().copied().all(is_usable) {
        return;
    }
    let (at, who) = words();
    if values.len() != n_bins {
        let bins = if n_bins == 1 { "1 bin".to_owned() } else { format!("{n_bins} bins") };
        let message = format!("{who}: `{field}` has {}, the channel has {bins}", entries(values.len()));
        let help = match values.len() {
            0 => "give one number a bin".to_owned(),
            have if have < n_bins => format!("{} missing; one number a bin is needed", count(n_bins - have)),
            have => format!("{} too many; one number a bin is needed", count(have - n_bins)),
        };
        faults.push(Fault::new(Code::BinCount, &at, message).help(help));
    }
    for (bin, &value) in values.iter().enumerate() {
        faults.extend(number(value, || (format!("{at}/{bin}"), format!("{who}: `{field}[{bin}]`"))));
    }
}

fn count(entries: usize) -> String {
    if entries == 1 { "one entry is".to_owned() } else { format!("{entries} entries are") }
}

fn is_usable(value: f64) -> bool {
    // False for NaN as well.
    value.abs() <= MAX_MAGNITUDE
}

/// A number that cannot be calculated with. `words` gives its pointer and what it is.
pub(super) fn number(value: f64, words: impl FnOnce() -> (String, String)) -> Option<Fault> {
    if is_usable(value) {
        return None;
    }
    let (at, what) = words();
    Some(if value.is_finite() {
        let message = format!("{what} is {}, beyond what can be calculated with", shown(value));
        Fault::new(Code::OutOfRange, at, message).help("yields are in events; is it a placeholder?")
    } else {
        let message = format!("{what} is not a finite number");
        Fault::new(Code::NotFinite, at, message).help("find out where it comes from")
    })
}

fn observations(workspace: &Workspace, faults: &mut Vec<Fault>) {
    // Of channels with the same name the first counts.
    let channels: HashMap<&str, &Channel> =
        workspace.channels.iter().rev().map(|channel| (channel.name.as_str(), channel)).collect();
    let mut unknown = 0;
    for (name, observed) in &workspace.observations {
        let at = pointer::join("/observations", name);
        let Some(&channel) = channels.get(name.as_str()) else {
            let message = format!("data are given for channel `{name}`, which does not exist");
            let known = workspace.channels.iter().map(|channel| channel.name.as_str());
            // Each name is compared with each: not for a file where all are unknown.
            unknown += 1;
            let near = if unknown <= ADVISED { nearest(name, known) } else { None };
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "remove them, or add the channel".to_owned(),
            };
            faults.push(Fault::new(Code::UnknownName, at, message).at_key().help(help));
            continue;
        };
        let n_bins = usual_length(channel, Some(observed.len()));
        let who = format!("observations of channel `{name}`");
        if observed.len() != n_bins {
            let bins = if n_bins == 1 { "1 bin".to_owned() } else { format!("{n_bins} bins") };
            let message = format!("{who}: {}, the channel has {bins}", entries(observed.len()));
            faults
                .push(Fault::new(Code::BinCount, &at, message).help("give the observed events of each bin"));
        }
        for (bin, &events) in observed.iter().enumerate() {
            let at = || format!("{at}/{bin}");
            if let Some(fault) = number(events, || (at(), format!("{who}: bin {bin}"))) {
                faults.push(fault);
            } else if events < 0.0 {
                let message = format!("{who}: bin {bin} has {} events, expected zero or more", shown(events));
                let help = "give the data as counted, before any background is subtracted";
                faults.push(Fault::new(Code::NegativeObservation, at(), message).help(help));
            }
        }
    }
}
