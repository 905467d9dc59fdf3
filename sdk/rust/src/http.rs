//! Calls to HTTP services, to the addresses that the job type is granted (`grants.http`). Bodies are whole, and
//! redirects are not followed: a response with status 3xx is a response.
//!
//! ```
//! use std::time::Duration;
//!
//! use serde::Deserialize;
//! use wasmill_sdk::{Failure, http, secrets, testing};
//!
//! #[derive(Deserialize)]
//! struct Rate { rate: f64 }
//!
//! fn convert(amount: f64) -> Result<f64, Failure> {
//!     let token = secrets::get("TOKEN")?;
//!     let Rate { rate } = http::get("https://rates.example/eur")
//!         .secret_header("authorization", "Bearer ", &token)
//!         .timeout(Duration::from_secs(2))
//!         .send()?
//!         .error_for_status()?
//!         .json()?;
//!     Ok(amount * rate)
//! }
//!
//! let service = testing::Http::closure(|request| {
//!     assert_eq!(request.header("authorization"), Some("Bearer t0p"));
//!     Ok(testing::Response::json(200, r#"{"rate": 1.5}"#))
//! });
//! let job = testing::Job { http: service, ..Default::default() }.with_secret("TOKEN", "t0p");
//! assert_eq!(job.run(convert, "2").result.unwrap(), b"3.0");
//! ```

mod error;
mod response;

use std::time::Duration;

use serde::Serialize;

use crate::host::http as host;
use crate::secrets::Secret;

pub use error::Error;
pub use response::Response;

/// A request, built step by step. A mistake in a part is told by [`send`](Request::send).
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    request: host::Request,
    /// Why the body could not be made.
    mistake: Option<String>,
}

/// A request with this method, in capitals, to an absolute address.
pub fn request(method: &str, url: impl AsRef<str>) -> Request {
    Request { request: host::Request::new(method, url.as_ref()), mistake: None }
}

/// A `GET` request.
pub fn get(url: impl AsRef<str>) -> Request {
    request("GET", url)
}

/// A `POST` request.
pub fn post(url: impl AsRef<str>) -> Request {
    request("POST", url)
}

/// A `PUT` request.
pub fn put(url: impl AsRef<str>) -> Request {
    request("PUT", url)
}

/// A `PATCH` request.
pub fn patch(url: impl AsRef<str>) -> Request {
    request("PATCH", url)
}

/// A `DELETE` request.
pub fn delete(url: impl AsRef<str>) -> Request {
    request("DELETE", url)
}

impl Request {
    /// Adds a header.
    pub fn header(self, name: &str, value: impl AsRef<str>) -> Self {
        self.request.header(name, value.as_ref());
        self
    }

    /// Adds a header whose value is `prefix` and then the secret, which the handler never sees.
    pub fn secret_header(self, name: &str, prefix: &str, value: &Secret) -> Self {
        self.request.secret_header(name, prefix, &value.0);
        self
    }

    /// Sets the body, as it is.
    pub fn body(self, bytes: impl AsRef<[u8]>) -> Self {
        self.request.body(bytes.as_ref());
        self
    }

    /// Sets the body to this value as JSON, and the header `content-type`.
    pub fn json(mut self, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => {
                self.request.header("content-type", "application/json");
                self.request.body(&bytes);
            }
            Err(error) => self.mistake = Some(format!("the body does not encode: {error}")),
        }
        self
    }

    /// Gives up after this time, in whole milliseconds; the attempt's own time limit holds as well. Default 30 s.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.request.timeout_ms(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Sends the request and waits for the whole response, whatever its status.
    #[allow(clippy::useless_conversion, reason = "natively the stand-in answers this crate's own error")]
    pub fn send(self) -> Result<Response, Error> {
        if let Some(mistake) = self.mistake {
            return Err(Error::Invalid(mistake));
        }
        host::send(self.request).map(Response).map_err(Error::from)
    }
}

#[cfg(test)]
mod tests;
