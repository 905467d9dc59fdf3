//! Handlers under test, without a host: a job's context and its log, per thread. Not there in a guest.
//!
//! A handler is an ordinary function, and most tests call it. [`Job::run`] goes the whole way, from the bytes of a
//! payload to those of the output, and keeps the log:
//!
//! ```
//! use wasmill_sdk::{Failure, context, log, testing::Job};
//!
//! fn patient(_: ()) -> Result<u32, Failure> {
//!     log::info!("attempt {}", context::attempt());
//!     if context::attempt() < 3 { Err(Failure::retry("too early")) } else { Ok(context::attempt()) }
//! }
//!
//! let run = Job { attempt: 3, ..Job::default() }.run(patient, "null");
//! assert_eq!(run.result.unwrap(), b"3");
//! assert_eq!(run.log[0].message, "attempt 3");
//! ```

use std::cell::RefCell;
use std::time::{Duration, SystemTime};

use crate::log::Level;
use crate::{Failure, FromPayload, IntoOutput};

/// The job that [`context`](crate::context) tells of while a test runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub id: String,
    pub job_type: String,
    pub attempt: u32,
    pub max_attempts: u32,
    pub accepted_at: SystemTime,
    pub deadline_left: Duration,
    pub idempotency_key: Option<String>,
    pub traceparent: Option<String>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The bytes of the output, or the failure.
    pub result: Result<Vec<u8>, Failure>,
    /// Every line that was written.
    pub log: Vec<Line>,
}

/// A line of the job's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub level: Level,
    pub message: String,
}

thread_local! {
    /// The job that runs on this thread, with its log so far.
    static RUNNING: RefCell<Option<(Job, Vec<Line>)>> = const { RefCell::new(None) };
}

/// Puts back what ran before, also when the handler panics.
struct Before(Option<(Job, Vec<Line>)>);

/// The first of three attempts, accepted in 2026, with 30 seconds left.
impl Default for Job {
    fn default() -> Self {
        Self {
            id: "0190163d-8694-8001-8000-64c2f1a0b3d5".into(),
            job_type: "test".into(),
            attempt: 1,
            max_attempts: 3,
            accepted_at: SystemTime::UNIX_EPOCH + Duration::from_millis(1_767_225_600_000),
            deadline_left: Duration::from_secs(30),
            idempotency_key: None,
            traceparent: None,
        }
    }
}

impl Job {
    /// Runs `handler` on `payload` as this job. A panic goes through to the test.
    pub fn run<A, O, E>(self, handler: fn(A) -> Result<O, E>, payload: impl Into<Vec<u8>>) -> Run
    where
        A: FromPayload,
        O: IntoOutput,
        E: Into<Failure>,
    {
        let before = Before(RUNNING.replace(Some((self, Vec::new()))));
        let result = crate::run::run(handler, payload.into());
        let log = RUNNING.with_borrow_mut(|running| running.take()).map(|(_, log)| log);
        drop(before);
        Run { result, log: log.unwrap_or_default() }
    }
}

impl Drop for Before {
    fn drop(&mut self) {
        RUNNING.set(self.0.take());
    }
}

/// What a host would answer, with the signatures of the generated calls.
pub(crate) mod host {
    use super::{Duration, Job, Level, Line, RUNNING, SystemTime};

    fn job<T>(get: impl Fn(&Job) -> T) -> T {
        RUNNING.with_borrow(|running| match running {
            Some((job, _)) => get(job),
            None => get(&Job::default()),
        })
    }

    fn milliseconds(duration: Duration) -> u64 {
        u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn job_id() -> String {
        job(|job| job.id.clone())
    }

    pub(crate) fn job_type() -> String {
        job(|job| job.job_type.clone())
    }

    pub(crate) fn attempt() -> u32 {
        job(|job| job.attempt)
    }

    pub(crate) fn max_attempts() -> u32 {
        job(|job| job.max_attempts)
    }

    pub(crate) fn accepted_at_ms() -> u64 {
        job(|job| milliseconds(job.accepted_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()))
    }

    pub(crate) fn deadline_left_ms() -> u64 {
        job(|job| milliseconds(job.deadline_left))
    }

    pub(crate) fn idempotency_key() -> Option<String> {
        job(|job| job.idempotency_key.clone())
    }

    pub(crate) fn traceparent() -> Option<String> {
        job(|job| job.traceparent.clone())
    }

    /// Also onto the test's own output, which a failing test shows.
    #[expect(clippy::print_stderr, reason = "the test harness is who reads it")]
    pub(crate) fn write(level: Level, message: &str) {
        eprintln!("{level:?}: {message}");
        RUNNING.with_borrow_mut(|running| {
            if let Some((_, log)) = running {
                log.push(Line { level, message: message.into() });
            }
        });
    }
}

#[cfg(test)]
mod tests;
