//! What the sandbox saw of one attempt. It says nothing about what becomes of the job: that is the verdict.

mod usage;

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{JobId, JobType};

pub use usage::{Import, ImportUsage, Imports, Usage};

/// How one attempt ended, with its logs and what it used.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub end: End,
    /// The jobs it emitted. They count only if this attempt completes the job, and are empty if it cannot.
    pub children: Vec<Child>,
    pub logs: Vec<LogLine>,
    pub usage: Usage,
}

/// A job that a handler emitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// It follows from the parent's, so that a repeated attempt makes no second child.
    pub id: JobId,
    pub job_type: JobType,
    pub payload: Bytes,
    /// How long after its parent's completion it may run.
    pub delay: Duration,
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
    /// It was a command program and ended with this code, which is not 0. The message is the last it wrote.
    Exited { code: u8, message: String },
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
    /// It called the host more often than allowed.
    Calls,
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

impl Outcome {
    /// An outcome without anything but its end: nothing ran, or nothing is known of what did.
    pub fn bare(end: End) -> Self {
        Self { end, children: Vec::new(), logs: Vec::new(), usage: Usage::default() }
    }
}

impl End {
    /// The same end, its message changed.
    #[must_use]
    pub fn map_message(mut self, change: impl FnOnce(String) -> String) -> Self {
        match &mut self {
            Self::Done { .. } => {}
            Self::Retry { message, .. }
            | Self::Rejected { message }
            | Self::Exited { message, .. }
            | Self::Stopped { message, .. } => *message = change(std::mem::take(message)),
        }
        self
    }

    /// The kind of end, as logs and metrics name it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::Retry { .. } => "retry",
            Self::Rejected { .. } => "rejected",
            Self::Exited { .. } => "exited",
            Self::Stopped { .. } => "stopped",
        }
    }
}
