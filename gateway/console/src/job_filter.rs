//! Which jobs of a list are looked for: by when they were accepted, and by what went wrong last. Pure.

use wasmill_http::{Kind, Problem};
use wasmill_job::{Failure, UnixMs};

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JobFilter {
    since: UnixMs,
    until: UnixMs,
    /// In small letters.
    error: Option<String>,
}

impl JobFilter {
    /// Jobs accepted from `since_ms` on and before `until_ms`, whose last failure has this text in its message or code; an empty
    /// text is none.
    ///
    /// # Errors
    /// 400 when no moment is between the two.
    pub(crate) fn new(
        since_ms: Option<u64>,
        until_ms: Option<u64>,
        error: Option<&str>,
    ) -> Result<Self, Problem> {
        let (since, until) = (since_ms.unwrap_or(0), until_ms.unwrap_or(u64::MAX));
        if since >= until {
            let detail = format!("`until_ms` is {until}, and `since_ms` is {since}: no job is between them.");
            return Err(Problem::new(Kind::InvalidField, detail).with("field", "until_ms"));
        }
        let error = error.filter(|text| !text.is_empty()).map(str::to_lowercase);
        Ok(Self { since: UnixMs(since), until: UnixMs(until), error })
    }

    /// Whether a job that was accepted then is looked for, as far as that goes.
    pub(crate) fn holds_at(&self, accepted_at: UnixMs) -> bool {
        self.since <= accepted_at && accepted_at < self.until
    }

    /// Whether its last failure has to be known.
    pub(crate) fn wants_error(&self) -> bool {
        self.error.is_some()
    }

    /// Whether a job with this last failure is looked for, as far as that goes.
    pub(crate) fn holds_error(&self, failure: Option<&Failure>) -> bool {
        let Some(error) = &self.error else { return true };
        failure.is_some_and(|failure| {
            failure.message.to_lowercase().contains(error) || failure.code.as_str().contains(error)
        })
    }
}

#[cfg(test)]
mod tests;
