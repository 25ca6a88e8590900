//! Memory that events to generate take, before any is made: a spec that asks for more than there is is told so.

use std::fs;

use zstat_core::diag::{Code, Fault};

use super::fault::TrainFault;
use super::passes::{Pass, columns};
use super::source::Source;
use crate::events::Purpose;
use crate::spec::Training;

/// Whether the events of a training have room. What is counted is less than what is needed.
pub(super) fn check(
    training: &Training,
    sources: &[Source],
    passes: &[Pass],
    features: usize,
) -> Result<(), TrainFault> {
    let available = available();
    let need = |purpose| Need::of(training, sources, passes, features, purpose);
    let [training_events, validation, evaluation] =
        [Purpose::Training, Purpose::Validation, Purpose::Evaluation].map(need);
    // The evaluation comes while the others are still there.
    let all = training_events.bytes + validation.bytes + evaluation.bytes;
    let fits = match available {
        Some(available) => all <= u128::from(available),
        None => can_be_had(all),
    };
    if fits {
        return Ok(());
    }
    let (train, evaluate) = (&training.train, &training.evaluate);
    let keys = [
        ("/train/events", "train.events", train.events.is_some(), training_events),
        ("/train/validation", "train.validation", train.validation.is_some(), validation),
        ("/evaluate/events", "evaluate.events", evaluate.events.is_some(), evaluation),
    ];
    let largest = keys.into_iter().max_by_key(|(.., need)| need.bytes);
    let Some((at, key, is_given, need)) = largest else { return Ok(()) };
    let at = if is_given { at } else { "/train" };
    let free = match available {
        Some(available) => format!(", and {} are free", human(available.into())),
        None => ", more than can be had".to_owned(),
    };
    let message = format!(
        "the events of the training take about {} of memory at least{free}: most of it is that of `{key}: {}`",
        human(all),
        need.events
    );
    let fault = Fault::new(Code::OutOfRange, at, message);
    let help = match available {
        // Half of it, as others need room too.
        Some(available) if need.bytes > 0 => {
            let most = u128::from(available) / 2 * u128::from(need.events) / need.bytes;
            format!("at most about {} leave room for the rest", rounded(most.max(1)))
        }
        _ => "ask for fewer".to_owned(),
    };
    Err(TrainFault::Spec(vec![fault.help(help)]))
}

/// What events of one purpose need.
#[derive(Debug, Clone, Copy)]
struct Need {
    /// The largest number of a process.
    events: u64,
    bytes: u128,
}

impl Need {
    fn of(
        training: &Training,
        sources: &[Source],
        passes: &[Pass],
        features: usize,
        purpose: Purpose,
    ) -> Self {
        // Events of the evaluation are there by parts, one after the other.
        let parts = if purpose == Purpose::Evaluation { super::evaluate::PARTS } else { 1 };
        let generated = |source: &Source| {
            let width = source.generator()?.columns().len() as u128;
            Some((u128::from(source.count(purpose).div_ceil(parts)), width))
        };
        let known: Vec<Option<(u128, u128)>> = sources.iter().map(generated).collect();
        // Columns and a weight of eight bytes each; features of four, a weight and what losses read for each pass.
        let tables = known.iter().flatten().map(|(rows, width)| rows * 8 * (width + 1));
        let row = 4 * features as u128 + 8 + 8 * columns(training).len() as u128;
        let seen = passes.iter().filter_map(|pass| known[pass.process]).map(|(rows, _)| rows * row);
        let events = sources.iter().filter(|source| source.generator().is_some());
        Self {
            events: events.map(|source| source.count(purpose)).max().unwrap_or(0),
            bytes: tables.chain(seen).sum(),
        }
    }
}

/// Bytes of memory that are free; none where the system does not tell.
fn available() -> Option<u64> {
    let told = fs::read_to_string("/proc/meminfo").ok().and_then(|text| of_meminfo(&text));
    // The limit of the group of processes, where there is one.
    let groups = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limits = groups.iter().filter_map(|file| fs::read_to_string(file).ok()?.trim().parse::<u64>().ok());
    told.into_iter().chain(limits).min()
}

/// `MemAvailable:   16307912 kB`
fn of_meminfo(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Whether so many bytes are given to somebody who asks.
fn can_be_had(bytes: u128) -> bool {
    usize::try_from(bytes).is_ok_and(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_ok())
}

/// `1.2 GB`
fn human(bytes: u128) -> String {
    let units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1000.0 && unit + 1 < units.len() {
        (value, unit) = (value / 1000.0, unit + 1);
    }
    if value < 10.0 && unit > 0 {
        format!("{value:.1} {}", units[unit])
    } else {
        format!("{value:.0} {}", units[unit])
    }
}

/// The first digit, with zeros behind it.
fn rounded(number: u128) -> u128 {
    let unit = 10_u128.pow(number.max(1).ilog10());
    number / unit * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_in_short() {
        assert_eq!(
            [900, 1_240, 12_400_000, 48_000_000_000_000].map(human),
            ["900 bytes", "1.2 kB", "12 MB", "48 TB"]
        );
        assert_eq!([1, 9, 10, 123_456].map(rounded), [1, 9, 10, 100_000]);
        let text = "MemTotal:       24689764 kB\nMemAvailable:   16307912 kB\n";
        assert_eq!(of_meminfo(text), Some(16_307_912 * 1024));
        assert_eq!(of_meminfo("MemTotal: 3 kB"), None);
        assert!(can_be_had(1000) && !can_be_had(u128::from(u64::MAX)) && !can_be_had(u128::MAX));
    }
}
