//! The text of a formula: read, evaluated, and put into a small workspace.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use zstat_fuzz::{formulas, mutate};

fuzz_target!(|bytes: &[u8]| formulas::read(bytes));

fuzz_mutator!(|data: &mut [u8], size: usize, room: usize, seed: u32| {
    let known = (seed % 3 != 0).then(|| mutate::text(data, size, room, seed)).flatten();
    known.unwrap_or_else(|| fuzzer_mutate(data, size, room))
});
