//! The plugin crates of the stock build. A crate that is not named here registers nothing, silently: the linker drops it.

use zstat_fitters as _;
use zstat_losses as _;
use zstat_train as _;
