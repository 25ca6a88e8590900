//! Tests of hypotheses about a parameter of interest: statistics of the profile likelihood ratio, p-values, significances
//! and upper limits, scans, impacts.
//!
//! In: a model, data and a minimiser (`zstat-core`'s contracts). Out: numbers and what a careful reader should know about
//! them. Asymptotic formulas: G. Cowan, K. Cranmer, E. Gross, O. Vitells, Eur. Phys. J. C 71 (2011) 1554 (below: CCGV).

mod asymptotic;
mod contour;
mod hypotest;
mod impacts;
mod inputs;
mod limit;
mod normal;
mod plane;
mod profile;
mod root;
mod scan;
mod significance;
mod statistic;
mod tasks;
mod toys;

pub use asymptotic::{Tails, expected_tails, observed_tails, one_sided_p, two_sided_p};
pub use contour::ContourLine;
pub use hypotest::{Asimov, Hypotest, Setup, TestError, hypotest};
pub use impacts::{
    Effect, GroupImpact, ImpactGroup, ImpactKind, ImpactOptions, Impacts, ParameterImpact, PoiBreakdown,
    groups_by_kind, impacts, nuisances,
};
pub use inputs::Inputs;
pub use limit::{Limit, LimitOptions, LimitPoint, Reached, limit};
pub use normal::{ln_upper_tail, quantile, upper_tail};
pub use plane::{Contour, PlaneOptions, PlanePoint, PlaneScan, scan_plane, threshold_2d};
pub use profile::{Fit, Profile};
pub use scan::{Interval, Scan, ScanOptions, ScanPoint, scan, threshold};
pub use significance::{Significance, significance};
pub use statistic::TestStatistic;
pub use tasks::{Tasks, all_tasks, run_tasks};
pub use toys::{
    Ensemble, Estimate, Moments, Purpose, StudyOptions, StudyRecord, Toy, ToyCounts, ToyHypotest, ToyMaker,
    ToyRecord, ToySource, ToyStudy, ToyTails, ToyTest,
};

/// Background fluctuations, in standard deviations, of the five expected values: the first is the smallest CLs.
pub const BANDS: [f64; 5] = [2.0, 1.0, 0.0, -1.0, -2.0];
