//! What the sandbox saw of one attempt. It says nothing about what becomes of the job: that is the verdict.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// How one attempt ended, with its logs and what it used.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub end: End,
    pub logs: Vec<LogLine>,
    pub usage: Usage,
}

/// How the handler ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// It returned a result.
    Done { output: Bytes },
    /// It asked to try again, not before `after`, or when the backoff says.
    Retry { message: String, after: Option<Duration> },
    /// It said the job can never succeed.
    Rejected { message: String },
    /// The host ended it.
    Stopped { stop: Stop, message: String },
}

/// Why the host ended a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A panic, an abort, an illegal instruction.
    Trap,
    /// Out of fuel.
    Fuel,
    /// Past its wall-clock limit.
    Timeout,
    /// Trapped after it had been refused memory.
    Memory,
    /// Its output was larger than allowed.
    Output,
    /// The host could not start it, or failed while it ran.
    Host,
    /// The claim was lost or the worker is stopping: the attempt does not count.
    Interrupted,
}

/// One line of a handler's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    pub level: LogLevel,
    /// Control characters are escaped.
    pub message: String,
    /// Milliseconds since the attempt began.
    pub at_ms: u64,
}

/// How loud a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

/// What one attempt used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Fuel, which counts Wasm instructions and does not depend on the machine.
    pub fuel: u64,
    /// Wall time from instantiation to the end, in microseconds.
    pub wall_us: u64,
    /// The largest sum of all memories and tables, in bytes.
    pub memory_peak_bytes: u64,
}

impl End {
    /// The kind of end, as logs and metrics name it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::Retry { .. } => "retry",
            Self::Rejected { .. } => "rejected",
            Self::Stopped { .. } => "stopped",
        }
    }
}
