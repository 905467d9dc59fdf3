//! The worker's side: starts a child, gives it a job, hears how it went; and says how the child died.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::{self, ChildStdin, ChildStdout};
use tokio::time::timeout;
use wasmill_job::{Limits, Outcome};

use super::wire::{Garbled, Reply, Request, receive};

/// Says how a process is started that does nothing but [`run_alone`](crate::run_alone). Its environment, its standard
/// input and output, and its process group are the worker's affair: it gets no variables, and no terminal's signals.
pub type StartAlone = Arc<dyn Fn() -> Command + Send + Sync>;

/// A child process that runs one job at a time. Killed when dropped.
pub(crate) struct Child {
    process: process::Child,
    to: ChildStdin,
    from: ChildStdout,
    pid: u32,
}

/// Why there is no child that runs the job: nothing that the job could have done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoChild {
    #[error("the system starts no process: {0}")]
    Spawn(#[from] std::io::Error),
    #[error("the process did not come to run it within {START_WITHIN:?}")]
    Slow,
    #[error("the process {0} before it ran it")]
    Ended(Death),
    #[error("the process cannot run it: {0}")]
    Unready(String),
    #[error("the process cannot be understood: {0}")]
    Garbled(#[from] Garbled),
}

/// How a child died while it ran one job alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    Signal(i32),
    Exit(i32),
    /// It answered nothing for longer than the sandbox lets any handler run; it was killed.
    Hung(Duration),
    /// It gave an answer that is none; it was killed.
    Babble(String),
    /// The system does not say.
    Unknown,
}

/// From the start of the process, or from the request, until the job runs: the handler may have to be compiled.
const START_WITHIN: Duration = Duration::from_secs(60);
/// How long a child that has closed its output may take to be gone, on a machine that is busy with others.
const GONE_WITHIN: Duration = Duration::from_secs(10);
/// What a child's answer may have beyond output and logs, and room for how JSON writes the logs.
const ANSWER_BYTES: u64 = 16 << 20;

impl Child {
    /// Starts one, and waits until it is up. Dropping the future kills it.
    pub(crate) async fn start(command: &StartAlone) -> Result<Self, NoChild> {
        let mut command = command();
        command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut command = process::Command::from(command);
        // A group of its own: Ctrl-C in the worker's terminal is for the worker, and is no death of the job.
        let mut process = command.kill_on_drop(true).process_group(0).spawn()?;
        let no_pipe = || std::io::Error::other("it gave no pipe to the new process");
        let to = process.stdin.take().ok_or_else(no_pipe)?;
        let from = process.stdout.take().ok_or_else(no_pipe)?;
        let pid = process.id().ok_or_else(no_pipe)?;
        let mut child = Self { process, to, from, pid };
        match timeout(START_WITHIN, child.hear(ANSWER_BYTES)).await.map_err(|_| NoChild::Slow)?? {
            Some(Reply::Ready) => Ok(child),
            Some(_) => Err(NoChild::Garbled(Garbled::Unexpected)),
            None => Err(NoChild::Ended(child.death().await)),
        }
    }

    /// Gives it a job, and waits until that runs. Dropping the future leaves it in between: drop the child too.
    pub(crate) async fn begin(&mut self, request: &Request) -> Result<(), NoChild> {
        let frame = request.to_frame()?;
        let begin = async {
            // An error means that it is gone, which the next line finds, too.
            let _ = self.to.write_all(&frame).await;
            self.hear(ANSWER_BYTES).await
        };
        match timeout(START_WITHIN, begin).await.map_err(|_| NoChild::Slow)?? {
            Some(Reply::Started) => Ok(()),
            Some(Reply::Unready(reason)) => Err(NoChild::Unready(reason)),
            Some(_) => Err(NoChild::Garbled(Garbled::Unexpected)),
            None => Err(NoChild::Ended(self.death().await)),
        }
    }

    /// How the job went, or how the child died of it. It hangs when it takes longer than `at_most`.
    pub(crate) async fn outcome(&mut self, limits: &Limits, at_most: Duration) -> Result<Outcome, Death> {
        let most_bytes = limits
            .output_bytes
            .saturating_add(limits.log_bytes.saturating_mul(8))
            .saturating_add(ANSWER_BYTES);
        match timeout(at_most, self.hear(most_bytes)).await {
            Ok(Ok(Some(Reply::Ended(outcome)))) => Ok(outcome),
            Ok(Ok(Some(_))) => Err(Death::Babble(Garbled::Unexpected.to_string())),
            Ok(Ok(None)) => Err(self.death().await),
            Ok(Err(error)) => Err(Death::Babble(error.to_string())),
            Err(_) => Err(Death::Hung(at_most)),
        }
    }

    /// The process id, for whoever wants to look at it from outside.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// What it says next; `None` when it says nothing more.
    async fn hear(&mut self, most_bytes: u64) -> Result<Option<Reply>, Garbled> {
        let frame = receive(&mut self.from, most_bytes).await?;
        frame.map(|frame| Reply::of(&frame)).transpose()
    }

    /// How a child died that has closed its output.
    async fn death(&mut self) -> Death {
        match timeout(GONE_WITHIN, self.process.wait()).await {
            Ok(Ok(status)) => Death::of(status),
            Ok(Err(_)) => Death::Unknown,
            Err(_) => Death::Babble("it has closed its output, and lives on".into()),
        }
    }
}

impl Death {
    fn of(status: ExitStatus) -> Self {
        match (status.signal(), status.code()) {
            (Some(signal), _) => Self::Signal(signal),
            (None, Some(code)) => Self::Exit(code),
            (None, None) => Self::Unknown,
        }
    }
}

impl fmt::Display for Death {
    /// What completes a sentence that begins with "the process".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(number) => match name_of(*number) {
                Some(name) => write!(f, "was ended by signal {number} ({name})"),
                None => write!(f, "was ended by signal {number}"),
            },
            Self::Exit(code) => write!(f, "ended with exit code {code}"),
            Self::Hung(at_most) => write!(f, "did not answer within {at_most:?} and was killed"),
            Self::Babble(why) => write!(f, "gave no proper answer and was killed ({why})"),
            Self::Unknown => f.write_str("ended, and the system does not say how"),
        }
    }
}

/// The signals that end programs which do wrong, or whom the system or an operator ends; their numbers are the same on
/// every system that this runs on.
fn name_of(signal: i32) -> Option<&'static str> {
    Some(match signal {
        4 => "SIGILL",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
