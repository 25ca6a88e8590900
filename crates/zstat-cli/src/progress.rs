//! A sign of life on standard error for what takes longer than a second.

use std::io::{IsTerminal, Write, stderr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Runs `work`; after a second, and every second from then on, tells on standard error what is going on and for how
/// long. Says nothing with `quiet`, or when standard error is not a terminal.
pub fn during<T>(quiet: bool, what: &str, work: impl FnOnce() -> T) -> T {
    shown(quiet, |elapsed| format!("{what}: {} s", elapsed.as_secs()), work)
}

/// The same for `total` tasks of one kind: `work` calls its argument after each, from any thread; shown are the number
/// done, the rate and the time that is left at this rate.
pub fn counted<T>(quiet: bool, what: &str, total: u64, work: impl FnOnce(&(dyn Fn() + Sync)) -> T) -> T {
    let done = AtomicU64::new(0);
    let tick = || {
        done.fetch_add(1, Ordering::Relaxed);
    };
    shown(quiet, |elapsed| count(what, done.load(Ordering::Relaxed), total, elapsed), || work(&tick))
}

/// The same with a line that `work` changes as it goes.
pub fn live<T>(quiet: bool, line: &Mutex<String>, work: impl FnOnce() -> T) -> T {
    let now = |elapsed: Duration| {
        let line = line.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{line}, {}", duration(elapsed.as_secs_f64()))
    };
    shown(quiet, now, work)
}

fn count(what: &str, done: u64, total: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    let rate = done as f64 / seconds;
    let left = total.saturating_sub(done) as f64 / rate;
    let rate = if rate >= 10.0 { format!("{rate:.0}") } else { format!("{rate:.1}") };
    let left = if left.is_finite() { format!(", {} left", duration(left)) } else { String::new() };
    format!("{what}: {done} of {total}, {rate}/s, {}{left}", duration(seconds))
}

/// `12 s`, `3 min 20 s`, `2 h 5 min`.
fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

fn shown<T>(quiet: bool, line: impl Fn(Duration) -> String + Sync, work: impl FnOnce() -> T) -> T {
    if quiet || !stderr().is_terminal() {
        return work();
    }
    std::thread::scope(|scope| {
        let (done, waiting) = channel::<()>();
        let line = &line;
        scope.spawn(move || {
            let started = Instant::now();
            let mut shown = false;
            while waiting.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                let _ = write!(stderr(), "\r\x1b[2K{}", line(started.elapsed()));
                let _ = stderr().flush();
                shown = true;
            }
            if shown {
                let _ = write!(stderr(), "\r\x1b[2K");
            }
        });
        let result = work();
        drop(done);
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_remaining_times() {
        let after = |done, seconds| count("toys", done, 1000, Duration::from_secs(seconds));
        assert_eq!(after(0, 1), "toys: 0 of 1000, 0.0/s, 1 s");
        assert_eq!(after(250, 100), "toys: 250 of 1000, 2.5/s, 1 min 40 s, 5 min 0 s left");
        assert_eq!(after(1, 10), "toys: 1 of 1000, 0.1/s, 10 s, 2 h 46 min left");
    }
}
