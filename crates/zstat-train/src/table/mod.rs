//! Tables of events: from files to standardised features.
//!
//! In: files of events, expressions, shares. Out: columns of finite numbers, derived columns and selected events ([`Recipe`]),
//! parts for training and for results ([`Split`]), features of mean 0 and width 1 ([`Standardiser`]), sums of weights
//! ([`WeightSums`]). Readers are plugins: `csv`, `npy`, `parquet`.

mod choose;
mod csv;
mod npy;
mod parquet;
mod recipe;
mod split;
mod standardise;
mod sum;
mod wanted;
mod weights;

pub use choose::{ReaderFault, read, reader};
pub use csv::{Csv, CsvFault, CsvOptions, Delimiter};
pub use npy::{Npy, NpyFault, NpyOptions};
pub use parquet::{Parquet, ParquetFault, ParquetOptions};
pub use recipe::{Recipe, RecipeFault, RecipeFaults};
pub use split::{Part, PartSums, Shares, Split, SplitFault, SplitSums};
pub use standardise::{Standardiser, StandardiserFault};
pub use weights::{WeightFault, WeightSums};
pub use zstat_core::table::{CellFault, EventReader, Missing, ShapeFault, Table, TableFault, TableFaults};
