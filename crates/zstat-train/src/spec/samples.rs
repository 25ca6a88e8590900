//! Samples and modifiers of the workspace that are made from events.

use indexmap::IndexMap;
use zstat_core::diag::{Code, Fault};
use zstat_core::source::pointer::escape;
use zstat_core::spec::{Effect, ModifierKind, Sample, Workspace};
use zstat_core::text::nearest;

use super::ProcessSpec;

/// A sample that is made from events.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleOf {
    /// Its place in the channel.
    pub index: usize,
    /// Its process, an index.
    pub process: usize,
    /// What varies it.
    pub variations: Vec<Variation>,
    /// Places of its staterrors whose errors are made from the events.
    pub statistics: Vec<usize>,
}

/// A modifier that is made from events.
#[derive(Debug, Clone, PartialEq)]
pub struct Variation {
    /// Its place in the sample.
    pub index: usize,
    /// Name of its parameter.
    pub name: String,
    /// Its kind.
    pub kind: VariationKind,
    /// What −1 and +1 do.
    pub effects: [Effect; 2],
    /// Only what +1 does was given.
    pub is_short: bool,
}

/// What a variation becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariationKind {
    /// Templates at −1 and +1.
    Histosys,
    /// Factors at −1 and +1.
    Normsys,
}

/// What is made from events.
pub(super) struct Made {
    pub channel: usize,
    pub samples: Vec<SampleOf>,
}

/// Finds it.
pub(super) fn read(
    workspace: &Workspace,
    processes: &IndexMap<String, ProcessSpec>,
    faults: &mut Vec<Fault>,
) -> Made {
    let mut made = Made { channel: 0, samples: Vec::new() };
    let mut first: Option<(usize, &str)> = None;
    for (c, channel) in workspace.channels.iter().enumerate() {
        for (s, sample) in channel.samples.iter().enumerate() {
            let at = format!("/workspace/channels/{c}/samples/{s}");
            let who = format!("sample `{}` of channel `{}`", sample.name, channel.name);
            let Some(name) = &sample.events else {
                let varied = sample.modifiers.iter().position(|modifier| modifier.vary.is_some());
                if let Some(m) = varied {
                    let message = format!("{who} has no `events` that a modifier could vary");
                    faults.push(Fault::new(Code::MissingKey, format!("{at}/modifiers/{m}/vary"), message));
                }
                continue;
            };
            if !sample.data.is_empty() {
                let message = format!("{who} has `data` and `events`: one of them is enough");
                faults.push(Fault::new(Code::OutOfRange, format!("{at}/events"), message));
            }
            match first {
                None => (first, made.channel) = (Some((c, channel.name.as_str())), c),
                Some((known, _)) if known == c => {}
                Some((_, known)) => {
                    let message = format!(
                        "channels `{known}` and `{}` both have events: there is one summary, for one channel",
                        channel.name
                    );
                    faults.push(Fault::new(Code::OutOfRange, format!("{at}/events"), message));
                }
            }
            let process = process(name, processes, &format!("{at}/events"), faults);
            let variations = variations(sample, &who, processes, &at, faults);
            if let Some(process) = process {
                let statistics = sample.modifiers.iter().enumerate();
                let statistics =
                    statistics.filter(|(_, modifier)| modifier.kind.is_waiting()).map(|(m, _)| m);
                made.samples.push(SampleOf {
                    index: s,
                    process,
                    variations,
                    statistics: statistics.collect(),
                });
            }
        }
    }
    if first.is_none() {
        let message = "no sample has `events`: there is nothing to train";
        faults.push(
            Fault::new(Code::Nothing, "/workspace/channels", message)
                .help("write `events: PROCESS` in place of a sample's `data`"),
        );
    }
    made
}

/// The modifiers of a sample that are made from events.
fn variations(
    sample: &Sample,
    who: &str,
    processes: &IndexMap<String, ProcessSpec>,
    at: &str,
    faults: &mut Vec<Fault>,
) -> Vec<Variation> {
    let mut variations = Vec::new();
    for (index, modifier) in sample.modifiers.iter().enumerate() {
        let Some(vary) = &modifier.vary else { continue };
        let at = format!("{at}/modifiers/{index}/vary");
        match vary.effects() {
            Ok(effects) => {
                let is_short = vary.up.is_none();
                self::effects(&effects, is_short, processes, &at, faults);
                let kind = match modifier.kind {
                    ModifierKind::NormSys { .. } => VariationKind::Normsys,
                    _ => VariationKind::Histosys,
                };
                variations.push(Variation { index, name: modifier.name.clone(), kind, effects, is_short });
            }
            Err(why) => {
                let message = format!("modifier `{}` of {who}: `vary` {why}", modifier.name);
                faults.push(Fault::new(Code::MissingKey, at, message));
            }
        }
    }
    variations
}

