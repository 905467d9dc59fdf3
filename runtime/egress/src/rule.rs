//! One rule of a list: which methods may go to which scheme, host and port. Parsed from the routing table's text.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use url::Url;

use crate::address::{AddressKind, Reach};
use crate::method::{Method, Methods};
use crate::origin::{Host, Origin, Scheme, origin_of, plain_authority};

#[cfg(test)]
mod tests;

/// `[METHOD,METHOD ]scheme://host[:port][ private]`.
///
/// There are no paths: what `/a/%2e%2e/b`, `//b` or `/b;x` means is decided by the server, so a rule about paths would
/// promise what nobody here can hold. `Display` writes the shortest form, which parses to the same rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rule {
    methods: Methods,
    scheme: Scheme,
    host: HostPattern,
    port: u16,
    private: bool,
}

/// Which hosts a rule means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// This name alone.
    Name(String),
    /// Every name that has one or more labels before `.` and this name; not the name itself. In text: `*.example.com`.
    Below(String),
    /// This address, written as an address.
    Address(IpAddr),
}

/// A text that is no rule, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{rule}` is not a rule for outgoing HTTP: {reason}")]
pub struct RuleError {
    /// The text as far as it can be shown: shortened, escaped, and without user-info.
    pub rule: String,
    pub reason: String,
}

impl Rule {
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub fn host(&self) -> &HostPattern {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn allows(&self, method: Method) -> bool {
        self.methods.contains(method)
    }

    /// Which addresses a connection under this rule may go to.
    pub fn reach(&self) -> Reach {
        match self.host {
            HostPattern::Address(_) => Reach::Literal,
            _ if self.private => Reach::Private,
            _ => Reach::Public,
        }
    }

    /// Whether scheme, host and port are those of this rule.
    pub fn covers(&self, origin: &Origin) -> bool {
        self.scheme == origin.scheme && self.port == origin.port && self.host.covers(&origin.host)
    }
}

impl HostPattern {
    /// A name never covers an address, and an address never a name.
    pub fn covers(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Name(name), Host::Name(host)) => name == host,
            (Self::Below(suffix), Host::Name(host)) => host
                .strip_suffix(suffix.as_str())
                .is_some_and(|labels| labels.len() > 1 && labels.ends_with('.')),
            (Self::Address(address), Host::Address(host)) => address == host,
            _ => false,
        }
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        parse(text).map_err(|reason| RuleError { rule: shown(text), reason })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.methods != Methods::ALL {
            write!(out, "{} ", self.methods)?;
        }
        write!(out, "{}://{}", self.scheme.as_str(), self.host)?;
        if self.port != self.scheme.default_port() {
            write!(out, ":{}", self.port)?;
        }
        if self.private { out.write_str(" private") } else { Ok(()) }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => out.write_str(name),
            Self::Below(suffix) => write!(out, "*.{suffix}"),
            Self::Address(address) => write!(out, "{}", Host::Address(*address)),
        }
    }
}

fn parse(text: &str) -> Result<Rule, String> {
    let words: Vec<&str> = text.split(' ').collect();
    let (methods, origin, private) = match words[..] {
        [origin] => (Methods::ALL, origin, false),
        [origin, "private"] => (Methods::ALL, origin, true),
        [methods, origin] => (parse_methods(methods)?, origin, false),
        [methods, origin, "private"] => (parse_methods(methods)?, origin, true),
        _ => return Err(
            "write it as `POST,PUT https://api.example.com:8443 private`, where only the URL must be there"
                .into(),
        ),
    };
    let (scheme, host, port) = parse_origin(origin)?;
    match &host {
        HostPattern::Address(_) if private => {
            return Err("an address needs no `private`: it is named already".into());
        }
        HostPattern::Address(address) => refuse_address(*address)?,
        HostPattern::Name(name) | HostPattern::Below(name) => refuse_name(name)?,
    }
    Ok(Rule { methods, scheme, host, port, private })
}

fn parse_methods(text: &str) -> Result<Methods, String> {
    let mut methods = Methods::NONE;
    for name in text.split(',') {
        methods = methods.with(name.parse()?);
    }
    Ok(methods)
}

fn parse_origin(text: &str) -> Result<(Scheme, HostPattern, u16), String> {
    let authority = plain_authority(text).map_err(|invalid| invalid.0)?;
    let (before, rest) = text.split_once("://").unwrap_or(("", text));
    if rest.len() > authority.len() {
        return Err("a rule has no path, no query and no fragment: end it after host and port".into());
    }
    if authority.ends_with(':') {
        return Err("the port is missing after the colon".into());
    }
    let below = authority.strip_prefix("*.");
    let plain = below.unwrap_or(authority);
    if plain.contains('*') {
        return Err("`*` stands only for the labels before a name, as in `https://*.example.com`".into());
    }
    let url = Url::parse(&format!("{before}://{plain}"))
        .map_err(|reason| format!("it cannot be read: {reason}"))?;
    let Origin { scheme, host, port } = origin_of(&url).map_err(|invalid| invalid.0)?;
    let host = match (host, below) {
        (Host::Name(name), None) => HostPattern::Name(name),
        (Host::Name(name), Some(_)) if name.contains('.') => HostPattern::Below(name),
        (Host::Name(name), Some(_)) => {
            return Err(format!("`*.{name}` is too wide: name at least two labels"));
        }
        (Host::Address(_), Some(_)) => {
            return Err("`*` stands only before names, not before addresses".into());
        }
        (Host::Address(address), None) => {
            // `0x7f.1` and `2130706433` are refused here: who reads the rule must see the address.
            let plainly = Host::Address(address).to_string();
            if plain != plainly && !plain.starts_with(&format!("{plainly}:")) {
                return Err(format!("write the address as `{plainly}`"));
            }
            HostPattern::Address(address)
        }
    };
    Ok((scheme, host, port))
}

fn refuse_address(address: IpAddr) -> Result<(), String> {
    if let IpAddr::V6(wrapped) = address
        && let Some(plain) = wrapped.to_ipv4_mapped()
    {
        return Err(format!("write the address as `{plain}`"));
    }
    let kind = AddressKind::of(address);
    if kind.admits(Reach::Literal) {
        Ok(())
    } else {
        Err(format!("{address} is {kind}, which no rule can grant"))
    }
}

/// `localhost` and all below is this machine (RFC 6761, 6.3).
fn refuse_name(name: &str) -> Result<(), String> {
    if name == "localhost" || name.ends_with(".localhost") {
        return Err(
            "`localhost` is the worker's own machine: if that is meant, name `127.0.0.1` or `[::1]`".into()
        );
    }
    Ok(())
}

/// A bad rule as errors show it.
fn shown(text: &str) -> String {
    let without_user = match (text.find("://"), text.rfind('@')) {
        (Some(start), Some(at)) if start < at => format!("{}…{}", &text[..start + 3], &text[at..]),
        (None, Some(at)) => format!("…{}", &text[at..]),
        _ => text.to_owned(),
    };
    without_user.escape_debug().take(200).collect()
}
