//! `[auth]`: who may call. Bearer tokens, each by the SHA-256 of its text: the file alone lets nobody in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::Refusal;

/// Who may call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// The bearer tokens that always open this process. Others may be made while it runs. Without any here it is open to
    /// whoever reaches it, and therefore listens on loopback addresses only. Default: none.
    pub tokens: Vec<TokenConfig>,
}

/// One token. `wasmill token new` makes one, and these lines with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct TokenConfig {
    /// Whose it is; stands in the log beside each request. No two tokens have one name.
    pub name: TokenName,
    /// What it may do. In files of before one word stands for them, `right`: `enqueue` for that role, `operate` for all.
    pub roles: BTreeSet<Role>,
    /// The job types that it is for, such as `email.welcome`, `email.*`, or `*` for all, as they stand in the file: whoever
    /// uses them reads them as patterns. Default: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// From then on it is refused. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Expiry>,
    /// The SHA-256 of its whole text, `wm_` included, as 64 hexadecimal digits.
    pub sha256: TokenHash,
}

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Enqueue jobs, look at single ones, cancel them.
    Enqueue,
    /// Modules and the routing table.
    Deploy,
    /// Dead letters, lists and cancelling of jobs, tokens, and all that may be read.
    Operate,
    /// Counts, lists, the routing table, modules, metrics.
    Read,
}

/// A moment, written as RFC 3339 in UTC: `2027-01-31T00:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub struct Expiry {
    /// In milliseconds since 1970.
    pub at_ms: u64,
}

/// A token's name: 1 to 64 letters, digits, dots and dashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct TokenName(String);

/// The SHA-256 of a token's text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub struct TokenHash(pub [u8; 32]);

/// What is wrong with a value of a token. Does not repeat the value: somebody may have put the token itself there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    #[error("must be 1 to 64 letters, digits, dots or dashes")]
    Name,
    #[error("must be \"enqueue\" or \"operate\"; `roles` can say more")]
    Right,
    #[error("must be a list of \"enqueue\", \"deploy\", \"operate\" and \"read\", with at least one of them")]
    Roles,
    #[error("must be a list of job types, such as [\"email.welcome\", \"billing.*\"]; leave it out for all")]
    Types,
    #[error("must be a moment in UTC, such as 2027-01-31T00:00:00Z")]
    Expires,
    #[error("must be 64 hexadecimal digits")]
    Hash,
    #[error(
        "is the token itself; put its SHA-256 there, and make a new token, because this one has been written down"
    )]
    Token,
}

/// What every token begins with, so that people and scanners know one when they see it.
pub const TOKEN_PREFIX: &str = "wm_";

impl AuthConfig {
    /// The rules that concern several tokens: which token breaks one, and how.
    pub(super) fn refusals(&self) -> Vec<(usize, Refusal)> {
        let mut names = BTreeMap::new();
        let mut hashes = BTreeMap::new();
        let mut refusals = Vec::new();
        for (index, token) in self.tokens.iter().enumerate() {
            let mut refuse = |message| {
                refusals.push((index, Refusal { section: "auth", key: "tokens", message }));
            };
            if names.insert(&token.name, index).is_some() {
                refuse(format!("has two tokens of the name `{}`; each has its own", token.name));
            }
            match hashes.insert(token.sha256, &token.name) {
                Some(first) if *first != token.name => {
                    refuse(format!("has one `sha256` for `{first}` and `{}`; give each a token", token.name));
                }
                _ => {}
            }
        }
        refusals
    }
}

impl TryFrom<Value> for TokenConfig {
    type Error = String;
    /// Every mistake at once.
    fn try_from(value: Value) -> Result<Self, String> {
        const SHAPE: &str = "a token is a table: { name = \"…\", roles = [\"enqueue\"], sha256 = \"…\" }";
        let Value::Table(mut fields) = value else { return Err(SHAPE.into()) };
        let mut wrong = Vec::new();
        let name = read(&mut fields, "name", InvalidToken::Name, &mut wrong);
        let roles = read_roles(&mut fields, &mut wrong);
        let types = fields.remove("types").map(|value| texts(&value).filter(|types| !types.is_empty()));
        if types == Some(None) {
            wrong.push(format!("`types` {}", InvalidToken::Types));
        }
        let expires = fields.remove("expires").map(|value| {
            // A moment without quotes is TOML's own.
            let text = value.as_str().map(str::to_owned).or_else(|| Some(value.as_datetime()?.to_string()));
            let read = text.ok_or(InvalidToken::Expires).and_then(|text| text.parse::<Expiry>());
            read.inspect_err(|why| wrong.push(format!("`expires` {why}"))).ok()
        });
        let sha256 = read(&mut fields, "sha256", InvalidToken::Hash, &mut wrong);
        wrong.extend(fields.keys().map(|key| format!("a token has no `{key}`")));
        match (name, roles, sha256) {
            (Some(name), Some(roles), Some(sha256)) if wrong.is_empty() => Ok(Self {
                name,
                roles,
                types: types.flatten().unwrap_or_default(),
                expires: expires.flatten(),
                sha256,
            }),
            _ => Err(wrong.join("; ")),
        }
    }
}

