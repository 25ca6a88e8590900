//! The events of one step: their features and weights under every variation, side by side.

use super::blocks::{alone, blocks, cut, each};
use super::passes::{Events, Pass, PassEvents};

/// Rows of all passes, one pass after the other.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Features, row-major.
    pub x: Vec<f32>,
    /// Weights, in expected events.
    pub weights: Vec<f64>,
    /// Where the rows of each pass start, and where the last ends.
    pub start: Vec<usize>,
    /// The process of each row of the nominal passes.
    pub process: Vec<usize>,
    /// Columns that losses read, of the same rows.
    pub columns: Vec<Vec<f64>>,
    /// From variances of the batch to those of the result, by pass.
    pub thinning: Vec<f64>,
    /// The row of its pass that each row is.
    picked: Vec<u32>,
}

/// What of the events is taken.
pub(super) struct Wanted<'a> {
    /// All passes, nominal ones first.
    pub passes: &'a [Pass],
    /// How many of them are wanted.
    pub taken: usize,
    /// How many of these are nominal.
    pub nominal: usize,
    /// Features an event.
    pub width: usize,
    /// Events expected, by process.
    pub expected: &'a [f64],
    /// Simulated events that the result is made of, by process.
    pub simulated: &'a [u64],
}

/// Weights of a process that add up to nothing.
pub(super) struct NoWeight {
    pub process: usize,
    pub sum: f64,
}

impl Batch {
    /// Rows in all.
    pub fn rows(&self) -> usize {
        self.weights.len()
    }

    /// Takes the events `picks` (numbers, by process).
    pub fn gather(
        &mut self,
        events: &Events,
        picks: &[Vec<u32>],
        wanted: &Wanted<'_>,
    ) -> Result<(), NoWeight> {
        let units = alone(|| self.pick(events, picks, wanted))?;
        let (rows, width) = (self.picked.len(), wanted.width);
        self.x.resize(rows * width, 0.0);
        self.weights.resize(rows, 0.0);
        let blocks = blocks(&self.start);
        let all = cut(&blocks, &mut self.x, width).into_iter().zip(cut(&blocks, &mut self.weights, 1));
        let tasks: Vec<_> = blocks.iter().zip(all).collect();
        let picked = &self.picked;
        each(tasks, |(): &mut (), (block, (x, weights))| {
            let (of, pass) = (&events.passes[block.pass], &wanted.passes[block.pass]);
            let picked = &picked[block.rows.clone()];
            take_features(of, picked, x, width);
            of.weights.take(picked, units[pass.process], weights);
        });
        self.take_columns(events, wanted);
        Ok(())
    }

    /// Chooses rows; gives expected events a unit of weight, by process.
    fn pick(
        &mut self,
        events: &Events,
        picks: &[Vec<u32>],
        wanted: &Wanted<'_>,
    ) -> Result<Vec<f64>, NoWeight> {
        let units = units(events, picks, wanted)?;
        self.picked.clear();
        self.start.clear();
        self.thinning.clear();
        for (pass, of) in wanted.passes.iter().zip(&events.passes).take(wanted.taken) {
            let picks = &picks[pass.process];
            self.thinning.push(picks.len() as f64 / wanted.simulated[pass.process] as f64);
            self.start.push(self.picked.len());
            of.rows(picks, &mut self.picked);
        }
        self.start.push(self.picked.len());
        Ok(units)
    }

    /// What losses of single events read: of nominal rows alone.
    fn take_columns(&mut self, events: &Events, wanted: &Wanted<'_>) {
        self.process.clear();
        self.columns.resize(events.passes.first().map_or(0, |of| of.columns.len()), Vec::new());
        self.columns.iter_mut().for_each(Vec::clear);
        for (pass, of) in events.passes.iter().enumerate().take(wanted.nominal) {
            let rows = self.start[pass]..self.start[pass + 1];
            self.process.resize(rows.end, wanted.passes[pass].process);
            for (out, column) in self.columns.iter_mut().zip(&of.columns) {
                out.extend(self.picked[rows.clone()].iter().map(|row| column[*row as usize]));
            }
        }
    }
}

/// Expected events a unit of weight, by process.
fn units(events: &Events, picks: &[Vec<u32>], wanted: &Wanted<'_>) -> Result<Vec<f64>, NoWeight> {
    let unit = |(process, picks): (usize, &Vec<u32>)| {
        let sum = events.weights[process].sum(picks);
        let is_used = || wanted.passes.iter().any(|pass| pass.process == process);
        if !(sum > 0.0 && sum.is_finite()) && is_used() {
            return Err(NoWeight { process, sum });
        }
        Ok(wanted.expected[process] / sum)
    };
    picks.iter().enumerate().map(unit).collect()
}

