//! The answer of `GET /v1/attempts`, and asking on from where the last answer ended.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wasmill_job::JobType;

use super::log_of::LogOf;
use crate::client::{Call, Server};
use crate::command::job::view::{JobView, moment};
use crate::demo::spread::short;
use crate::failure::Result;
use crate::terminal::{DIM, GREEN, RED, YELLOW, styled, tell};

/// Attempts that ended, the oldest first.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Ended {
    pub(super) attempts: Vec<Attempt>,
    /// Where the next answer begins.
    next: Option<String>,
    /// Attempts that ended and are not told.
    #[serde(default)]
    pub(super) missed: u64,
}

/// An attempt that ended.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Attempt {
    at_ms: u64,
    #[serde(rename = "type")]
    job_type: String,
    id: String,
    pub(super) attempt: u32,
    module: Option<String>,
    result: String,
    run_us: u64,
    worker: Option<String>,
}

/// Asks for the attempts of one type, each once.
#[derive(Debug)]
pub(super) struct Follower {
    job_type: JobType,
    next: Option<String>,
}

/// Attempts of one answer.
const PAGE: usize = 1_000;
/// Answers until one is short. The workers remember no more than that, so a busy mill cannot hold this up for ever.
const PAGES_MAX: usize = 20;

impl Follower {
    pub(super) fn new(job_type: JobType) -> Self {
        Self { job_type, next: None }
    }

    /// All that is remembered.
    pub(super) async fn all(&mut self, server: &Server) -> Result<Ended> {
        let mut all = self.page(server).await?;
        // Those of before anybody asked are not missed.
        all.missed = 0;
        self.rest(server, all).await
    }

    /// What has ended since the last answer.
    pub(super) async fn since(&mut self, server: &Server) -> Result<Ended> {
        let first = self.page(server).await?;
        self.rest(server, first).await
    }

    async fn rest(&mut self, server: &Server, mut all: Ended) -> Result<Ended> {
        let mut was_full = all.attempts.len() >= PAGE;
        for _ in 1..PAGES_MAX {
            if !was_full {
                break;
            }
            let page = self.page(server).await?;
            was_full = page.attempts.len() >= PAGE;
            all.missed += page.missed;
            all.attempts.extend(page.attempts);
        }
        Ok(all)
    }

    async fn page(&mut self, server: &Server) -> Result<Ended> {
        let call = |after: Option<&str>| {
            let call = Call::get("/v1/attempts")
                .query("type", self.job_type.as_str())
                .query("limit", &PAGE.to_string());
            match after {
                Some(after) => call.query("after", after),
                None => call,
            }
        };
        let mut answer = server.send(call(self.next.as_deref())).await?;
        if answer.status.as_u16() == 400 && self.next.is_some() {
            // A gateway that was started anew may not know the place of before. What it remembers is new then.
            tell("the server does not know where the last answer ended; beginning anew");
            answer = server.send(call(None)).await?;
        }
        if !answer.status.is_success() {
            return Err(answer.refusal());
        }
        let ended: Ended = answer.read()?;
        if ended.next.is_some() {
            self.next.clone_from(&ended.next);
        }
        Ok(ended)
    }
}

impl Attempt {
    /// Asks for what it wrote.
    pub(super) async fn ask_log(&self, server: &Server) -> Result<LogOf> {
        let answer = server.send(Call::get(format!("/v1/jobs/{}/{}", self.job_type, self.id))).await?;
        if answer.status.as_u16() == 404 {
            return Ok(LogOf::Forgotten);
        }
        if !answer.status.is_success() {
            return Err(answer.refusal());
        }
        Ok(LogOf::attempt(self.attempt, answer.read::<JobView>()?))
    }

    /// When, which job, how it ended.
    pub(super) fn line(&self) -> String {
        let style = match self.result.as_str() {
            "done" | "completed" => GREEN,
            "retry" | "released" => YELLOW,
            _ => RED,
        };
        let module = self.module.as_deref().unwrap_or("-");
        let (when, took) = (moment(self.at_ms), short(Duration::from_micros(self.run_us)));
        let Self { id, attempt, result, .. } = self;
        format!(
            "{} {id}  attempt {attempt}  {module}  {}  {took}\n",
            styled(DIM, when),
            styled(style, result)
        )
    }

    /// It and what it wrote, as a line of JSON; `logs` is null where nobody knows.
    pub(super) fn json(&self, log: &LogOf) -> String {
        let mut object = serde_json::json!(self);
        object["logs"] = serde_json::json!(log.lines());
        format!("{object}\n")
    }
}

#[cfg(test)]
mod tests;
