//! How long something has lasted, roughly, as people say it.

use std::time::Duration;

use crate::demo::spread::short;

/// `820 ms`, `12s`, `3m 5s`, `2h 10m`: the two largest units.
pub(crate) fn age(lasted: Duration) -> String {
    if lasted < Duration::from_secs(1) {
        return short(lasted);
    }
    let whole = humantime::format_duration(Duration::from_secs(lasted.as_secs())).to_string();
    whole.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// How long it has lasted between two moments in milliseconds; nothing when the clocks of two machines disagree.
pub(crate) fn age_between(since_ms: u64, now_ms: u64) -> String {
    age(Duration::from_millis(now_ms.saturating_sub(since_ms)))
}

#[cfg(test)]
mod tests;
