//! The addresses of the Redis servers of a queue. They may hold passwords, which are never shown.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An address with, perhaps, a password in it. Shows itself with the password masked, also in debug output and as
/// configuration; [`QueueUrl::reveal`] gives the whole.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct QueueUrl(String);

/// One address or several, in an order that is the same for every process. Written as a text, with commas between them, or
/// as a list of texts.
#[derive(Clone, PartialEq, Eq)]
pub struct QueueUrls(Vec<QueueUrl>);

/// What stands for a password.
const MASK: &str = "***";
/// The schemes that the queue can speak; there is no TLS yet.
const SCHEMES: [&str; 3] = ["redis://", "unix://", "redis+unix://"];
/// Of a socket's address, the parameters with the password.
const SECRET_PARAMETERS: [&str; 2] = ["pass", "password"];

impl QueueUrl {
    /// The whole address, with its password: for connecting, not for showing.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is wrong with it, without repeating it.
    pub(super) fn wrong(&self) -> Option<&'static str> {
        match self.0.as_str() {
            "" => Some("is empty; write redis://HOST:PORT"),
            url if url.starts_with("rediss://") => {
                Some("begins with rediss://, and TLS is not built yet; write redis://HOST:PORT")
            }
            url if SCHEMES.iter().any(|scheme| url.starts_with(scheme)) => None,
            _ => Some("must begin with redis:// or unix://, such as redis://127.0.0.1:6379"),
        }
    }
}

impl QueueUrls {
    /// The addresses, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &QueueUrl> {
        self.0.iter()
    }

    /// What is wrong with one of them, without repeating it.
    pub(super) fn wrong(&self) -> Option<&'static str> {
        if self.0.is_empty() {
            return Some("is empty; write redis://HOST:PORT");
        }
        self.0.iter().find_map(QueueUrl::wrong)
    }
}

impl From<&str> for QueueUrls {
    /// Cut at the commas behind which another address begins: a password may hold some.
    fn from(text: &str) -> Self {
        let mut urls: Vec<String> = Vec::new();
        for piece in text.split(',') {
            let begins = SCHEMES.iter().any(|scheme| piece.trim_start().starts_with(scheme));
            match urls.last_mut() {
                Some(last) if !begins => {
                    last.push(',');
                    last.push_str(piece);
                }
                _ => urls.push(piece.to_owned()),
            }
        }
        Self(urls.iter().map(|url| QueueUrl::from(url.trim())).collect())
    }
}

impl Default for QueueUrls {
    fn default() -> Self {
        Self(vec![QueueUrl::default()])
    }
}

impl<'de> Deserialize<'de> for QueueUrls {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Urls)
    }
}

/// Reads them.
struct Urls;

impl<'de> Visitor<'de> for Urls {
    type Value = QueueUrls;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address, or a list of addresses")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<QueueUrls, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<QueueUrls, A::Error> {
        let mut urls = Vec::new();
        while let Some(url) = list.next_element()? {
            urls.push(url);
        }
        Ok(QueueUrls(urls))
    }
}

impl Serialize for QueueUrls {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0[..] {
            [one] => one.serialize(to),
            several => several.serialize(to),
        }
    }
}

impl fmt::Display for QueueUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, url) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{url}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for QueueUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QueueUrls({self})")
    }
}

impl From<&str> for QueueUrl {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl Default for QueueUrl {
    fn default() -> Self {
        Self("redis://127.0.0.1:6379".into())
    }
}

impl fmt::Display for QueueUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            // Who knows what that is; it may all be secret.
            return f.write_str(if self.0.is_empty() { "" } else { MASK });
        };
        write!(f, "{scheme}://")?;
        // The last one: an `@` that stands in the password by mistake is masked with it.
        let (user, place) = rest.rsplit_once('@').map_or((None, rest), |(user, place)| (Some(user), place));
        if let Some(user) = user {
            match user.split_once(':') {
                Some((name, _)) => write!(f, "{name}:{MASK}@")?,
                None => write!(f, "{user}@")?,
            }
        }
        let Some((path, parameters)) = place.split_once('?') else { return f.write_str(place) };
        write!(f, "{path}?")?;
        for (index, parameter) in parameters.split('&').enumerate() {
            let separator = if index == 0 { "" } else { "&" };
            match parameter.split_once('=') {
                Some((name, _)) if SECRET_PARAMETERS.contains(&name) => {
                    write!(f, "{separator}{name}={MASK}")?;
                }
                _ => write!(f, "{separator}{parameter}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for QueueUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QueueUrl({self})")
    }
}

impl Serialize for QueueUrl {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(test)]
mod tests;
