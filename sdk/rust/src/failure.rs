//! What a handler says when it cannot complete a job.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Why a handler could not complete its job, and whether another attempt may.
///
/// `?` turns any [`std::error::Error`] into a retry, with the texts of its sources: most errors a handler meets
/// are of the world around it, and pass. Where one cannot, say so: `.map_err(Failure::reject)?`.
///
/// Like `anyhow::Error` it is no `std::error::Error` itself; that is what makes the conversion possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The job may succeed at a later attempt.
    Retry {
        /// What went wrong, for the job's record.
        message: String,
        /// Not before this much time; the type's backoff decides when none is given.
        after: Option<Duration>,
    },
    /// The job can never succeed: it becomes a dead letter at once.
    Reject {
        /// What is wrong with the job, for its record.
        message: String,
    },
}

impl Failure {
    /// The job may succeed at a later attempt.
    pub fn retry(message: impl fmt::Display) -> Self {
        Self::Retry { message: message.to_string(), after: None }
    }

    /// The job can never succeed: it becomes a dead letter at once.
    pub fn reject(message: impl fmt::Display) -> Self {
        Self::Reject { message: message.to_string() }
    }

    /// A retry that is not tried before `delay` has passed, in whole milliseconds. A reject stays as it is.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        match self {
            Self::Retry { message, .. } => Self::Retry { message, after: Some(delay) },
            reject @ Self::Reject { .. } => reject,
        }
    }

    /// What went wrong.
    pub fn message(&self) -> &str {
        match self {
            Self::Retry { message, .. } | Self::Reject { message } => message,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry { message, after: None } => write!(f, "retry: {message}"),
            Self::Retry { message, after: Some(delay) } => write!(f, "retry after {delay:?}: {message}"),
            Self::Reject { message } => write!(f, "reject: {message}"),
        }
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut next = error.source();
        while let Some(source) = next {
            message.push_str(": ");
            message.push_str(&source.to_string());
            next = source.source();
        }
        Self::Retry { message, after: None }
    }
}

#[cfg(test)]
mod tests;
