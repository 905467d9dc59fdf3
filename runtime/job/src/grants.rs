//! What a job type's handlers may reach beyond their job: the `grants` of its route. Nothing is granted by default.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Import, InvalidName, JobType};

/// The rights of one job type. As they stand in the routing table: checked for their form, not yet for what they name.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Grants {
    /// Where HTTP calls may go: one rule an entry, in the words of `wasmill-egress`.
    pub http: Vec<String>,
    /// The secrets it may have; their values are the worker's.
    pub secrets: BTreeSet<SecretName>,
    /// Its settings.
    pub config: BTreeMap<String, String>,
    /// The job types it may emit children of.
    pub emit: Vec<TypePattern>,
    /// The time of day. Without it, what a toolchain's library reads as the time stands still at the job's acceptance.
    pub clock: bool,
    /// Random numbers. Without them, what a toolchain's library draws follows from the job's id.
    pub random: bool,
}

/// The name of a secret: what an environment variable could be called. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Arc<str>", into = "Arc<str>")]
pub struct SecretName(Arc<str>);

/// Job types by name: one of them, `email.*` for all that begin with `email.`, or `*` for all. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Arc<str>", into = "Arc<str>")]
pub struct TypePattern(Arc<str>);

/// Why a name in a grant was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGrant {
    #[error(
        "`{0}` is no name of a secret; write 1 to 64 letters, digits and underscores that do not begin with a digit, \
         such as SMTP_TOKEN"
    )]
    Secret(String),
    #[error("`{pattern}` names no job types; write one, such as email.welcome, or email.* or *: {reason}")]
    Types { pattern: String, reason: InvalidName },
}

const SECRET_NAME_BYTES_MAX: usize = 64;

impl Grants {
    /// Whether anything of this import is granted. `context` and `log` are every handler's.
    pub fn include(&self, import: Import) -> bool {
        match import {
            Import::Context | Import::Log | Import::Wasi => true,
            Import::Config => !self.config.is_empty(),
            Import::Secrets => !self.secrets.is_empty(),
            Import::Http => !self.http.is_empty(),
            Import::Emit => !self.emit.is_empty(),
            Import::Clock => self.clock,
            Import::Random => self.random,
        }
    }
}

impl TypePattern {
    /// Whether it names this job type.
    pub fn covers(&self, job_type: &JobType) -> bool {
        self.covers_text(job_type.as_str())
    }

    /// The same for a text that may name no job type at all.
    pub fn covers_text(&self, job_type: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => job_type.starts_with(beginning),
            None => job_type == &*self.0,
        }
    }

    /// The one that names all of them.
    pub fn all() -> Self {
        Self("*".into())
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SecretName {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<Arc<str>> for SecretName {
    type Error = InvalidGrant;
    fn try_from(name: Arc<str>) -> Result<Self, InvalidGrant> {
        let mut letters = name.chars();
        let begins = letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
        let goes_on = letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if begins && goes_on && name.len() <= SECRET_NAME_BYTES_MAX {
            Ok(Self(name))
        } else {
            Err(InvalidGrant::Secret(name.to_string()))
        }
    }
}

impl TryFrom<Arc<str>> for TypePattern {
    type Error = InvalidGrant;
    fn try_from(pattern: Arc<str>) -> Result<Self, InvalidGrant> {
        let named = match &*pattern {
            "*" => return Ok(Self(pattern)),
            other => other.strip_suffix(".*").unwrap_or(other),
        };
        match named.parse::<JobType>() {
            Ok(_) => Ok(Self(pattern)),
            Err(reason) => Err(InvalidGrant::Types { pattern: pattern.to_string(), reason }),
        }
    }
}

macro_rules! text {
    ($($name:ident),+) => {$(
        impl FromStr for $name {
            type Err = InvalidGrant;
            fn from_str(text: &str) -> Result<Self, InvalidGrant> {
                Arc::<str>::from(text).try_into()
            }
        }
        impl From<$name> for Arc<str> {
            fn from(name: $name) -> Self {
                name.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}
text!(SecretName, TypePattern);

#[cfg(test)]
mod tests;
