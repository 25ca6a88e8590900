//! Loops over short rows of equal width, compiled apart for the usual widths: a width that the compiler knows needs no loop.

use super::Isa;
use super::task::{Lines, Task, vectorised};

/// Work on rows. Its loops become vector code where they and all they call are `#[inline(always)]`.
pub trait RowTask {
    /// Numbers a row.
    fn width(&self) -> usize;

    /// Does it; `width` is that of the task, and `FUSED` says whether the CPU has fused multiply-add.
    fn run<const FUSED: bool>(self, width: usize);
}

/// A task with rows of a width that is known, or 0.
struct Known<T, const WIDTH: usize>(T);

impl<T: RowTask, const WIDTH: usize> Task for Known<T, WIDTH> {
    #[inline(always)]
    fn run<const FUSED: bool>(self, _: impl Lines) {
        let width = if WIDTH > 0 { WIDTH } else { self.0.width() };
        self.0.run::<FUSED>(width);
    }
}

/// Runs a task on rows with the best instructions of this CPU.
pub fn by_rows(task: impl RowTask) {
    let isa = Isa::best();
    match task.width() {
        1 => vectorised(isa, Known::<_, 1>(task)),
        2 => vectorised(isa, Known::<_, 2>(task)),
        3 => vectorised(isa, Known::<_, 3>(task)),
        4 => vectorised(isa, Known::<_, 4>(task)),
        5 => vectorised(isa, Known::<_, 5>(task)),
        6 => vectorised(isa, Known::<_, 6>(task)),
        8 => vectorised(isa, Known::<_, 8>(task)),
        10 => vectorised(isa, Known::<_, 10>(task)),
        12 => vectorised(isa, Known::<_, 12>(task)),
        16 => vectorised(isa, Known::<_, 16>(task)),
        20 => vectorised(isa, Known::<_, 20>(task)),
        _ => vectorised(isa, Known::<_, 0>(task)),
    }
}
