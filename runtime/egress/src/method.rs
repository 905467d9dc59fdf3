//! The methods that a handler may use, one by one and as a set.

use std::fmt;
use std::str::FromStr;

/// A method of RFC 9110 or RFC 5789. `CONNECT` (a tunnel past every check) and `TRACE` (it echoes headers) are not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
}

/// A set of methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Methods(u8);

impl Method {
    pub const ALL: [Self; 7] =
        [Self::Get, Self::Head, Self::Post, Self::Put, Self::Patch, Self::Delete, Self::Options];

    /// The method as it stands on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Method {
    type Err = String;

    /// Methods are case-sensitive (RFC 9110, 9.1): `get` is none.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|method| method.as_str() == text).ok_or_else(|| {
            format!(
                "{text:.20?} is not a method that may be used; they are GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS"
            )
        })
    }
}

impl Methods {
    pub(crate) const ALL: Self = Self((1 << Method::ALL.len()) - 1);
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn contains(self, method: Method) -> bool {
        self.0 & Self::bit(method) != 0
    }

    pub(crate) fn with(self, method: Method) -> Self {
        Self(self.0 | Self::bit(method))
    }

    fn bit(method: Method) -> u8 {
        1 << method as u8
    }
}

impl fmt::Display for Methods {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for method in Method::ALL.into_iter().filter(|method| self.contains(*method)) {
            write!(out, "{separator}{method}")?;
            separator = ",";
        }
        Ok(())
    }
}
