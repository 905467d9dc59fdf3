//! Why a child job was not taken along, and what that means for this one.

use std::fmt;

use crate::Failure;

/// Why a child was not taken along.
///
/// Like [`Failure`] it is no `std::error::Error`: `?` turns it into the failure that fits, not always into a retry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The route's `grants.emit` does not allow this type. Becomes a reject.
    Denied(String),
    /// The child is no valid one: an unknown type, a payload that is too large, a key twice. Becomes a reject.
    Invalid(String),
    /// More children, or more bytes of them, than one attempt may emit. Becomes a reject.
    TooMany(String),
    /// Something that is none of the above. Becomes a retry.
    Other(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(why) => write!(f, "the child is not allowed: {why}"),
            Self::Invalid(why) => write!(f, "the child is not valid: {why}"),
            Self::TooMany(why) => write!(f, "too many children: {why}"),
            Self::Other(why) => f.write_str(why),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied(_) | Error::Invalid(_) | Error::TooMany(_) => Self::reject(error),
            Error::Other(_) => Self::retry(error),
        }
    }
}

#[cfg(target_arch = "wasm32")]
impl From<crate::host::emit::Error> for Error {
    fn from(error: crate::host::emit::Error) -> Self {
        use crate::host::emit::Error as Host;
        match error {
            Host::Denied(why) => Self::Denied(why),
            Host::Invalid(why) => Self::Invalid(why),
            Host::TooMany(why) => Self::TooMany(why),
            Host::Other(why) => Self::Other(why),
        }
    }
}
