//! How a command ends when it does not succeed: one sentence what happened, one what to do, and an exit code.

use std::fmt;
use std::process::ExitCode;

/// What a command gives back.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    what: String,
    advice: Option<String>,
    /// Whether it may pass by itself: the server asks to come again.
    pub(crate) is_passing: bool,
}

/// The exit codes, success (0) aside. They stand in `--help` and in the README; scripts rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The server, a job or a person said no, or the work was not completed.
    No = 1,
    /// The command line cannot be followed: an unknown option, a file that cannot be read.
    Usage = 2,
    /// No server answered.
    Unreachable = 3,
    /// The configuration, the data folder or the address cannot be used, so nothing was started.
    Config = 64,
    /// A second SIGINT, before everything had stopped.
    Interrupted = 130,
    /// A second SIGTERM, before everything had stopped.
    Terminated = 143,
}

/// The table of exit codes as `--help` shows it.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0   done
  1   the server, a job or a person said no, or the work was not completed
  2   the command line cannot be followed, or a file it names cannot be read
  3   no server answered
  64  configuration, data folder or address cannot be used; nothing was started
  130, 143  a second SIGINT or SIGTERM ended it before everything had stopped

Colours and progress bars appear on terminals only; NO_COLOR switches colours off.";

impl Failure {
    pub(crate) fn new(exit: Exit, what: impl fmt::Display) -> Self {
        Self { exit, what: what.to_string(), advice: None, is_passing: false }
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Says that it may pass by itself.
    #[must_use]
    pub(crate) fn passing(mut self) -> Self {
        self.is_passing = true;
        self
    }

    /// What happened, without what to do about it.
    pub(crate) fn sentence(&self) -> &str {
        &self.what
    }

    /// For a file named on the command line that cannot be read.
    pub(crate) fn unreadable(path: &str, error: &std::io::Error) -> Self {
        Self::new(Exit::Usage, format_args!("{path} cannot be read: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        self.advice.as_ref().map_or(Ok(()), |advice| write!(f, "\n       {advice}"))
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
