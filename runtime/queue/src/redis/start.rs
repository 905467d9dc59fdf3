//! What is asked of a Redis before it is trusted with jobs.

/// A Redis that can be used, and what its operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisStart {
    /// Its version, such as `7.0.15`.
    pub version: String,
    /// Sentences: what is allowed, and dangerous. Persistence that is off, memory without a limit.
    pub warnings: Vec<String>,
}

/// Why a Redis cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedisStartError {
    /// Trouble that passes by itself: not reachable, or still loading. Try again.
    #[error("{0}")]
    Unavailable(String),
    /// Trouble that only a person ends: a wrong password or database, a replica, an eviction policy, a version.
    #[error("{0}")]
    Refused(String),
}
