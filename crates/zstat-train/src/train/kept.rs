//! Whether selections leave events for everything that a training does with them, before it begins.

use zstat_core::diag::{Code, Fault};
use zstat_core::source::pointer::escape;

use super::evaluate::{PARTS, part_of};
use super::fault::TrainFault;
use super::passes::{Events, Kitchen, Pass, PassEvents};
use super::source::Source;
use crate::events::Purpose;
use crate::spec::Training;
use crate::table::Standardiser;

/// Finds passes without events: of the training, the validation, and the parts of the evaluation.
pub(super) fn check(
    training: &Training,
    (all, kitchen, sources, standardiser): (&[Pass], &Kitchen, &[Source], &Standardiser),
    [events, validation]: [&Events; 2],
) -> Result<(), TrainFault> {
    let mut faults = Vec::new();
    let select = |pass: &Pass| training.processes[pass.process].select.is_some();
    for (what, seen, purpose) in
        [("training", events, Purpose::Training), ("validation", validation, Purpose::Validation)]
    {
        let empty = |(pass, of): &(&Pass, &PassEvents)| select(pass) && of.weights.is_empty();
        for (pass, _) in all.iter().zip(&seen.passes).filter(empty) {
            put(&mut faults, nothing(&sources[pass.process], purpose, what, pass));
        }
    }
    // Leaving one part out tells the error of the result: two at least have to have events.
    let mut with_events = vec![0; all.len()];
    let few = |with_events: &[u64]| all.iter().zip(with_events).any(|(pass, n)| select(pass) && *n < 2);
    for part in 0..PARTS {
        if !few(&with_events) {
            break;
        }
        let events =
            kitchen.events(all, sources, standardiser, (Purpose::Evaluation, &|n| part_of(part, n)))?;
        let parts = with_events.iter_mut().zip(&events.passes);
        parts.for_each(|(n, of)| *n += u64::from(!of.weights.is_empty()));
    }
    for (pass, n) in all.iter().zip(with_events).filter(|(pass, n)| select(pass) && *n < 2) {
        let source = &sources[pass.process];
        put(
            &mut faults,
            match n {
                0 => nothing(source, Purpose::Evaluation, "evaluation", pass),
                _ => {
                    let message = format!(
                        "`select` of process `{}` keeps too few of the {} evaluation events{}: they are all in one of {PARTS} parts, and the error of the result is made of several",
                        source.name,
                        source.count(Purpose::Evaluation),
                        under(pass)
                    );
                    fault(source, message)
                }
            },
        );
    }
    if faults.is_empty() { Ok(()) } else { Err(TrainFault::Spec(faults)) }
}

/// Of a selection that keeps no event.
pub(super) fn nothing(source: &Source, purpose: Purpose, what: &str, pass: &Pass) -> Fault {
    let message = format!(
        "`select` of process `{}` keeps none of the {} {what} events{}",
        source.name,
        source.count(purpose),
        under(pass)
    );
    fault(source, message)
}

fn fault(source: &Source, message: String) -> Fault {
    let at = format!("/events/{}/select", escape(&source.name));
    Fault::new(Code::Nothing, at, message).help("make it wider, or take more events")
}

fn under(pass: &Pass) -> &'static str {
    if pass.effect == Default::default() { "" } else { " under a variation (`vary`)" }
}

fn put(faults: &mut Vec<Fault>, fault: Fault) {
    if !faults.contains(&fault) {
        faults.push(fault);
    }
}
