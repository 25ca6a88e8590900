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
mod tally;
mod test;

pub use bias::{Bias, BiasPoint, BiasTally, InjectedFit, Line};
pub use crossing::ToyReached;
pub(crate) use distribution::SAME;
pub use distribution::{Estimate, ToyTails};
pub use ensemble::{Ensemble, Purpose};
pub use gof::{GofRecord, GofTally, ToyGof, ToyPlace};
pub use grid::{ToyGrid, toy_limit_grid};
pub use limit::{LimitByToys, ToyLimit, ToyLimitPoint, ToyLimitRecord, ToyLimitTally};
pub use maker::{Toy, ToyMaker, ToySource};
pub use moments::Moments;
pub use response::{Coverage, Response};
pub use study::{StudyOptions, StudyRecord, ToyStudy};
pub(crate) use tally::Tally;
pub(crate) use test::left_out;
pub use test::{ToyCounts, ToyHypotest, ToyRecord, ToyTally, ToyTest};
