//! Which attempts' logs a job has: it keeps that of its last attempt, and the end of those of the attempts before. Pure.

use wasmill_job::LogLine;

use crate::command::job::view::JobView;
use crate::terminal::{DIM, log_line, styled};

/// What is known of an attempt's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LogOf {
    Lines(Vec<LogLine>),
    /// The last lines: another attempt has begun since.
    End(Vec<LogLine>),
    /// The attempt has ended, and the queue has not settled it yet.
    NotSettled,
    /// So many attempts came later that the job keeps nothing of this one.
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
            let earlier = view.earlier.into_iter().find(|earlier| earlier.attempt == number);
            earlier.map_or(Self::Later, |earlier| Self::End(earlier.logs))
        }
    }

    /// The lines, where they are known.
    pub(super) fn lines(&self) -> Option<&[LogLine]> {
        match self {
            Self::Lines(lines) | Self::End(lines) => Some(lines),
            _ => None,
        }
    }

    /// For people, indented.
    pub(super) fn render(&self) -> String {
        let lines = self.lines().unwrap_or_default().iter();
        let lines: String = lines.map(|line| format!("  {}\n", log_line(line))).collect();
        let why = match self {
            Self::Lines(_) => return lines,
            Self::End(_) => "the job has begun another attempt since; of the log of this one the end is kept",
            Self::NotSettled => "its end is not settled yet, so its log is not there",
            Self::Later => "the job has begun another attempt since; the log of this one is gone",
            Self::Forgotten => "the job is forgotten, and its log with it",
        };
        format!("{lines}  {}\n", styled(DIM, format_args!("({why})")))
    }
}

#[cfg(test)]
mod tests;
