//! A moment as people name it on the command line: a span from now, or the moment itself.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

use wasmill_job::UnixMs;

/// A span from now, or a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Span(Duration),
    At(UnixMs),
}

/// Why a text names no moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoMoment;

impl When {
    /// The moment, when spans lie ahead.
    pub(crate) fn after(self, now: UnixMs) -> UnixMs {
        match self {
            Self::Span(span) => now.plus(span),
            Self::At(at) => at,
        }
    }

    /// The moment, when spans lie behind; not before 1970.
    pub(crate) fn before(self, now: UnixMs) -> UnixMs {
        match self {
            Self::Span(span) => {
                UnixMs(now.0.saturating_sub(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
            }
            Self::At(at) => at,
        }
    }
}

impl FromStr for When {
    type Err = NoMoment;
    fn from_str(text: &str) -> Result<Self, NoMoment> {
        if let Ok(span) = humantime::parse_duration(text) {
            return Ok(Self::Span(span));
        }
        let at = humantime::parse_rfc3339(text).map_err(|_| NoMoment)?;
        let since = at.duration_since(UNIX_EPOCH).map_err(|_| NoMoment)?;
        Ok(Self::At(UnixMs(u64::try_from(since.as_millis()).map_err(|_| NoMoment)?)))
    }
}

impl fmt::Display for NoMoment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write a span such as 2h or 90d, or a moment in UTC such as 2027-01-31T00:00:00Z")
    }
}

impl std::error::Error for NoMoment {}

#[cfg(test)]
mod tests;
