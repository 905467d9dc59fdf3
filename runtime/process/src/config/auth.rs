//! `[auth]`: who may call. Bearer tokens, each by the SHA-256 of its text: the file alone lets nobody in.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::Refusal;

/// Who may call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// The bearer tokens that open this process. Without any it is open to whoever reaches it, and therefore listens on
    /// loopback addresses only. Default: none.
    pub tokens: Vec<TokenConfig>,
}

/// One token. `wasmill token new` makes one, and these lines with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct TokenConfig {
    /// Whose it is; stands in the log beside each request. No two tokens have one name.
    pub name: TokenName,
    /// What it may do.
    pub right: Right,
    /// The SHA-256 of its whole text, `wm_` included, as 64 hexadecimal digits.
    pub sha256: TokenHash,
}

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// Enqueue jobs, look at single ones, cancel them.
    Enqueue,
    /// Everything.
    Operate,
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
    #[error("must be \"enqueue\" or \"operate\"")]
    Right,
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
        const SHAPE: &str = "a token is a table: { name = \"…\", right = \"enqueue\", sha256 = \"…\" }";
        let Value::Table(mut fields) = value else { return Err(SHAPE.into()) };
        let mut wrong = Vec::new();
        let name = read::<TokenName>(&mut fields, "name", InvalidToken::Name, &mut wrong);
        let right = read::<Right>(&mut fields, "right", InvalidToken::Right, &mut wrong);
        let sha256 = read::<TokenHash>(&mut fields, "sha256", InvalidToken::Hash, &mut wrong);
        wrong.extend(fields.keys().map(|key| format!("a token has no `{key}`")));
        match (name, right, sha256) {
            (Some(name), Some(right), Some(sha256)) if wrong.is_empty() => Ok(Self { name, right, sha256 }),
            _ => Err(wrong.join("; ")),
        }
    }
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

impl FromStr for TokenName {
    type Err = InvalidToken;
    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(plain);
        fits.then(|| Self(text.to_owned())).ok_or(InvalidToken::Name)
    }
}

impl FromStr for Right {
    type Err = InvalidToken;
    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        match text {
            "enqueue" => Ok(Self::Enqueue),
            "operate" => Ok(Self::Operate),
            _ => Err(InvalidToken::Right),
        }
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
