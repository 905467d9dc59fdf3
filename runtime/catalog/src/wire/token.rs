//! Tokens in the store, and in the file that a process keeps of them: hashes, never a token.

use serde::{Deserialize, Serialize};
use wasmill_job::{Roles, Scope, TokenHash, TokenName, UnixMs};

use super::{Unreadable, VERSION, check_version, not_json};
use crate::{PreviousHash, StoredToken};

/// The file of one token.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenV1 {
    v: u32,
    name: TokenName,
    sha256: TokenHash,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<PreviousV1>,
    roles: Roles,
    types: Scope,
    created_at_ms: UnixMs,
    created_by: TokenName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at_ms: Option<UnixMs>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PreviousV1 {
    sha256: TokenHash,
    until_ms: UnixMs,
}

/// What a process keeps of them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptV1 {
    v: u32,
    tokens: Vec<TokenV1>,
}

/// When a token was used last.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UseV1 {
    v: u32,
    name: TokenName,
    used_at_ms: UnixMs,
}

/// The bytes of the token's file. The same token always gives the same bytes.
pub(crate) fn write_token(token: &StoredToken) -> Vec<u8> {
    to_json(&TokenV1::from(token))
}

/// The token in the bytes of the file of `name`.
pub(crate) fn read_token(name: &TokenName, bytes: &[u8]) -> Result<StoredToken, Unreadable> {
    check_version(bytes)?;
    let found: TokenV1 = serde_json::from_slice(bytes).map_err(not_json)?;
    if found.name != *name {
        return Err(Unreadable::Damaged(format!("it is the file of the token {}", found.name)));
    }
    Ok(found.into())
}

/// The bytes of the file that a process keeps.
pub(crate) fn write_kept_tokens(tokens: &[StoredToken]) -> Vec<u8> {
    to_json(&KeptV1 { v: VERSION, tokens: tokens.iter().map(TokenV1::from).collect() })
}

pub(crate) fn read_kept_tokens(bytes: &[u8]) -> Result<Vec<StoredToken>, Unreadable> {
    check_version(bytes)?;
    let kept: KeptV1 = serde_json::from_slice(bytes).map_err(not_json)?;
    Ok(kept.tokens.into_iter().map(StoredToken::from).collect())
}

/// The bytes of the file that tells the last use.
pub(crate) fn write_use(name: &TokenName, used_at: UnixMs) -> Vec<u8> {
    to_json(&UseV1 { v: VERSION, name: name.clone(), used_at_ms: used_at })
}

pub(crate) fn read_use(name: &TokenName, bytes: &[u8]) -> Result<UnixMs, Unreadable> {
    check_version(bytes)?;
    let found: UseV1 = serde_json::from_slice(bytes).map_err(not_json)?;
    if found.name != *name {
        return Err(Unreadable::Damaged(format!("it is the file of the token {}", found.name)));
    }
    Ok(found.used_at_ms)
}

/// The bytes of the file that tells that tokens are kept here.
pub(crate) fn write_mark() -> Vec<u8> {
    to_json(&serde_json::json!({ "v": VERSION }))
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    #[expect(clippy::unwrap_used, reason = "texts, lists and numbers: nothing in it can fail to become JSON")]
    serde_json::to_vec(value).unwrap()
}

impl From<&StoredToken> for TokenV1 {
    fn from(token: &StoredToken) -> Self {
        let StoredToken { name, roles, scope, hash, previous, created_at, created_by, expires_at } =
            token.clone();
        Self {
            v: VERSION,
            name,
            sha256: hash,
            previous: previous
                .map(|PreviousHash { hash, until }| PreviousV1 { sha256: hash, until_ms: until }),
            roles,
            types: scope,
            created_at_ms: created_at,
            created_by,
            expires_at_ms: expires_at,
        }
    }
}

impl From<TokenV1> for StoredToken {
    fn from(wire: TokenV1) -> Self {
        let TokenV1 {
            name, sha256, previous, roles, types, created_at_ms, created_by, expires_at_ms, ..
        } = wire;
        Self {
            name,
            roles,
            scope: types,
            hash: sha256,
            previous: previous
                .map(|PreviousV1 { sha256, until_ms }| PreviousHash { hash: sha256, until: until_ms }),
            created_at: created_at_ms,
            created_by,
            expires_at: expires_at_ms,
        }
    }
}
