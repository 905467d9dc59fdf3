//! What goes out and what comes back. `Debug` shows neither bodies nor the text of headers.

use std::fmt;

use bytes::Bytes;

/// A request of a handler. Nothing in it is trusted.
#[derive(Clone)]
pub struct Request {
    /// `GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE` or `OPTIONS`.
    pub method: String,
    pub url: String,
    /// In order; a name may come more than once. Those that belong to the connection are refused.
    pub headers: Vec<(String, HeaderText)>,
    pub body: Bytes,
}

/// A response, whole. Its body is as it came: nothing is decompressed.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// 200 to 599; a redirect (3xx) is a response as any other.
    pub status: u16,
    /// Names in lower case. Without those that belong to the connection.
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Bytes,
}

/// What stands in a header. A secret one is not shown by `Debug`, and not kept in tables of HTTP/2's header compression.
#[derive(Clone, PartialEq, Eq)]
pub struct HeaderText {
    bytes: Bytes,
    secret: bool,
}

impl HeaderText {
    pub fn plain(text: impl Into<Vec<u8>>) -> Self {
        Self { bytes: Bytes::from(text.into()), secret: false }
    }

    pub fn secret(text: impl Into<Vec<u8>>) -> Self {
        Self { bytes: Bytes::from(text.into()), secret: true }
    }

    pub fn is_secret(&self) -> bool {
        self.secret
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl fmt::Debug for HeaderText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.secret { out.write_str("(secret)") } else { fmt::Debug::fmt(&self.bytes, out) }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        let url = self.url.split(['?', '#']).next().unwrap_or_default();
        let shown = if url.contains('@') { "(with user-info)" } else { url };
        out.debug_struct("Request")
            .field("method", &self.method)
            .field("url_without_query", &shown)
            .field("headers", &names)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        out.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &names)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}
