//! A sign of life on standard error for what takes longer than a second.

use std::io::{IsTerminal, Write, stderr};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Runs `work`; after a second, and every second from then on, tells on standard error what is going on and for how
/// long. Says nothing with `quiet`, or when standard error is not a terminal.
pub fn during<T>(quiet: bool, what: &str, work: impl FnOnce() -> T) -> T {
    if quiet || !stderr().is_terminal() {
        return work();
    }
    std::thread::scope(|scope| {
        let (done, waiting) = channel::<()>();
        scope.spawn(move || {
            let started = Instant::now();
            let mut shown = false;
            while waiting.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                let _ = write!(stderr(), "\r\x1b[2K{what}: {} s", started.elapsed().as_secs());
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
