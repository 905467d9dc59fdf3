//! Child jobs, of the types that the job type is granted (`grants.emit`). They are published in the step that completes
//! this job, and only then: an attempt that fails has none. Their ids follow from this job's id, so a repeated attempt
//! makes no second child.
//!
//! ```
//! use wasmill_sdk::{Failure, emit, testing::Job};
//!
//! fn order(number: u32) -> Result<String, Failure> {
//!     Ok(emit::child("email.receipt", &number)?.submit()?)
//! }
//!
//! let run = Job::default().run(order, "17");
//! assert_eq!(run.children[0].job_type, "email.receipt");
//! assert_eq!(run.children[0].payload, b"17");
//! ```

mod error;

use std::time::Duration;

use serde::Serialize;

use crate::host::emit as host;

pub use error::Error;

/// A child, built step by step. A mistake in a part is told by [`submit`](Child::submit).
#[must_use = "a child that is not submitted is no job"]
pub struct Child(host::Child);

/// A child of this type with this payload, as JSON. A value that cannot be JSON is [`Error::Invalid`].
pub fn child(job_type: &str, payload: &impl Serialize) -> Result<Child, Error> {
    let bytes = serde_json::to_vec(payload)
        .map_err(|error| Error::Invalid(format!("the payload does not encode: {error}")))?;
    Ok(child_of_bytes(job_type, bytes))
}

/// A child of this type with these bytes as its payload.
pub fn child_of_bytes(job_type: &str, payload: impl AsRef<[u8]>) -> Child {
    Child(host::Child::new(job_type, payload.as_ref()))
}

impl Child {
    /// Makes the child's id follow from this text instead of its number among the children of its type. Needed only
    /// if a repeated attempt may emit other children, or in another order.
    pub fn key(self, key: &str) -> Self {
        self.0.key(key);
        self
    }

    /// Runs it not before this time, in whole milliseconds, after this job completed.
    pub fn delay(self, delay: Duration) -> Self {
        self.0.delay_ms(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Takes the child along. Answers the id it will have.
    #[allow(clippy::useless_conversion, reason = "natively the stand-in answers this crate's own error")]
    pub fn submit(self) -> Result<String, Error> {
        host::submit(self.0).map_err(Error::from)
    }
}

#[cfg(test)]
mod tests;
