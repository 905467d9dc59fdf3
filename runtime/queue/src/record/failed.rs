//! The failed attempts of a job as they are stored: the last one whole, those before it cut short, and only the newest of them.

use serde::{Deserialize, Serialize};
use wasmill_job::{Attempt, Failure, LogLine, UnixMs};

use super::row::{LastRow, Row};
use crate::{EarlierAttempt, LastAttempt};

/// An attempt that failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FailedRow {
    pub(crate) failure: Failure,
    pub(crate) last: LastRow,
}

/// An attempt that failed, and which one it was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EndedRow {
    pub(crate) attempt: Attempt,
    pub(crate) ended_at: UnixMs,
    pub(crate) failed: FailedRow,
}

/// Those of a live job: the last one whole, and those before it, oldest first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AttemptsRow {
    pub(crate) last: EndedRow,
    pub(crate) earlier: Vec<EndedRow>,
}

impl Row for EndedRow {}
impl Row for AttemptsRow {}

/// So many attempts before the last one are kept: enough to see a pattern, and with what one takes at most 10 KiB for a job that
/// fails again and again. The script of a settle knows it too.
pub(crate) const EARLIER_MAX: usize = 8;
/// Bytes that are kept of an earlier attempt's message, and of the end of its log.
const MESSAGE_BYTES_MAX: usize = 512;
const LOG_BYTES_MAX: usize = 512;

impl AttemptsRow {
    /// What is kept of them when the job goes on: all are earlier ones then.
    pub(crate) fn into_earlier(self) -> Vec<EndedRow> {
        let Self { mut last, mut earlier } = self;
        last.failed = last.failed.short().unwrap_or(last.failed);
        earlier.push(last);
        let over = earlier.len().saturating_sub(EARLIER_MAX);
        earlier.drain(..over);
        earlier
    }

    /// As they are shown.
    pub(crate) fn shown(self) -> (LastAttempt, Vec<EarlierAttempt>) {
        let EndedRow { attempt, ended_at, failed } = self.last;
        let last = failed.shown(Some(attempt), Some(ended_at));
        (last, self.earlier.into_iter().map(EndedRow::shown).collect())
    }
}

impl EndedRow {
    /// As it is shown.
    pub(crate) fn shown(self) -> EarlierAttempt {
        let Self { attempt, ended_at, failed: FailedRow { failure, last } } = self;
        let LastRow { logs, usage, ran } = last;
        EarlierAttempt { attempt, ended_at, failure, logs, usage, ran }
    }
}

impl FailedRow {
    /// As it is shown when it is the last one.
    pub(crate) fn shown(self, attempt: Option<Attempt>, ended_at: Option<UnixMs>) -> LastAttempt {
        LastAttempt { attempt, ended_at, ..self.last.attempt(None, Some(self.failure)) }
    }

    /// What is kept of it once it is not the last one any more; `None` when that is all of it.
    pub(crate) fn short(&self) -> Option<Self> {
        let logs = end_of(&self.last.logs);
        let is_long = self.failure.message.len() > MESSAGE_BYTES_MAX;
        if !is_long && logs.len() == self.last.logs.len() {
            return None;
        }
        let mut failure = self.failure.clone();
        if is_long {
            failure.message.truncate(failure.message.floor_char_boundary(MESSAGE_BYTES_MAX));
            failure.message.push('…');
        }
        let LastRow { usage, ran, .. } = &self.last;
        Some(Self { failure, last: LastRow { logs: logs.to_vec(), usage: *usage, ran: ran.clone() } })
    }
}

/// The last lines that fit.
fn end_of(logs: &[LogLine]) -> &[LogLine] {
    let mut left = LOG_BYTES_MAX;
    let fits = |line: &&LogLine| {
        let before = left;
        left = left.saturating_sub(line.message.len());
        line.message.len() <= before
    };
    &logs[logs.len() - logs.iter().rev().take_while(fits).count()..]
}

#[cfg(test)]
mod tests;
