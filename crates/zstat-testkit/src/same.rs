//! The same input gives the same bits: twice, and from two threads at once.

/// Numbers that a plugin computed, with a name for messages.
pub(crate) type Numbers = Vec<f64>;

/// Calls `compute` twice here and once in each of two threads; all must give the same bits.
#[track_caller]
pub(crate) fn check_same_bits(what: &str, compute: &(dyn Fn() -> Numbers + Sync)) {
    let bits = |numbers: Numbers| numbers.into_iter().map(f64::to_bits).collect::<Vec<_>>();
    let first = bits(compute());
    assert!(first == bits(compute()), "{what}: two evaluations of the same differ");
    let threads = std::thread::scope(|scope| {
        let threads = [0, 1].map(|_| scope.spawn(|| bits(compute())));
        threads.map(|thread| thread.join().ok())
    });
    for other in threads {
        assert!(other.as_ref() == Some(&first), "{what}: an evaluation in another thread differs");
    }
}

/// Are two lists of numbers the same up to `relative` of the largest of them?
pub(crate) fn close(found: &[f64], wanted: &[f64], relative: f64) -> bool {
    let size = wanted.iter().fold(0.0_f64, |size, value| size.max(value.abs()));
    found.len() == wanted.len() && found.iter().zip(wanted).all(|(a, b)| (a - b).abs() <= relative * size)
}
