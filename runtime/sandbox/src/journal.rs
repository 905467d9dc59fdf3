//! The log of one attempt, as far as its limit in bytes allows.

use wasmill_job::{LogLevel, LogLine};

use crate::capability::secrets::{Secret, masked};
use crate::text::push_escaped;

/// Lines of one attempt. What goes beyond the limit is counted and not kept.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    lines: Vec<LogLine>,
    limit: u64,
    /// What the next lines may cost.
    left: u64,
    /// The last line was cut or a line was dropped: nothing more is kept.
    full: bool,
    dropped: u64,
    /// Secrets that the guest has seen: they are masked.
    revealed: Vec<Secret>,
}

/// What a line costs besides its text, in bytes, about what its level and time need when it is stored. Without it
/// empty lines would be free.
pub(crate) const LINE_BYTES: u64 = 24;

impl Journal {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, left: limit, ..Self::default() }
    }

    /// Whether a line would be kept, at least in part. If not, its text need not be looked at.
    pub(crate) fn has_room(&self) -> bool {
        !self.full && self.left >= LINE_BYTES
    }

    /// From now on this stands in no line.
    pub(crate) fn mask(&mut self, secret: Secret) {
        if !self.revealed.contains(&secret) {
            self.revealed.push(secret);
        }
    }

    /// A text of the guest's without the secrets it has seen.
    pub(crate) fn masked(&self, text: String) -> String {
        masked(text, &self.revealed)
    }

    /// Keeps a line, cut where the limit is reached. Lines after a cut one are dropped, so that what is kept is a
    /// beginning without gaps.
    pub(crate) fn write(&mut self, level: LogLevel, text: &str, at_ms: u64) {
        if !self.has_room() {
            return self.drop_line();
        }
        let without_secrets;
        let text = if self.revealed.is_empty() {
            text
        } else {
            without_secrets = self.masked(text.to_owned());
            &without_secrets
        };
        let room = usize::try_from(self.left - LINE_BYTES).unwrap_or(usize::MAX);
        let mut message = String::with_capacity(text.len().min(room));
        self.full = !push_escaped(&mut message, text, room);
        self.left -= LINE_BYTES + message.len() as u64;
        self.lines.push(LogLine { level, message, at_ms });
    }

    /// Counts a line that is not kept.
    pub(crate) fn drop_line(&mut self) {
        self.full = true;
        self.dropped += 1;
    }

    /// The lines, and one more that says what is missing, if something is. That line comes on top of the limit.
    pub(crate) fn close(mut self, at_ms: u64) -> Vec<LogLine> {
        if self.full {
            let (limit, dropped) = (self.limit, self.dropped);
            let message = match dropped {
                0 => format!("the log reached its limit of {limit} bytes: its last line was cut"),
                1 => format!("the log reached its limit of {limit} bytes: 1 more line was dropped"),
                _ => format!("the log reached its limit of {limit} bytes: {dropped} more lines were dropped"),
            };
            self.lines.push(LogLine { level: LogLevel::Warn, message, at_ms });
        }
        // What a guest of WASI printed was added at the end.
        self.lines.sort_by_key(|line| line.at_ms);
        self.lines
    }
}

#[cfg(test)]
mod tests;
