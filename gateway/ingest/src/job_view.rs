//! What is shown of a job.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use wasmill_job::{Failure, Import, ImportUsage, Job, LogLevel, LogLine, Mode, Usage};
use wasmill_log::ParkedCopy;
use wasmill_queue::{EarlierAttempt, JobView, LastAttempt, Ran, State};

/// One job. Moments are milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename = "Job")]
#[schema(title = "Job")]
pub(crate) struct JobAnswer {
    id: String,
    r#type: String,
    /// `accepted` (stored, not relayed yet), `parked` (in the log until its type has room in the queue), `pending`, `in_flight`, `scheduled`, `completed`, `cancelled` or `dead`.
    state: &'static str,
    /// How many times it has been tried.
    attempts: u32,
    accepted_at_ms: u64,
    /// When a scheduled job falls due.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at_ms: Option<u64>,
    /// When it completed, was cancelled or died.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at_ms: Option<u64>,
    /// The version of the handler that ran the last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "hello@1.0.0")]
    module: Option<String>,
    /// `shadow`: it was completed without being executed. Absent: it was executed, or will be.
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'static str>,
    /// The output, when it is JSON: its bytes as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    output: Option<Box<RawValue>>,
    /// The output, when it is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    output_base64: Option<String>,
    /// Why the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorAnswer>,
    /// What the handler logged in the last attempt.
    logs: Vec<LogAnswer>,
    /// What the last attempt used.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageAnswer>,
    /// Failed attempts before the last one, oldest first: the newest eight, each cut short. One that is missing between them came to
    /// no end: its lease ran out, or its worker was stopped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<AttemptAnswer>,
}

/// A failed attempt before the last one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttemptAnswer {
    /// The first is 1.
    attempt: u32,
    ended_at_ms: u64,
    /// The version of the handler that ran it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "hello@1.0.0")]
    module: Option<String>,
    error: ErrorAnswer,
    /// The end of what the handler logged.
    logs: Vec<LogAnswer>,
    usage: UsageAnswer,
}

/// Why an attempt failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorAnswer {
    /// A stable name, such as `trap` or `timeout`.
    code: &'static str,
    message: String,
}

/// One line of a handler's log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogAnswer {
    /// `debug`, `info`, `warn` or `error`.
    level: &'static str,
    message: String,
    /// Milliseconds since the attempt began.
    at_ms: u64,
}

/// What an attempt used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageAnswer {
    fuel: u64,
    wall_us: u64,
    memory_peak_bytes: u64,
    cpu_us: u64,
    /// What it called of the host, by import.
    imports: BTreeMap<&'static str, ImportAnswer>,
}

/// How much one import was used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportAnswer {
    calls: u64,
    bytes: u64,
    wall_us: u64,
}

impl JobAnswer {
    /// A job that the queue knows.
    pub(crate) fn of(view: JobView) -> Self {
        let (last, usage) = match view.last {
            Some(last) => {
                let usage = last.usage.into();
                (last, Some(usage))
            }
            None => {
                let usage = Usage::default();
                let none = LastAttempt {
                    attempt: None,
                    ended_at: None,
                    output: None,
                    failure: None,
                    logs: Vec::new(),
                    usage,
                    ran: None,
                };
                (none, None)
            }
        };
        let (module, mode) = match last.ran {
            Some(Ran::Module(module)) => (Some(module.to_string()), None),
            Some(Ran::Nothing) => (None, Some("shadow")),
            None => (None, None),
        };
        let (output, output_base64) = show_output(last.output);
        Self {
            id: view.id.to_string(),
            r#type: view.job_type.to_string(),
            state: state_name(view.state),
            attempts: view.attempts.0,
            accepted_at_ms: view.accepted_at.0,
            due_at_ms: view.due_at.map(|at| at.0),
            ended_at_ms: view.ended_at.map(|at| at.0),
            module,
            mode,
            output,
            output_base64,
            error: last.failure.map(ErrorAnswer::from),
            logs: last.logs.into_iter().map(LogAnswer::from).collect(),
            usage,
            earlier: view.earlier.into_iter().map(AttemptAnswer::from).collect(),
        }
    }

    /// A job that stands in the log until its type has room in the queue.
    pub(crate) fn parked(copy: &ParkedCopy) -> Self {
        let ParkedCopy { job, of, .. } = copy;
        let due_at_ms = of.due_at.or(job.run_at).map(|at| at.0);
        Self { state: "parked", attempts: of.attempts.0, due_at_ms, ..Self::accepted(job) }
    }

    /// A job that stands in the log, and that the queue has not got yet.
    pub(crate) fn accepted(job: &Job) -> Self {
        Self {
            id: job.id.to_string(),
            r#type: job.job_type.to_string(),
            state: "accepted",
            attempts: 0,
            accepted_at_ms: job.accepted_at.0,
            due_at_ms: None,
            ended_at_ms: None,
            module: None,
            mode: (job.stamp.mode == Mode::Shadow).then_some("shadow"),
            output: None,
            output_base64: None,
            error: None,
            logs: Vec::new(),
            usage: None,
            earlier: Vec::new(),
        }
    }
}

/// JSON as it is, everything else as Base64. No output at all is neither.
fn show_output(output: Option<Bytes>) -> (Option<Box<RawValue>>, Option<String>) {
    let Some(output) = output else { return (None, None) };
    match serde_json::from_slice::<&RawValue>(&output) {
        Ok(json) => (Some(json.to_owned()), None),
        Err(_) => (None, Some(STANDARD.encode(&output))),
    }
}

/// The state in the design's words.
pub(crate) fn state_name(state: State) -> &'static str {
    match state {
        State::Pending => "pending",
        State::InFlight => "in_flight",
        State::Scheduled => "scheduled",
        State::Completed => "completed",
        State::Cancelled => "cancelled",
        State::Dead => "dead",
    }
}

impl From<EarlierAttempt> for AttemptAnswer {
    fn from(earlier: EarlierAttempt) -> Self {
        let module = match earlier.ran {
            Some(Ran::Module(module)) => Some(module.to_string()),
            Some(Ran::Nothing) | None => None,
        };
        Self {
            attempt: earlier.attempt.0,
            ended_at_ms: earlier.ended_at.0,
            module,
            error: earlier.failure.into(),
            logs: earlier.logs.into_iter().map(LogAnswer::from).collect(),
            usage: earlier.usage.into(),
        }
    }
}

impl From<Failure> for ErrorAnswer {
    fn from(failure: Failure) -> Self {
        Self { code: failure.code.as_str(), message: failure.message }
    }
}

impl From<LogLine> for LogAnswer {
    fn from(line: LogLine) -> Self {
        let level = match line.level {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
        };
        Self { level, message: line.message, at_ms: line.at_ms }
    }
}

impl From<Usage> for UsageAnswer {
    fn from(usage: Usage) -> Self {
        let import = |(import, used): (Import, ImportUsage)| {
            let ImportUsage { calls, bytes, wall_us } = used;
            (import.as_str(), ImportAnswer { calls, bytes, wall_us })
        };
        Self {
            fuel: usage.fuel,
            wall_us: usage.wall_us,
            memory_peak_bytes: usage.memory_peak_bytes,
            cpu_us: usage.cpu_us,
            imports: usage.imports.called().map(import).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
