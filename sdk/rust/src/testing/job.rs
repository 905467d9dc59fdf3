//! The job that a test runs, and what became of it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::running::{self, Running};
use super::{Child, Http, Request};
use crate::log::Level;
use crate::{Failure, FromPayload, IntoOutput, emit};

/// The job that a test runs, and all that its handler may reach.
#[derive(Clone, Debug)]
pub struct Job {
    pub id: String,
    pub job_type: String,
    pub attempt: u32,
    pub max_attempts: u32,
    pub accepted_at: SystemTime,
    pub deadline_left: Duration,
    pub idempotency_key: Option<String>,
    pub traceparent: Option<String>,
    /// The settings that the route has.
    pub config: BTreeMap<String, String>,
    /// The secrets that the route grants, with their values.
    pub secrets: BTreeMap<String, String>,
    /// Who answers HTTP requests. At first nobody: they are denied.
    pub http: Http,
    /// What `submit` answers instead of taking a child.
    pub emit_error: Option<emit::Error>,
    /// What the clock shows all the time.
    pub now: SystemTime,
    /// What the random numbers follow from.
    pub seed: u64,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The bytes of the output, or the failure.
    pub result: Result<Vec<u8>, Failure>,
    /// Every line that was written.
    pub log: Vec<Line>,
    /// The requests that were sent, in order, with what secrets they carried.
    pub requests: Vec<Request>,
    /// The children that were published: none, if the result is a failure.
    pub children: Vec<Child>,
}

/// A line of the job's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub level: Level,
    pub message: String,
}

/// When the job of a test is accepted: the beginning of 2026, in milliseconds since 1970.
const ACCEPTED_AT_MS: u64 = 1_767_225_600_000;

/// The first of three attempts, accepted at the beginning of 2026 and run a second later, with 30 seconds left.
impl Default for Job {
    fn default() -> Self {
        let accepted_at = SystemTime::UNIX_EPOCH + Duration::from_millis(ACCEPTED_AT_MS);
        Self {
            id: "0190163d-8694-8001-8000-64c2f1a0b3d5".into(),
            job_type: "test".into(),
            attempt: 1,
            max_attempts: 3,
            accepted_at,
            deadline_left: Duration::from_secs(30),
            idempotency_key: None,
            traceparent: None,
            config: BTreeMap::new(),
            secrets: BTreeMap::new(),
            http: Http::default(),
            emit_error: None,
            now: accepted_at + Duration::from_secs(1),
            seed: 0,
        }
    }
}

impl Job {
    /// Gives the job's route a setting.
    #[must_use]
    pub fn with_config(mut self, name: &str, value: &str) -> Self {
        self.config.insert(name.into(), value.into());
        self
    }

    /// Grants the job's route a secret.
    #[must_use]
    pub fn with_secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.insert(name.into(), value.into());
        self
    }

    /// Answers the job's HTTP requests.
    #[must_use]
    pub fn with_http(mut self, http: Http) -> Self {
        self.http = http;
        self
    }

    /// Runs `handler` on `payload` as this job. A panic goes through to the test.
    pub fn run<A, O, E>(self, handler: fn(A) -> Result<O, E>, payload: impl Into<Vec<u8>>) -> Run
    where
        A: FromPayload,
        O: IntoOutput,
        E: Into<Failure>,
    {
        let payload = payload.into();
        let (result, Running { log, requests, mut children, .. }) =
            running::while_running(self, || crate::run::run(handler, payload));
        if result.is_err() {
            children.clear();
        }
        Run { result, log, requests, children }
    }
}
