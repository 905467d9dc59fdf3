//! Scheme, host and port: what rules grant, and what connections are opened to.

use std::fmt;
use std::net::IpAddr;

use url::Url;

/// Where a request goes: scheme, host and port, normalised.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    pub(crate) scheme: Scheme,
    pub(crate) host: Host,
    pub(crate) port: u16,
}

/// Without or with TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    Http,
    Https,
}

/// A host in the one form in which hosts are compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// Lower case, in Punycode, without the dot at the end.
    Name(String),
    /// An address that was written as one.
    Address(IpAddr),
}

/// Why a text is no URL that a request may go to. Says nothing of what stands in the URL beyond its host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidUrl(pub(crate) String);

impl Origin {
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub fn host(&self) -> &Host {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and port as they stand in the `Host` header: the scheme's own port is left out.
    pub(crate) fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl Scheme {
    /// The scheme as it begins a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// 80 or 443 (RFC 9110, 4.2).
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}", self.scheme.as_str(), self.authority())
    }
}

impl fmt::Display for Host {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => out.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(out, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(out, "[{address}]"),
        }
    }
}

/// The authority of a URL as it is written, after everything in which parsers are known to differ has been refused:
/// white space and control characters (which the URL standard drops in silence), backslashes (which it reads as
/// slashes), user-info, and a host in percent-encoding.
pub(crate) fn plain_authority(text: &str) -> Result<&str, InvalidUrl> {
    let refuse = |reason: &str| Err(InvalidUrl(reason.to_owned()));
    if text
        .contains(|character: char| character.is_control() || character.is_whitespace() || character == '\\')
    {
        return refuse("a URL has no space, no control character and no backslash; percent-encode them");
    }
    let Some(rest) = after_scheme(text, "http://").or_else(|| after_scheme(text, "https://")) else {
        return refuse("a URL begins with `http://` or `https://`");
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return refuse("a URL has no user and no password before its host; send a header `authorization`");
    }
    if authority.contains('%') {
        return refuse("the host of a URL is not percent-encoded");
    }
    if authority.is_empty() {
        return refuse("the URL names no host");
    }
    Ok(authority)
}

/// The origin of a URL that `plain_authority` has passed.
pub(crate) fn origin_of(url: &Url) -> Result<Origin, InvalidUrl> {
    let scheme = match url.scheme() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => return Err(InvalidUrl("a URL begins with `http://` or `https://`".into())),
    };
    let host = match url.host() {
        Some(url::Host::Domain(name)) => Host::Name(plain_name(name)?),
        Some(url::Host::Ipv4(address)) => Host::Address(address.into()),
        Some(url::Host::Ipv6(address)) => Host::Address(address.into()),
        None => return Err(InvalidUrl("the URL names no host".into())),
    };
    match url.port_or_known_default() {
        Some(port) if port > 0 => Ok(Origin { scheme, host, port }),
        _ => Err(InvalidUrl("the port of a URL lies between 1 and 65535".into())),
    }
}

/// A name in the form in which names are compared. Lengths as in RFC 1035, 2.3.4.
fn plain_name(name: &str) -> Result<String, InvalidUrl> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let good_label = |label: &str| {
        let known =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        (1..=63).contains(&label.len()) && label.bytes().all(known)
    };
    if name.len() > 253 || !name.split('.').all(good_label) {
        let reason =
            "a host name is made of labels of 1 to 63 letters, digits, `-` and `_`, at most 253 in all";
        return Err(InvalidUrl(reason.into()));
    }
    Ok(name.to_owned())
}

fn after_scheme<'t>(text: &'t str, scheme: &str) -> Option<&'t str> {
    let start = text.get(..scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
}
