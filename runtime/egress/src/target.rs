//! Where one request goes: its URL, parsed once; what is judged is what is connected to.

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::origin::{InvalidUrl, Origin, origin_of, plain_authority};

#[cfg(test)]
mod tests;

/// A URL with the scheme `http` or `https`, normalised as in the URL standard. Its fragment is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    origin: Origin,
    /// Begins with `/`; percent-encoded.
    path_and_query: String,
}

impl Target {
    /// Refuses what parsers are known to read differently: user-info, white space, control characters, backslashes,
    /// percent-encoded hosts. IPv4 in decimal, octal or hexadecimal comes out as the address it is.
    pub fn parse(text: &str) -> Result<Self, InvalidUrl> {
        plain_authority(text)?;
        let url =
            Url::parse(text).map_err(|reason| InvalidUrl(format!("the URL cannot be read: {reason}")))?;
        let origin = origin_of(&url)?;
        let path_and_query = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        Ok(Self { origin, path_and_query })
    }

    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Path and query, percent-encoded. May hold secrets.
    pub fn path_and_query(&self) -> &str {
        &self.path_and_query
    }
}

impl FromStr for Target {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        Self::parse(text)
    }
}

impl fmt::Debug for Target {
    /// Only the origin: paths and queries may hold secrets.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Target({}/…)", self.origin)
    }
}
