//! The steps of the relay between which it may die. Tests with real processes build it with the feature `failpoints` and
//! name the step at which it does; in all other builds this is nothing.

/// A step that was done just now.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Read,
    Buried,
    Emitted,
    Parked,
    Pushed,
    Refreshed,
    Committed,
    Paid,
}

/// Dies here, as by `kill -9`, when `WASMILL_RELAY_DIES_AT` is `<step>:<n>` and this is the n-th time.
#[cfg(feature = "failpoints")]
pub(crate) fn done(step: Step) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicI64, Ordering};

    static FATAL: OnceLock<Option<(String, AtomicI64)>> = OnceLock::new();
    let fatal = FATAL.get_or_init(|| {
        let wish = std::env::var("WASMILL_RELAY_DIES_AT").ok()?;
        let (name, times) = wish.split_once(':')?;
        Some((name.to_owned(), AtomicI64::new(times.parse().ok()?)))
    });
    if let Some((name, left)) = fatal
        && format!("{step:?}").eq_ignore_ascii_case(name)
        && left.fetch_sub(1, Ordering::SeqCst) == 1
    {
        std::process::abort();
    }
}

#[cfg(not(feature = "failpoints"))]
pub(crate) fn done(_: Step) {}
