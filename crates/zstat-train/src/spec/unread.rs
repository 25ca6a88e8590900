//! Settings that have no effect beside others, and shares that leave a part without events.

use indexmap::IndexMap;
use zstat_core::diag::{Code, Fault};

use super::{EvaluateSpec, ProcessSpec, SplitSpec, TrainSpec};
use crate::train::PARTS;

/// Events are numbered by 32 bits, and one number is for events that are not there.
const MOST: u64 = u32::MAX as u64 - 1;

/// Finds them.
pub(super) fn check(
    processes: &IndexMap<String, ProcessSpec>,
    train: &TrainSpec,
    evaluate: Option<&EvaluateSpec>,
    faults: &mut Vec<Fault>,
) {
    let files = processes.values().filter(|process| process.files.is_some()).count();
    numbers(train, evaluate, faults);
    if files == 0 && train.split != SplitSpec::default() {
        let message = "`split` has no effect: it divides events of files, and all events are generated";
        let help = "leave it out; `validation` and `evaluate.events` are numbers of generated events";
        faults.push(Fault::new(Code::UnknownKey, "/train/split", message).at_key().help(help));
    }
    if files > 0 {
        shares(&train.split, faults);
    }
    if files == 0 || files < processes.len() {
        return;
    }
    let numbers = [
        ("/train/validation", "validation", train.validation),
        ("/evaluate/events", "events", evaluate.and_then(|evaluate| evaluate.events)),
    ];
    for (at, key, number) in numbers {
        if number.is_some() {
            let message = format!(
                "`{key}` has no effect here: it is a number of events to generate, and all are of files"
            );
            let share = if at.starts_with("/train") { "validation" } else { "evaluation" };
            let help =
                format!("leave it out; the share of these events is `split: {{{share}: ...}}` of `train`");
            faults.push(Fault::new(Code::UnknownKey, at, message).at_key().help(help));
        }
    }
}

/// Numbers of events that are too small or too large for any use.
fn numbers(train: &TrainSpec, evaluate: Option<&EvaluateSpec>, faults: &mut Vec<Fault>) {
    let evaluation = evaluate.and_then(|evaluate| evaluate.events);
    if let Some(events) = evaluation.filter(|events| *events < PARTS) {
        let message = format!(
            "`events: {events}` are too few for a result: it is made of {PARTS} parts of them, to tell its error"
        );
        let fault = Fault::new(Code::OutOfRange, "/evaluate/events", message);
        faults.push(fault.help("take as many as make the bins' errors small, for example 100000"));
    }
    let keys = [
        ("/train/events", train.events, MOST),
        ("/train/validation", train.validation, MOST),
        ("/evaluate/events", evaluation, MOST * PARTS),
    ];
    for (at, events, most) in keys {
        if let Some(events) = events.filter(|events| *events > most) {
            let message = format!(
                "{events} events of each process cannot be counted, the most is {most}; each column of them would take {} GB of memory",
                events / 125_000_000
            );
            let fault = Fault::new(Code::OutOfRange, at, message);
            faults.push(fault.help("ask for as many as memory holds: 10 million take some GB"));
        }
    }
}

/// Every part needs events.
fn shares(split: &SplitSpec, faults: &mut Vec<Fault>) {
    let [training, validation, evaluation] = split.shares();
    let said = |share: Option<f64>| if share.is_some() { "" } else { " (where nothing is said)" };
    for (key, share) in [("validation", split.validation), ("evaluation", split.evaluation)] {
        if let Some(share) = share.filter(|share| *share <= 0.0 || share.is_nan()) {
            let message = format!("the share for {key} is {share}: some events are needed");
            let fault = Fault::new(Code::OutOfRange, format!("/train/split/{key}"), message);
            faults.push(fault.help("give a part of 1, for example 0.2"));
        }
    }
    // Rounding of decimal fractions leaves less than this.
    if training < 1e-9 {
        let message = format!(
            "no events are left for training: validation takes {validation}{} and evaluation {evaluation}{}",
            said(split.validation),
            said(split.evaluation)
        );
        let fault = Fault::new(Code::OutOfRange, "/train/split", message);
        faults.push(fault.help("make both together smaller than 1: what is left is for training"));
    }
}
