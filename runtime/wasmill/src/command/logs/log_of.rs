//! Which attempt's log a job has: it keeps that of its last attempt only. Pure.

use wasmill_job::LogLine;

use crate::command::job::view::JobView;
use crate::terminal::{DIM, log_line, styled};

/// What is known of an attempt's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LogOf {
    Lines(Vec<LogLine>),
    /// The attempt has ended, and the queue has not settled it yet.
    NotSettled,
    /// The job keeps the log of a later attempt.
    Later,
    /// The job is no longer known.
    Forgotten,
}

impl LogOf {
    /// What this job tells of its attempt of this number.
    pub(super) fn attempt(number: u32, view: JobView) -> Self {
        let is_running = view.state == "in_flight";
        // An attempt is counted when it begins, and its log is kept when it has ended.
        let ended = view.attempts.saturating_sub(u32::from(is_running));
        if ended == number {
            Self::Lines(view.logs)
        } else if is_running && view.attempts == number {
            Self::NotSettled
        } else {
            Self::Later
        }
    }

    /// The lines, where they are known.
    pub(super) fn lines(&self) -> Option<&[LogLine]> {
        match self {
            Self::Lines(lines) => Some(lines),
            _ => None,
        }
    }

    /// For people, indented.
    pub(super) fn render(&self) -> String {
        let why = match self {
            Self::Lines(lines) => {
                return lines.iter().map(|line| format!("  {}\n", log_line(line))).collect();
            }
            Self::NotSettled => "its end is not settled yet, so its log is not there",
            Self::Later => "the job has begun another attempt since; the log of this one is gone",
            Self::Forgotten => "the job is forgotten, and its log with it",
        };
        format!("  {}\n", styled(DIM, format_args!("({why})")))
    }
}

#[cfg(test)]
mod tests;