/// What is wrong with what −1 and +1 do. The short form says both: its +1 stands for itself.
fn effects(
    effects: &[Effect; 2],
    is_short: bool,
    processes: &IndexMap<String, ProcessSpec>,
    at: &str,
    faults: &mut Vec<Fault>,
) {
    for (effect, key) in effects.iter().zip(["/down", "/up"]) {
        let at = match is_short {
            false => format!("{at}{key}"),
            true if key == "/up" => at.to_owned(),
            true => continue,
        };
        if let Some(name) = &effect.events {
            let _ = process(name, processes, &format!("{at}/events"), faults);
        }
        for (column, factor) in
            effect.scale.iter().filter(|(_, factor)| !factor.is_finite() || **factor == 0.0)
        {
            let message =
                format!("column `{column}` is scaled by {factor}: a factor must be a number other than 0");
            faults.push(Fault::new(Code::OutOfRange, format!("{at}/scale/{}", escape(column)), message));
        }
        for (column, shift) in effect.shift.iter().filter(|(_, shift)| !shift.is_finite()) {
            let message = format!("column `{column}` is shifted by {shift}: a shift must be a finite number");
            faults.push(Fault::new(Code::NotFinite, format!("{at}/shift/{}", escape(column)), message));
        }
    }
}

fn process(
    name: &str,
    processes: &IndexMap<String, ProcessSpec>,
    at: &str,
    faults: &mut Vec<Fault>,
) -> Option<usize> {
    let found = processes.get_index_of(name);
    if found.is_none() {
        let message = format!("no process of `events` is called `{name}`");
        let fault = Fault::new(Code::UnknownName, at, message);
        faults.push(match nearest(name, processes.keys().map(String::as_str)) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault,
        });
    }
    found
}

/// Parameters of interest of a measurement, the first if none is named.
pub(super) fn interests<'w>(workspace: &'w Workspace, measurement: Option<&str>) -> &'w [String] {
    let chosen = match measurement {
        Some(name) => workspace.measurements.iter().find(|known| known.name == name),
        None => workspace.measurements.first(),
    };
    let pois = chosen.and_then(|measurement| measurement.poi.as_ref()).or(workspace.poi.as_ref());
    pois.map_or(&[], |pois| pois.as_slice())
}

/// Which processes the analysis looks for: those that say so, or whose samples these parameters of interest scale.
pub(super) fn signals(
    workspace: &Workspace,
    processes: &IndexMap<String, ProcessSpec>,
    samples: &[SampleOf],
    pois: &[String],
) -> Vec<bool> {
    let driven = |process: usize| {
        let of_process = samples.iter().filter(|sample| sample.process == process);
        let channel =
            workspace.channels.iter().find(|channel| channel.samples.iter().any(|s| s.events.is_some()));
        of_process.into_iter().any(|sample| {
            let sample = channel.and_then(|channel| channel.samples.get(sample.index));
            sample.is_some_and(|sample| {
                let mut factors = sample.modifiers.iter();
                factors.any(|modifier| {
                    modifier.kind == ModifierKind::NormFactor && pois.contains(&modifier.name)
                })
            })
        })
    };
    processes.values().enumerate().map(|(p, process)| process.signal.unwrap_or_else(|| driven(p))).collect()
}

/// The workspace with flat templates in place of those that are to be made: every process alike in every bin.
pub(super) fn filled(
    workspace: &Workspace,
    made: &Made,
    processes: &IndexMap<String, ProcessSpec>,
    bins: usize,
) -> Workspace {
    let mut workspace = workspace.clone();
    let Some(channel) = workspace.channels.get_mut(made.channel) else { return workspace };
    for of in &made.samples {
        let Some(sample) = channel.samples.get_mut(of.index) else { continue };
        let events = processes[of.process].events().unwrap_or(1.0);
        sample.data = vec![events / bins as f64; bins];
        for variation in &of.variations {
            if let ModifierKind::HistoSys { lo, hi, .. } = &mut sample.modifiers[variation.index].kind {
                (*lo, *hi) = (sample.data.clone(), sample.data.clone());
            }
        }
        for &modifier in &of.statistics {
            // No γ moves before the errors are known: losses know the variances themselves.
            sample.modifiers[modifier].kind = ModifierKind::StatError { errors: vec![0.0; bins] };
        }
    }
    workspace
}
