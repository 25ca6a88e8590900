//! Tests of hypotheses about a parameter of interest: statistics of the profile likelihood ratio, p-values, significances
//! and upper limits, scans, impacts. Tests of the model: goodness of fit, compatibility of channels. Yields with their
//! uncertainties. Pseudo-experiments.
//!
//! In: a model, data and a minimiser (`zstat-core`'s contracts). Out: numbers and what a careful reader should know about
//! them. Asymptotic formulas: G. Cowan, K. Cranmer, E. Gross, O. Vitells, Eur. Phys. J. C 71 (2011) 1554 (below: CCGV).

mod asymptotic;
mod chi_squared;
mod compatibility;
mod contour;
mod gof;
mod hypotest;
mod impacts;
mod inputs;
mod limit;
mod plane;
mod profile;
mod record;
mod root;
mod scan;
mod significance;
mod statistic;
mod tasks;
mod toys;
mod unified;
mod yields;

pub use asymptotic::{Tails, expected_tails, observed_tails, one_sided_p, two_sided_p};
pub use chi_squared::chi_squared_tail;
pub use compatibility::{Compatibility, CompatibilityOptions, Group, compatibility};
pub use contour::ContourLine;
pub use gof::{Gof, GofStatistic, GoodnessOfFit, distances, goodness_of_fit, statistic_of};
pub use hypotest::{Asimov, Hypotest, Setup, TestError, hypotest};
pub use impacts::{
    Effect, GroupImpact, ImpactGroup, ImpactKind, ImpactOptions, ImpactRecord, ImpactStudy, Impacts,
    ParameterImpact, PoiBreakdown, groups_by_kind, impacts, nuisances,
};
pub use inputs::Inputs;
pub use limit::{CurveOptions, Limit, LimitOptions, LimitPoint, Reached, limit};
pub use plane::{Contour, PlaneOptions, PlanePoint, PlaneScan, PlaneStudy, scan_plane, threshold_2d};
pub use profile::{Fit, Profile};
pub use record::StretchRecord;
pub use scan::{Interval, LineStudy, Scan, ScanOptions, ScanPoint, grid, scan, threshold};
pub use significance::{Significance, significance};
pub use statistic::TestStatistic;
pub use tasks::{HandOver, Tasks, all_tasks, run_tasks};
pub use toys::{
    Bias, BiasPoint, BiasTally, Coverage, Ensemble, Estimate, GofRecord, GofTally, InjectedFit, LimitByToys,
    Line, Moments, Purpose, Response, StudyOptions, StudyRecord, Toy, ToyCounts, ToyGof, ToyGrid,
    ToyHypotest, ToyLimit, ToyLimitPoint, ToyLimitRecord, ToyLimitTally, ToyMaker, ToyPlace, ToyReached,
    ToyRecord, ToySource, ToyStudy, ToyTails, ToyTally, ToyTest, toy_limit_grid,
};
pub use unified::{
    Calculator, End, Unified, UnifiedOptions, UnifiedPoint, UnifiedRecord, UnifiedTally, UnifiedToys,
    unified_exact, unified_range,
};
pub use yields::{ChannelYields, Prediction, Spread, Yield, YieldTable, Yields, predict, yields};
pub use zstat_core::normal::{ln_upper_tail, quantile, upper_tail};

/// Background fluctuations, in standard deviations, of the five expected values: the first is the smallest CLs.
pub const BANDS: [f64; 5] = [2.0, 1.0, 0.0, -1.0, -2.0];
