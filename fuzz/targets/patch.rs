//! A JSON Patch or a patch set, applied to a small workspace that is then checked and evaluated.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use zstat_fuzz::{mutate, patches};

fuzz_target!(|bytes: &[u8]| patches::apply(bytes));

fuzz_mutator!(|data: &mut [u8], size: usize, room: usize, seed: u32| {
    let known = (seed % 3 != 0).then(|| mutate::text(data, size, room, seed)).flatten();
    known.unwrap_or_else(|| fuzzer_mutate(data, size, room))
});
