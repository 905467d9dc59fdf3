//! Why a call to an HTTP service gave no response, and what that means for the job.

use std::fmt;

use crate::Failure;

/// Why there is no response, or not the one that was wanted.
///
/// Like [`Failure`] it is no `std::error::Error`: `?` turns it into the failure that fits, not always into a retry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The route does not allow it, or the address is one that no handler may reach. Nothing was sent. Becomes a reject.
    Denied(String),
    /// The request is no valid one. Nothing was sent. Becomes a reject.
    Invalid(String),
    /// No answer in time. The service may have acted on the request. Becomes a retry.
    Timeout(String),
    /// The service could not be reached or spoke no HTTP. It may have acted on the request. Becomes a retry.
    Failed(String),
    /// The answer is larger than the route allows. The service has acted on the request. Becomes a reject.
    TooLarge(String),
    /// Something that is none of the above, such as a body that does not decode. Becomes a retry.
    Other(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(why) => write!(f, "the request is not allowed: {why}"),
            Self::Invalid(why) => write!(f, "the request is not valid: {why}"),
            Self::Timeout(why) => write!(f, "no answer in time: {why}"),
            Self::Failed(why) => write!(f, "the request failed: {why}"),
            Self::TooLarge(why) => write!(f, "the answer is too large: {why}"),
            Self::Other(why) => f.write_str(why),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied(_) | Error::Invalid(_) | Error::TooLarge(_) => Self::reject(error),
            Error::Timeout(_) | Error::Failed(_) | Error::Other(_) => Self::retry(error),
        }
    }
}

#[cfg(target_arch = "wasm32")]
impl From<crate::host::http::Error> for Error {
    fn from(error: crate::host::http::Error) -> Self {
        use crate::host::http::Error as Host;
        match error {
            Host::Denied(why) => Self::Denied(why),
            Host::Invalid(why) => Self::Invalid(why),
            Host::Timeout(why) => Self::Timeout(why),
            Host::Failed(why) => Self::Failed(why),
            Host::TooLarge(why) => Self::TooLarge(why),
            Host::Other(why) => Self::Other(why),
        }
    }
}
