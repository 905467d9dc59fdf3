//! What a service answered.

use std::fmt;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::Error;
use crate::Failure;
use crate::host::http as host;

/// What came back, whatever its status.
pub struct Response(pub(super) host::Response);

/// "Too Many Requests", the one client error besides [`REQUEST_TIMEOUT`] that time mends (RFC 6585, RFC 9110).
const TOO_MANY_REQUESTS: u16 = 429;
const REQUEST_TIMEOUT: u16 = 408;

impl Response {
    /// The status, such as 200.
    pub fn status(&self) -> u16 {
        self.0.status()
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status())
    }

    /// The first header of this name, in any case of letters.
    pub fn header(&self, name: &str) -> Option<String> {
        self.0.header(name)
    }

    /// All headers in the order they came, names in small letters.
    pub fn headers(&self) -> Vec<(String, String)> {
        self.0.headers()
    }

    /// The whole body. Each call copies it from the host.
    pub fn body(&self) -> Vec<u8> {
        self.0.body()
    }

    /// The body read as JSON. One that does not decode is [`Error::Other`], so a retry: services answer pages of HTML
    /// while they are in trouble. `.map_err(Failure::reject)` decides otherwise.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body())
            .map_err(|error| Error::Other(format!("the service's answer does not decode: {error}")))
    }

    /// The response if its status is 2xx, else the failure that fits: 5xx, 408 and 429 are retries, not before what
    /// `retry-after` says in seconds, and everything else is a reject.
    pub fn error_for_status(self) -> Result<Self, Failure> {
        let status = self.status();
        if self.is_success() {
            return Ok(self);
        }
        let message = format!("the service answered with status {status}");
        if status < 500 && status != REQUEST_TIMEOUT && status != TOO_MANY_REQUESTS {
            return Err(Failure::reject(message));
        }
        let seconds = self.header("retry-after").and_then(|text| text.trim().parse().ok());
        Err(match seconds {
            Some(seconds) => Failure::retry(message).after(Duration::from_secs(seconds)),
            None => Failure::retry(message),
        })
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status()).finish_non_exhaustive()
    }
}
