//! The address of a Redis. It may hold a password, which is never shown.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// An address with, perhaps, a password in it. Shows itself with the password masked, also in debug output and as
/// configuration; [`QueueUrl::reveal`] gives the whole.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct QueueUrl(String);

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
