//! Scores of events, and their bins.

use zstat_core::scorer::Scorer;
use zstat_core::summary::Summary;

use super::fault::{ApplyFault, WeightsFault};
use super::plan::Prepared;
use super::weights::restore;
use crate::files::tensors::Tensors;
use crate::spec::Training;
use crate::table::Standardiser;

/// Events that the scorer sees at once: what it needs in memory beside them is a multiple of these.
const CHUNK: usize = 1 << 14;

/// A training's scorer and summary, with what they have learnt.
pub struct Applier<'t> {
    summary: &'t dyn Summary,
    scorer: Box<dyn Scorer>,
    learnt: Vec<f64>,
    standardiser: Standardiser,
    /// From bins of the summary to those of the channel.
    channel: Vec<Option<usize>>,
}

/// Where an event is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In this bin of the channel.
    Bin(usize),
    /// In this bin of the summary, which the training left out of the channel: none of its events was there.
    LeftOut(usize),
    /// In no bin of the summary.
    Nowhere,
}

/// Scores of events.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// What the scorer gives: events × outputs, row-major.
    pub raw: Vec<f64>,
    /// The same as the summary takes them and figures show them: squashed, or made shares of, where it does so.
    pub scores: Vec<f64>,
    /// One an event.
    pub places: Vec<Place>,
}

impl<'t> Applier<'t> {
    /// From the spec of a training, the standardiser and bins without events as the run has them, and its tensors.
    ///
    /// # Errors
    /// All that do not fit.
    pub fn new(
        training: &'t Training,
        features: &[String],
        standardiser: Standardiser,
        empty: &[usize],
        file: &Tensors,
    ) -> Result<Self, Vec<WeightsFault>> {
        let summary = training.summary.as_ref();
        let bins = summary.bins();
        let mut faults: Vec<WeightsFault> =
            empty.iter().filter(|bin| **bin >= bins).map(|&bin| WeightsFault::Bin { bin, bins }).collect();
        if standardiser.columns() != features {
            let expected = standardiser.columns().to_vec();
            faults.push(WeightsFault::Features { found: features.to_vec(), expected });
        }
        // The seed is that of a start which is overwritten.
        let mut scorer = match training.scorer.make(features, summary.outputs(), 0) {
            Ok(scorer) => scorer,
            Err(fault) => {
                faults.push(fault.into());
                return Err(faults);
            }
        };
        match restore(scorer.as_mut(), summary.start().len(), file) {
            Ok(learnt) if faults.is_empty() => {
                let mut next = 0..;
                let channel = (0..bins).map(|bin| if empty.contains(&bin) { None } else { next.next() });
                let channel = channel.collect();
                Ok(Self { summary, scorer, learnt, standardiser, channel })
            }
            restored => {
                faults.extend(restored.err().into_iter().flatten());
                Err(faults)
            }
        }
    }

    /// Scores an event.
    pub fn outputs(&self) -> usize {
        self.summary.outputs()
    }

    /// For each bin of the channel the bin of the summary.
    pub fn bins(&self) -> Vec<usize> {
        (0..self.channel.len()).filter(|bin| self.channel[*bin].is_some()).collect()
    }

    /// Scores and bins of events.
    ///
    /// # Errors
    /// Where a feature is missing or of no use in a row, or a score is no number.
    pub fn score(&mut self, events: &Prepared) -> Result<Scored, ApplyFault> {
        let (inputs, outputs) = (self.scorer.inputs(), self.outputs());
        let x = self.standardiser.rows(&events.table).map_err(|fault| events.placed(fault))?;
        let n = events.rows.len();
        let mut out = vec![0.0_f32; CHUNK.min(n) * outputs];
        let mut raw = Vec::with_capacity(n * outputs);
        for chunk in x.chunks(CHUNK * inputs) {
            let out = &mut out[..chunk.len() / inputs * outputs];
            self.scorer.forward(chunk, out);
            raw.extend(out.iter().map(|z| f64::from(*z)));
        }
        if let Some(at) = raw.iter().position(|z| !z.is_finite()) {
            return Err(ApplyFault::Score { row: events.rows[at / outputs], value: raw[at] });
        }
        let mut bins = vec![None; n];
        self.summary.bin(&self.learnt, &raw, &mut bins);
        let mut scores = raw.clone();
        self.summary.show(&mut scores);
        let place = |bin: Option<usize>| match bin {
            None => Place::Nowhere,
            Some(bin) => self.channel[bin].map_or(Place::LeftOut(bin), Place::Bin),
        };
        Ok(Scored { raw, scores, places: bins.into_iter().map(place).collect() })
    }
}
