//! The names users choose: job types, queues, module tags; and the digest that names a module's bytes.
//! Each is checked once, where it enters, and can be trusted afterwards.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The longest accepted job type, queue or module name, in bytes. Kafka's limit for a topic is 249 and ours
/// carries the name with a prefix and a generation.
const NAME_BYTES_MAX: usize = 128;

/// The name of a job type, such as `email.welcome`: letters, digits, dots and dashes. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Arc<str>", into = "Arc<str>")]
pub struct JobType(Arc<str>);

/// The name of a queue, such as `mail`: letters, digits, dots and dashes. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Arc<str>", into = "Arc<str>")]
pub struct QueueName(Arc<str>);

/// A module's tag, `name@version`, such as `welcome@1.4.2`. Points to one digest for ever.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Arc<str>", into = "Arc<str>")]
pub struct ModuleTag(Arc<str>);

/// The SHA-256 of a module's bytes: what a revision holds, and the module's file name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModuleDigest([u8; 32]);

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    #[error("a {what} must not be empty")]
    Empty { what: &'static str },
    #[error("the {what} `{name}` is {bytes} bytes long; at most {NAME_BYTES_MAX} are allowed")]
    TooLong { what: &'static str, name: String, bytes: usize },
    #[error("the {what} `{name}` contains `{found}`; only letters, digits, dots and dashes are allowed")]
    Character { what: &'static str, name: String, found: char },
    #[error("the {what} `{name}` must begin and end with a letter or a digit")]
    Edge { what: &'static str, name: String },
    #[error("`{name}` is not a module tag; write name@version, for instance welcome@1.4.2")]
    Tag { name: String },
    #[error("`{text}` is not a module digest; write 64 hexadecimal digits")]
    Digest { text: String },
}

impl ModuleDigest {
    /// The digest of `bytes`. Cost: one pass over them.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl ModuleTag {
    /// The part before the `@`.
    pub fn name(&self) -> &str {
        self.0.split_once('@').map_or(&*self.0, |(name, _)| name)
    }

    /// The part after the `@`.
    pub fn version(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, version)| version)
    }
}

fn check(what: &'static str, name: &str) -> Result<(), InvalidName> {
    let edge_ok = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if name.is_empty() {
        return Err(InvalidName::Empty { what });
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(InvalidName::TooLong { what, name: name.into(), bytes: name.len() });
    }
    if let Some(found) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))) {
        return Err(InvalidName::Character { what, name: name.into(), found });
    }
    if !edge_ok(name.chars().next()) || !edge_ok(name.chars().next_back()) {
        return Err(InvalidName::Edge { what, name: name.into() });
    }
    Ok(())
}

impl TryFrom<Arc<str>> for JobType {
    type Error = InvalidName;
    fn try_from(name: Arc<str>) -> Result<Self, InvalidName> {
        check("job type", &name)?;
        Ok(Self(name))
    }
}

impl TryFrom<Arc<str>> for QueueName {
    type Error = InvalidName;
    fn try_from(name: Arc<str>) -> Result<Self, InvalidName> {
        check("queue", &name)?;
        Ok(Self(name))
    }
}

impl TryFrom<Arc<str>> for ModuleTag {
    type Error = InvalidName;
    fn try_from(tag: Arc<str>) -> Result<Self, InvalidName> {
        let (name, version) =
            tag.split_once('@').ok_or_else(|| InvalidName::Tag { name: tag.to_string() })?;
        check("module name", name)?;
        check("module version", version)?;
        Ok(Self(tag))
    }
}

impl TryFrom<String> for ModuleDigest {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        let mut bytes = [0; 32];
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(InvalidName::Digest { text });
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let parsed = std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
            match parsed {
                Some(value) if pair.iter().all(u8::is_ascii_hexdigit) => *byte = value,
                _ => return Err(InvalidName::Digest { text }),
            }
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for ModuleDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ModuleDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{self}")
    }
}

impl From<ModuleDigest> for String {
    fn from(digest: ModuleDigest) -> Self {
        digest.to_string()
    }
}

impl FromStr for ModuleDigest {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        text.to_owned().try_into()
    }
}

macro_rules! text_of_a_name {
    ($($name:ident),*) => {$(
        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for Arc<str> {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Arc::<str>::from(text).try_into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    )*};
}

text_of_a_name!(JobType, QueueName, ModuleTag);

#[cfg(test)]
mod tests;
