//! Who may call a mill, and what for: the name, the hash, the roles and the scope of a token that callers show. Not to be
//! confused with the token that fences a claim.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{JobType, TypePattern};

/// What a token may do. Roles are a set: none includes another, but for what two may both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Enqueue jobs, look at single ones, cancel them.
    Enqueue,
    /// Upload modules and delete them, change the routing table, look at both.
    Deploy,
    /// Dead letters, lists and cancelling of jobs, the queue's check, tokens, and all that may be read.
    Operate,
    /// Look at counts, lists, the routing table and its history, modules, metrics.
    Read,
}

/// Roles, at least one.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Role>", into = "Vec<Role>")]
pub struct Roles(u8);

/// The job types that a token is for. Everything, or what its patterns name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<TypePattern>", into = "Vec<TypePattern>")]
pub struct Scope(
    /// None: everything.
    Vec<TypePattern>,
);

/// A token's name: 1 to 64 letters, digits, dots and dashes. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Arc<str>", into = "Arc<str>")]
pub struct TokenName(Arc<str>);

/// The SHA-256 of a token's whole text. A fast hash is enough: tokens are random, at least 160 bits of them, so there
/// is no list of likely ones to try, against which slow hashes protect passwords.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenHash(pub [u8; 32]);

/// What is wrong with a token. Does not repeat a value that may be the token itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    #[error("the name of a token must be 1 to 64 letters, digits, dots or dashes")]
    Name,
    #[error("there is no such role; roles are enqueue, deploy, operate and read")]
    Role,
    #[error("a token without a role is of no use; give it enqueue, deploy, operate or read")]
    NoRole,
    #[error("a token for no job type is of no use; leave the types out, and it is for all")]
    NoType,
    #[error("the hash of a token is 64 hexadecimal digits")]
    Hash,
}

const NAME_BYTES_MAX: usize = 64;

impl Role {
    pub const ALL: [Self; 4] = [Self::Enqueue, Self::Deploy, Self::Operate, Self::Read];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enqueue => "enqueue",
            Self::Deploy => "deploy",
            Self::Operate => "operate",
            Self::Read => "read",
        }
    }
}

impl Roles {
    /// Every role.
    pub const ALL: Self = Self::of(&Role::ALL);

    /// These. To be called with at least one: roles of nobody open nothing.
    pub const fn of(roles: &[Role]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < roles.len() {
            bits |= 1 << roles[at] as u8;
            at += 1;
        }
        Self(bits)
    }

    pub fn contain(self, role: Role) -> bool {
        self.0 & (1 << role as u8) != 0
    }

    /// Whether one of them is among the others.
    pub fn meet(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// Whether all of the others are among them.
    pub fn include(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.contain(*role))
    }
}

impl Scope {
    /// Everything.
    pub const WHOLE: Self = Self(Vec::new());

    /// Whether it is everything, also what is of no job type, or of all.
    pub fn is_whole(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this job type is in it.
    pub fn covers(&self, job_type: &JobType) -> bool {
        self.covers_text(job_type.as_str())
    }

    /// The same for a text that may name no type at all. Cost: a comparison per pattern.
    pub fn covers_text(&self, job_type: &str) -> bool {
        self.is_whole() || self.0.iter().any(|pattern| pattern.covers_text(job_type))
    }

    /// As it is written: `*` for everything.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        let whole = self.is_whole().then_some("*");
        whole.into_iter().chain(self.0.iter().map(TypePattern::as_str))
    }
}

impl TokenName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TokenHash {
    /// The hash of a token's whole text.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }
}

impl FromStr for Role {
    type Err = InvalidToken;
    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(InvalidToken::Role)
    }
}

impl TryFrom<Vec<Role>> for Roles {
    type Error = InvalidToken;
    fn try_from(roles: Vec<Role>) -> Result<Self, InvalidToken> {
        if roles.is_empty() { Err(InvalidToken::NoRole) } else { Ok(Self::of(&roles)) }
    }
}

impl From<Roles> for Vec<Role> {
    fn from(roles: Roles) -> Self {
        roles.iter().collect()
    }
}

impl TryFrom<Vec<TypePattern>> for Scope {
    type Error = InvalidToken;
    fn try_from(patterns: Vec<TypePattern>) -> Result<Self, InvalidToken> {
        if patterns.is_empty() {
            return Err(InvalidToken::NoType);
        }
        Ok(if patterns.iter().any(|pattern| pattern.as_str() == "*") { Self::WHOLE } else { Self(patterns) })
    }
}

impl From<Scope> for Vec<TypePattern> {
    fn from(scope: Scope) -> Self {
        if scope.is_whole() { vec![TypePattern::all()] } else { scope.0 }
    }
}

impl TryFrom<Arc<str>> for TokenName {
    type Error = InvalidToken;
    fn try_from(name: Arc<str>) -> Result<Self, InvalidToken> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        let fits = (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain);
        if fits { Ok(Self(name)) } else { Err(InvalidToken::Name) }
    }
}

impl FromStr for TokenName {
    type Err = InvalidToken;
    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        Arc::<str>::from(text).try_into()
    }
}

impl From<TokenName> for Arc<str> {
    fn from(name: TokenName) -> Self {
        name.0
    }
}

impl TryFrom<String> for TokenHash {
    type Error = InvalidToken;
    fn try_from(text: String) -> Result<Self, InvalidToken> {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return Err(InvalidToken::Hash);
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else {
                return Err(InvalidToken::Hash);
            };
            *byte = high << 4 | low;
        }
        Ok(Self(bytes))
    }
}

impl From<TokenHash> for String {
    fn from(hash: TokenHash) -> Self {
        hash.to_string()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, self.iter().map(Role::as_str))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, self.patterns())
    }
}

fn list<'t>(f: &mut fmt::Formatter<'_>, texts: impl Iterator<Item = &'t str>) -> fmt::Result {
    texts.enumerate().try_for_each(|(at, text)| write!(f, "{}{text}", if at == 0 { "" } else { ", " }))
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl fmt::Display for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests;
