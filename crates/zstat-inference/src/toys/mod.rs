//! Pseudo-experiments: data drawn from a model, and what becomes of them.

mod bias;
mod crossing;
mod distribution;
mod ensemble;
mod gof;
mod grid;
mod limit;
mod maker;
mod moments;
mod response;
mod study;
mod test;

pub use bias::{Bias, BiasPoint, InjectedFit, Line};
pub use crossing::ToyReached;
pub(crate) use distribution::{Distribution, SAME, percentile};
pub use distribution::{Estimate, ToyTails};
pub use ensemble::{Ensemble, Purpose};
pub use gof::{GofRecord, ToyGof, ToyPlace};
pub use grid::{ToyGrid, toy_limit_grid};
pub use limit::{LimitByToys, ToyLimit, ToyLimitPoint, ToyLimitRecord, ToyLimitStore};
pub use maker::{Toy, ToyMaker, ToySource};
pub use moments::Moments;
pub use response::{Coverage, Response};
pub use study::{StudyOptions, StudyRecord, ToyStudy};
pub use test::{ToyCounts, ToyHypotest, ToyRecord, ToyTest};