/// What it may do, in either form.
fn read_roles(fields: &mut Table, wrong: &mut Vec<String>) -> Option<BTreeSet<Role>> {
    match (fields.remove("roles"), fields.remove("right")) {
        (Some(_), Some(_)) => {
            wrong.push("`right` and `roles` say the same; leave `right` out".into());
            None
        }
        (Some(value), None) => {
            let roles = texts(&value).and_then(|texts| texts.iter().map(|text| text.parse().ok()).collect());
            let roles = roles.filter(|roles: &BTreeSet<Role>| !roles.is_empty());
            if roles.is_none() {
                wrong.push(format!("`roles` {}", InvalidToken::Roles));
            }
            roles
        }
        (None, Some(value)) => match value.as_str() {
            Some("enqueue") => Some([Role::Enqueue].into()),
            Some("operate") => Some(Role::ALL.into()),
            _ => {
                wrong.push(format!("`right` {}", InvalidToken::Right));
                None
            }
        },
        (None, None) => {
            wrong.push("`roles` is missing".into());
            None
        }
    }
}

/// The texts of a list of texts.
fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

/// Takes a field out and reads it; says what is wrong with it otherwise.
fn read<T: FromStr<Err = InvalidToken>>(
    fields: &mut Table,
    key: &str,
    no_text: InvalidToken,
    wrong: &mut Vec<String>,
) -> Option<T> {
    let Some(value) = fields.remove(key) else {
        wrong.push(format!("`{key}` is missing"));
        return None;
    };
    let read = value.as_str().ok_or(no_text).and_then(str::parse);
    read.inspect_err(|why| wrong.push(format!("`{key}` {why}"))).ok()
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Enqueue, Self::Deploy, Self::Operate, Self::Read];
}

impl FromStr for TokenName {
    type Err = InvalidToken;
    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(plain);
        fits.then(|| Self(text.to_owned())).ok_or(InvalidToken::Name)
    }
}

impl FromStr for Role {
    type Err = InvalidToken;
    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        match text {
            "enqueue" => Ok(Self::Enqueue),
            "deploy" => Ok(Self::Deploy),
            "operate" => Ok(Self::Operate),
            "read" => Ok(Self::Read),
            _ => Err(InvalidToken::Roles),
        }
    }
}

impl FromStr for Expiry {
    type Err = InvalidToken;
    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let at = humantime::parse_rfc3339(text).map_err(|_| InvalidToken::Expires)?;
        let since = at.duration_since(UNIX_EPOCH).map_err(|_| InvalidToken::Expires)?;
        Ok(Self { at_ms: u64::try_from(since.as_millis()).map_err(|_| InvalidToken::Expires)? })
    }
}

impl FromStr for TokenHash {
    type Err = InvalidToken;
    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        if text.starts_with(TOKEN_PREFIX) {
            return Err(InvalidToken::Token);
        }
        if text.len() != 64 {
            return Err(InvalidToken::Hash);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else {
                return Err(InvalidToken::Hash);
            };
            *byte = high << 4 | low;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The last moment that RFC 3339 can write.
        const LAST_MS: u64 = 253_402_300_799_999;
        let at: SystemTime = UNIX_EPOCH + Duration::from_millis(self.at_ms.min(LAST_MS));
        write!(f, "{}", humantime::format_rfc3339(at))
    }
}

impl From<Expiry> for String {
    fn from(expiry: Expiry) -> Self {
        expiry.to_string()
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

impl From<TokenHash> for String {
    fn from(hash: TokenHash) -> Self {
        hash.to_string()
    }
}
