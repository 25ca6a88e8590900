//! What is left of signal and background by a cut on the score, and what it is worth as one count.

use zstat_losses::significance::asimov;

/// A cut: events with a score at the threshold or beyond it are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct CutRow {
    /// The threshold; infinite where every event is kept.
    pub threshold: f64,
    /// The part of the signal that is kept, of what a process selects.
    pub efficiency: f64,
    /// The same of every process.
    pub efficiencies: Vec<f64>,
    /// Signal events at the start values, and their error √Σw².
    pub s: [f64; 2],
    /// Background events, and their error.
    pub b: [f64; 2],
    /// Events without weights that would tell the background as well: (Σw)²/Σw².
    pub effective: f64,
}

/// What a cut is worth: the number and its error from the limited number of events.
pub type Quantity = fn(&CutRow) -> [f64; 2];

impl CutRow {
    /// s/√b; NaN without background.
    pub fn s_over_sqrt_b(&self) -> [f64; 2] {
        let ([s, _], [b, _]) = (self.s, self.b);
        if b <= 0.0 {
            return [f64::NAN; 2];
        }
        self.with_error(s / b.sqrt(), [1.0 / b.sqrt(), -0.5 * s * b.powf(-1.5)])
    }

    /// s/√(s + b).
    pub fn s_over_sqrt_s_plus_b(&self) -> [f64; 2] {
        let (s, n) = (self.s[0], self.s[0] + self.b[0]);
        let by_n = -0.5 * s * n.powf(-1.5);
        self.with_error(s / n.sqrt(), [1.0 / n.sqrt() + by_n, by_n])
    }

    /// Z_A with the background known: G. Cowan et al., Eur. Phys. J. C 71 (2011) 1554. Of the sign of s; NaN without background.
    pub fn z_asimov(&self) -> [f64; 2] {
        let ([s, _], [b, _]) = (self.s, self.b);
        let [q, by_s, by_b, _] = asimov(s, b, 0.0);
        let z = q.sqrt().copysign(s);
        self.with_error(z, [by_s / (2.0 * z), by_b / (2.0 * z)])
    }

    fn with_error(&self, value: f64, [by_s, by_b]: [f64; 2]) -> [f64; 2] {
        [value, (by_s * self.s[1]).hypot(by_b * self.b[1])]
    }
}

/// Cuts, from the one that keeps all on. Both lists have the same thresholds.
#[derive(Debug, Clone, PartialEq)]
pub struct Cuts {
    /// Events above the threshold are kept; else those below.
    pub above: bool,
    /// Names of the processes, and which are signal.
    pub processes: Vec<(String, bool)>,
    /// The least effective number of background events of a cut that may be chosen.
    pub min_effective: f64,
    /// By the validation events: what a cut is chosen by.
    pub validation: Vec<CutRow>,
    /// By the events of the evaluation: what the cut is worth.
    pub evaluation: Vec<CutRow>,
}

impl Cuts {
    /// Where a quantity is largest by the validation events, the loosest of equal cuts; none where no cut keeps enough of the
    /// background.
    pub fn best(&self, quantity: Quantity) -> Option<usize> {
        let mut best: Option<(usize, f64)> = None;
        for (at, row) in self.validation.iter().enumerate() {
            let [value, _] = quantity(row);
            let allowed = value.is_finite() && row.effective >= self.min_effective;
            if allowed && best.is_none_or(|(_, largest)| value > largest) {
                best = Some((at, value));
            }
        }
        best.map(|(at, _)| at)
    }
}
