//! What a handler may ask about the job it was given. Each getter is one call to the host, under a microsecond;
//! natively they answer for the [`testing::Job`](crate::testing::Job) that runs, or for its default.

use std::time::{Duration, SystemTime};

use crate::host::context as host;

/// The job's id, in its text form.
pub fn job_id() -> String {
    host::job_id()
}

/// The job's type, such as `email.welcome`.
pub fn job_type() -> String {
    host::job_type()
}

/// Which attempt this is. The first is 1.
pub fn attempt() -> u32 {
    host::attempt()
}

/// How many attempts the job may make in all.
pub fn max_attempts() -> u32 {
    host::max_attempts()
}

/// When the job was accepted, to the millisecond.
pub fn accepted_at() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(host::accepted_at_ms())
}

/// The time left until the handler is stopped.
pub fn deadline_left() -> Duration {
    Duration::from_millis(host::deadline_left_ms())
}

/// The idempotency key the caller gave, if any. Use it towards services that know such keys: a job may run more
/// than once.
pub fn idempotency_key() -> Option<String> {
    host::idempotency_key()
}

/// The caller's W3C `traceparent`, if any.
pub fn traceparent() -> Option<String> {
    host::traceparent()
}
