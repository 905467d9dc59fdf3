//! Why an attempt failed, in a stable code for programs and a sentence for people.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why an attempt, or a record, failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub code: FailureCode,
    /// A sentence. May hold text of the handler, already stripped of control characters.
    pub message: String,
}

/// The stable names of failures: they stand in answers, metrics and dead letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureCode {
    /// The handler asked to try again.
    Retry,
    /// The handler said the job can never succeed.
    Rejected,
    /// The handler trapped: a panic, an abort, an illegal instruction.
    Trap,
    /// The handler used up its fuel.
    Fuel,
    /// The handler ran past its wall-clock limit.
    Timeout,
    /// The handler asked for more memory than it may have, and gave up.
    Memory,
    /// The handler returned more bytes than it may.
    Output,
    /// The handler called the host more often than it may.
    Calls,
    /// The worker that held the job vanished, or lost its lease, as often as the job may be tried.
    Lost,
    /// The process that ran it died, while it ran alone there: it is not tried again until somebody redrives it.
    Quarantined,
    /// The handler could not be started, or the host failed it.
    Host,
    /// The record in the log is not a job of a version this binary reads.
    Undecodable,
    /// No such job type at the revision the record is stamped with.
    UnknownType,
}

impl FailureCode {
    /// The code as it stands in answers and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Rejected => "rejected",
            Self::Trap => "trap",
            Self::Fuel => "fuel",
            Self::Timeout => "timeout",
            Self::Memory => "memory",
            Self::Output => "output",
            Self::Calls => "calls",
            Self::Lost => "lost",
            Self::Quarantined => "quarantined",
            Self::Host => "host",
            Self::Undecodable => "undecodable",
            Self::UnknownType => "unknown-type",
        }
    }
}

impl Failure {
    pub fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}
