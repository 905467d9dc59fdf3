//! What a job type's entry in the routing table says about one attempt (limits) and about the next (retry).

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Attempt;

/// What one attempt of a handler may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// All memories and tables together, in bytes. Default 64 MiB.
    pub memory_bytes: u64,
    /// Wall time. Default 30 s.
    pub timeout: Duration,
    /// Fuel, about one unit per Wasm instruction. Default 10,000,000,000.
    pub fuel: u64,
    /// The largest payload accepted, in bytes. Default 1 MiB.
    pub payload_bytes: u64,
    /// The largest output accepted, in bytes. Default 1 MiB.
    pub output_bytes: u64,
    /// Log text kept per attempt, in bytes. Default 64 KiB.
    pub log_bytes: u64,
    /// Calls to the host, of all kinds. Default 1,000,000.
    pub host_calls: u64,
    /// HTTP requests sent. Default 100.
    pub http_calls: u32,
    /// Bytes sent and received by HTTP, of all requests together. Default 16 MiB.
    pub http_bytes: u64,
    /// Jobs emitted. Default 1,000.
    pub children: u32,
}

/// How often and after which pause a failed job is tried again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Attempts in all, the first included. Default 10.
    pub attempts: u32,
    pub backoff: Backoff,
    /// For handlers that are command programs.
    pub exits: RetriedExits,
}

/// Which exit codes of a command program ask for another attempt. 0 completes the job, and all others reject it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RetriedExits {
    /// 75 alone, which `sysexits.h` calls a temporary failure.
    #[default]
    Temporary,
    /// Every one.
    All,
}

/// How many jobs may start in how much time. Held over all workers of a queue's shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    pub jobs: NonZeroU32,
    /// At least a millisecond, at most a day.
    pub per: Duration,
}

/// The pause before the next attempt: `first * factor^(n-1)`, at most `max`, moved by up to `jitter` of itself
/// either way. No invalid one can exist.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    first: Duration,
    factor: f64,
    max: Duration,
    jitter: f64,
}

/// Why a backoff was refused.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum InvalidBackoff {
    #[error("the backoff's factor is {0}; it must be a number of at least 1")]
    Factor(f64),
    #[error("the backoff's jitter is {0}; it must lie between 0 and 1")]
    Jitter(f64),
    #[error("the backoff's max ({max:?}) is shorter than its first pause ({first:?})")]
    Order { first: Duration, max: Duration },
}

impl RetriedExits {
    /// `EX_TEMPFAIL` of BSD's `sysexits.h`.
    const TEMPORARY: u8 = 75;

    /// Whether a program that ended with this code, which is not 0, is to be run again.
    pub fn include(self, code: u8) -> bool {
        self == Self::All || code == Self::TEMPORARY
    }
}

impl Rate {
    /// How much of the rate may be used at once after a pause.
    const BURST_WITHIN: Duration = Duration::from_millis(100);

    /// The time between two starts, in milliseconds.
    pub fn interval_ms(self) -> f64 {
        self.per.as_secs_f64() * 1_000.0 / f64::from(self.jobs.get())
    }

    /// How many jobs may start at the same moment after a pause: what is due in 100 ms, and at least one. So in any
    /// span of time start at most `span / interval + burst` jobs. Source of the method: the generic cell rate
    /// algorithm, ITU-T I.371.
    pub fn burst(self) -> u32 {
        let within = Self::BURST_WITHIN.as_secs_f64() * 1_000.0 / self.interval_ms();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and is positive"
        )]
        let jobs = within as u32;
        jobs.max(1)
    }
}

impl Backoff {
    /// # Errors
    /// When the factor is below 1, the jitter is outside 0..=1, or `max` is shorter than `first`.
    pub fn new(first: Duration, factor: f64, max: Duration, jitter: f64) -> Result<Self, InvalidBackoff> {
        if !factor.is_finite() || factor < 1.0 {
            return Err(InvalidBackoff::Factor(factor));
        }
        if !(0.0..=1.0).contains(&jitter) {
            return Err(InvalidBackoff::Jitter(jitter));
        }
        if max < first {
            return Err(InvalidBackoff::Order { first, max });
        }
        Ok(Self { first, factor, max, jitter })
    }

    /// The pause after the first failed attempt.
    pub fn first(&self) -> Duration {
        self.first
    }

    /// What each pause is multiplied by to give the next one. At least 1.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// The longest pause, before jitter.
    pub fn max(&self) -> Duration {
        self.max
    }

    /// How much of itself a pause may be moved by, either way: 0 to 1.
    pub fn jitter(&self) -> f64 {
        self.jitter
    }

    /// The pause after failed attempt `attempt`. `jitter` is a random number in 0..1 drawn by the caller.
    pub fn pause(&self, attempt: Attempt, jitter: f64) -> Duration {
        let exponent = i32::try_from(attempt.0.saturating_sub(1)).unwrap_or(i32::MAX);
        let plain = (self.first.as_secs_f64() * self.factor.powi(exponent)).min(self.max.as_secs_f64());
        let moved = plain * (1.0 + self.jitter * (2.0 * jitter.clamp(0.0, 1.0) - 1.0));
        Duration::try_from_secs_f64(moved).unwrap_or(self.max)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 64 << 20,
            timeout: Duration::from_secs(30),
            fuel: 10_000_000_000,
            payload_bytes: 1 << 20,
            output_bytes: 1 << 20,
            log_bytes: 64 << 10,
            host_calls: 1_000_000,
            http_calls: 100,
            http_bytes: 16 << 20,
            children: 1_000,
        }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 10, backoff: Backoff::default(), exits: RetriedExits::default() }
    }
}

impl Default for Backoff {
    /// 1 s, doubling, at most 10 minutes, moved by up to a fifth.
    fn default() -> Self {
        Self { first: Duration::from_secs(1), factor: 2.0, max: Duration::from_secs(600), jitter: 0.2 }
    }
}

#[cfg(test)]
mod tests;
