//! How long a call takes, and how much memory a process.

use std::time::Instant;

/// Seconds of a call: the median of as many as fit into a second, 3 at least and 51 at most.
pub fn median(call: &mut dyn FnMut()) -> f64 {
    let started = Instant::now();
    let mut times = Vec::new();
    while times.len() < 3 || (times.len() < 51 && started.elapsed().as_secs_f64() < 1.0) {
        let one = Instant::now();
        call();
        times.push(one.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Peak resident memory so far; none where the system does not tell.
pub fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| 1024 * kib)
}
