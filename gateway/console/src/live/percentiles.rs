//! What is told of many times: which time half of them, and all but a few, were not above. Pure.

use serde::Serialize;
use utoipa::ToSchema;
use wasmill_queue::Histogram;

/// Of many times, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Percentiles {
    pub(crate) p50: u64,
    pub(crate) p95: u64,
    pub(crate) p99: u64,
}

/// The times that half, 95 % and 99 % of all were not above, in milliseconds, each up to an eighth of itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct PercentilesMs {
    p50: f64,
    p95: f64,
    p99: f64,
}

impl Percentiles {
    /// `None` of no times.
    pub(crate) fn of(times: &Histogram) -> Option<Self> {
        let at = |share| times.quantile(share);
        Some(Self { p50: at(0.5)?, p95: at(0.95)?, p99: at(0.99)? })
    }

    /// The greater of each. Percentiles of two times cannot be made of the percentiles of each; these are not below them.
    pub(crate) fn max(self, other: Self) -> Self {
        Self { p50: self.p50.max(other.p50), p95: self.p95.max(other.p95), p99: self.p99.max(other.p99) }
    }

    pub(crate) fn ms(self) -> PercentilesMs {
        let ms = |us: u64| us as f64 / 1_000.0;
        PercentilesMs { p50: ms(self.p50), p95: ms(self.p95), p99: ms(self.p99) }
    }
}

#[cfg(test)]
mod tests;
