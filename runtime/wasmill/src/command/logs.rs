//! `wasmill logs`: what the handlers of a job type wrote lately, attempt by attempt.

use std::collections::VecDeque;
use std::time::Duration;

use clap::Args;
use tokio::time::{Instant, sleep};
use wasmill_job::JobType;
use wasmill_process::Signals;

use crate::client::Server;
use crate::command::target::Target;
use crate::failure::{Exit, Failure, Result};
use crate::terminal::{is_heard, print, tell};
use attempts::{Attempt, Follower};
use log_of::LogOf;

mod attempts;
mod log_of;

/// Show what the handlers of a job type wrote in their last attempts, the newest last
///
/// Of each attempt that ended lately: when, which job, which module, how it ended, how long it took; below it what it wrote. The
/// workers remember some thousands of attempts; a job keeps the log of its last attempt only.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// The job type
    #[arg(value_name = "TYPE")]
    job_type: JobType,
    /// Go on with what ends from now on, until Ctrl-C
    #[arg(long)]
    follow: bool,
    /// At most so many of the last attempts
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,
    /// Print the attempts as JSON, a line each, with their logs
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// How often is asked what has ended since.
const EVERY: Duration = Duration::from_secs(1);
/// An attempt is told a moment before its end is settled. What is not settled after so long has met trouble, and nothing that ended
/// with it is to wait for that.
const SETTLED_WITHIN: Duration = Duration::from_secs(10);

impl Logs {
    pub(crate) async fn run(self) -> Result<()> {
        let server = self.target.server()?;
        let mut signals = Signals::new().map_err(|error| Failure::new(Exit::No, error))?;
        // Each line is written whole, so that stopping between two leaves nothing behind.
        tokio::select! {
            ended = self.show(&server) => ended,
            _ = signals.next() => Ok(()),
        }
    }

    async fn show(&self, server: &Server) -> Result<()> {
        let mut follower = Follower::new(self.job_type.clone());
        let first = follower.all(server).await?;
        let skipped = first.attempts.len().saturating_sub(self.limit as usize);
        let mut waiting: VecDeque<_> = first.attempts.into_iter().skip(skipped).collect();
        if waiting.is_empty() && !self.follow {
            tell(&format!("no attempt of {} has ended lately", self.job_type));
        }
        let mut told = self.tell_of(server, &mut waiting).await;
        let mut is_away = false;
        loop {
            match told {
                Ok(()) => is_away = false,
                Err(failure) if !self.follow || !failure.is_passing => return Err(failure),
                Err(failure) if !is_away => {
                    is_away = true;
                    tell(&format!("{} Trying again.", failure.sentence()));
                }
                Err(_) => {}
            }
            if !self.follow || !is_heard() {
                return Ok(());
            }
            sleep(EVERY).await;
            told = self.go_on(server, &mut follower, &mut waiting).await;
        }
    }

    /// Asks what has ended since, and tells of it, and of what could not be told before.
    async fn go_on(
        &self,
        server: &Server,
        follower: &mut Follower,
        waiting: &mut VecDeque<Attempt>,
    ) -> Result<()> {
        let ended = follower.since(server).await?;
        if ended.missed > 0 {
            tell(&format!("{} more attempts ended, too many in a moment to be told", ended.missed));
        }
        waiting.extend(ended.attempts);
        self.tell_of(server, waiting).await
    }

    /// Prints the attempts, with what they wrote. Those that could not be asked about stay.
    async fn tell_of(&self, server: &Server, waiting: &mut VecDeque<Attempt>) -> Result<()> {
        let until = Instant::now() + SETTLED_WITHIN;
        while let Some(attempt) = waiting.front() {
            let log = log_of(server, attempt, until).await?;
            print(&if self.json { attempt.json(&log) } else { attempt.line() + &log.render() })?;
            waiting.pop_front();
        }
        Ok(())
    }
}

/// The attempt's log. That its end is settled is waited for `until` then.
async fn log_of(server: &Server, attempt: &Attempt, until: Instant) -> Result<LogOf> {
    const BETWEEN: Duration = Duration::from_millis(200);
    loop {
        match attempt.ask_log(server).await? {
            LogOf::NotSettled if Instant::now() < until => sleep(BETWEEN).await,
            log => return Ok(log),
        }
    }
}
