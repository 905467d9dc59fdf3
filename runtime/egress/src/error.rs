//! Why a call came to nothing. Sentences for the handler's author; no secret stands in them.

use std::fmt;
use std::time::Duration;

use crate::allow_list::Denied;
use crate::allowance::Spent;
use crate::origin::InvalidUrl;

/// Why a call came to nothing. Never holds a header's text, a body, a path or a query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// No rule grants it, or every address of the host is out of bounds. Nothing was sent.
    #[error("this call is not allowed: {reason}")]
    Denied { reason: String },
    /// The request itself is wrong. Nothing was sent.
    #[error("this request cannot be sent: {reason}")]
    Invalid { reason: String },
    /// The time is over. The server may have seen the request.
    #[error("there was no complete response within {} ms", after.as_millis())]
    Timeout { after: Duration },
    /// Name, connection, TLS or protocol failed. The server may have seen the request.
    #[error("the call failed: {reason}")]
    Failed { reason: String },
    /// Something is over its limit; a response is not read beyond it.
    #[error("{part} may have at most {limit} bytes")]
    TooLarge { part: Part, limit: u64 },
    /// The attempt has spent its calls or bytes.
    #[error(transparent)]
    Spent(#[from] Spent),
}

/// What was too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Url,
    RequestHeaders {
        /// How many fields it may have.
        fields_max: usize,
    },
    RequestBody,
    ResponseHeaders {
        /// How many fields it may have.
        fields_max: usize,
    },
    ResponseBody,
}

impl EgressError {
    pub(crate) fn invalid(reason: impl Into<String>) -> Self {
        Self::Invalid { reason: reason.into() }
    }

    pub(crate) fn denied(reason: impl Into<String>) -> Self {
        Self::Denied { reason: reason.into() }
    }

    pub(crate) fn failed(reason: impl Into<String>) -> Self {
        Self::Failed { reason: reason.into() }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url => out.write_str("the URL"),
            Self::RequestHeaders { fields_max } => {
                write!(out, "the header of the request, in no more than {fields_max} fields,")
            }
            Self::RequestBody => out.write_str("the body of the request"),
            Self::ResponseHeaders { fields_max } => {
                write!(out, "the header of the response, in no more than {fields_max} fields,")
            }
            Self::ResponseBody => out.write_str("the body of the response"),
        }
    }
}

impl From<Denied> for EgressError {
    fn from(denied: Denied) -> Self {
        Self::denied(denied.to_string())
    }
}

impl From<InvalidUrl> for EgressError {
    fn from(invalid: InvalidUrl) -> Self {
        Self::invalid(invalid.to_string())
    }
}
