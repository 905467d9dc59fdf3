//! How measured times spread: percentiles by nearest rank, each one a time that was really measured.

use std::fmt;
use std::time::Duration;

/// Measured times.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spread {
    sorted: Vec<Duration>,
}

impl Spread {
    pub(crate) fn of(times: impl IntoIterator<Item = Duration>) -> Self {
        let mut sorted: Vec<Duration> = times.into_iter().collect();
        sorted.sort_unstable();
        Self { sorted }
    }

    pub(crate) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// The smallest time that `percent` of all do not exceed; zero when nothing was measured.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.sorted.len() * percent).div_ceil(100);
        self.sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (p50, p90, p99) = (self.percentile(50), self.percentile(90), self.percentile(99));
        write!(
            f,
            "p50 {}  p90 {}  p99 {}  max {}",
            short(p50),
            short(p90),
            short(p99),
            short(self.percentile(100))
        )
    }
}

/// A time in the unit that people would choose, with three digits or so.
pub(crate) fn short(time: Duration) -> String {
    let us = time.as_secs_f64() * 1e6;
    match us {
        us if us < 1_000.0 => format!("{us:.0} µs"),
        us if us < 10_000.0 => format!("{:.2} ms", us / 1e3),
        us if us < 1_000_000.0 => format!("{:.0} ms", us / 1e3),
        us => format!("{:.2} s", us / 1e6),
    }
}

#[cfg(test)]
mod tests;