/// A few features are faster copied one by one than by a call for each event.
fn take_features(of: &PassEvents, picked: &[u32], x: &mut [f32], width: usize) {
    fn few<const N: usize>(from: &[f32], picked: &[u32], x: &mut [f32]) {
        let from = from.as_chunks::<N>().0;
        for (out, &row) in x.as_chunks_mut::<N>().0.iter_mut().zip(picked) {
            *out = from[row as usize];
        }
    }
    match width {
        1 => few::<1>(&of.x, picked, x),
        2 => few::<2>(&of.x, picked, x),
        3 => few::<3>(&of.x, picked, x),
        4 => few::<4>(&of.x, picked, x),
        _ => {
            for (out, &row) in x.chunks_exact_mut(width).zip(picked) {
                out.copy_from_slice(&of.x[row as usize * width..][..width]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::passes::Weights;
    use zstat_core::spec::Effect;

    /// Features, weights and columns of the events that were picked, for any number of features, rows that are more than a block
    /// and variations beside the nominal pass.
    #[test]
    fn rows_are_those_of_the_events_picked() {
        const EVENTS: usize = 700;
        for width in 1..=7 {
            let feature = |pass: usize, row: usize, at: usize| (1000 * pass + 7 * row + at) as f32;
            // Those of the first pass are all 1, as of generated events.
            let weight = |pass: usize, row: usize| 1.0 + (pass * ((row * 13 + pass) % 5)) as f64;
            let pass = |pass: usize| PassEvents {
                x: (0..EVENTS * width).map(|at| feature(pass, at / width, at % width)).collect(),
                weights: Weights::new((0..EVENTS).map(|row| weight(pass, row)).collect()),
                columns: vec![(0..EVENTS).map(|row| (10 * row + pass) as f64).collect()],
                ..PassEvents::default()
            };
            let of_process =
                |process: usize| Weights::new((0..EVENTS).map(|row| weight(process, row)).collect());
            let events = Events {
                passes: vec![pass(0), pass(1), pass(2)],
                weights: vec![of_process(0), of_process(1)],
            };
            let passes = [0, 1, 1].map(|process| Pass { process, effect: Effect::default() });
            let picks: Vec<Vec<u32>> = vec![
                (0..600).map(|i| (i * 37 + 5) % EVENTS as u32).collect(),
                (0..31).map(|i| (i * 11) % EVENTS as u32).collect(),
            ];
            let wanted = Wanted {
                passes: &passes,
                taken: 3,
                nominal: 2,
                width,
                expected: &[50.0, 1000.0],
                simulated: &[6000, 310],
            };
            let mut batch = Batch::default();
            assert!(batch.gather(&events, &picks, &wanted).is_ok());
            assert_eq!(batch.start, [0, 600, 631, 662]);
            assert_eq!(batch.thinning, [0.1, 0.1, 0.1]);
            for (at, Pass { process, .. }) in passes.iter().enumerate() {
                let sum: f64 = picks[*process].iter().map(|&row| weight(*process, row as usize)).sum();
                for (row, &picked) in (batch.start[at]..).zip(&picks[*process]) {
                    let x: Vec<f32> = (0..width).map(|i| feature(at, picked as usize, i)).collect();
                    assert_eq!(batch.x[row * width..][..width], x, "{width} features, pass {at}, row {row}");
                    let expected = weight(at, picked as usize) * (wanted.expected[*process] / sum);
                    assert_eq!(batch.weights[row], expected);
                    if at < wanted.nominal {
                        assert_eq!(batch.process[row], *process);
                        assert_eq!(batch.columns[0][row], (10 * picked as usize + at) as f64);
                    }
                }
            }
            assert_eq!(batch.process.len(), 631, "columns and processes of nominal rows alone");
        }
    }

    /// Weights that cancel have no unit.
    #[test]
    fn weights_that_add_up_to_nothing_are_told() {
        let events = Events {
            passes: vec![PassEvents {
                x: vec![0.0; 2],
                weights: Weights::new(vec![1.0, -1.0]),
                ..PassEvents::default()
            }],
            weights: vec![Weights::new(vec![1.0, -1.0])],
        };
        let passes = [Pass { process: 0, effect: Effect::default() }];
        let wanted =
            Wanted { passes: &passes, taken: 1, nominal: 1, width: 1, expected: &[1.0], simulated: &[2] };
        let told = Batch::default().gather(&events, &[vec![0, 1]], &wanted).err();
        assert!(told.is_some_and(|NoWeight { process, sum }| process == 0 && sum == 0.0));
    }
}
