//! What is shown of tokens.

use serde::Serialize;
use utoipa::ToSchema;
use wasmill_catalog::StoredToken;
use wasmill_http::Token;
use wasmill_job::{Role, Roles, Scope, TokenName, UnixMs};

/// All tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenList {
    /// In the order of their names.
    tokens: Vec<TokenRow>,
}

/// One token. Moments are milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenRow {
    name: String,
    roles: Vec<&'static str>,
    /// The job types that it is for; `*` for all.
    types: Vec<String>,
    /// `configuration`, or `store` for one that was made while the mill ran.
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at_ms: Option<u64>,
    /// The token that it was made with.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at_ms: Option<u64>,
    /// Until when the secret before the last rotation is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_until_ms: Option<u64>,
    /// To the minute; absent while it is not known to have been used.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at_ms: Option<u64>,
}

/// A token with its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeToken {
    name: String,
    /// The token itself, told this once.
    #[schema(example = "wm_…")]
    token: String,
    roles: Vec<&'static str>,
    types: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at_ms: Option<u64>,
    /// Until when the secret before this one is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_until_ms: Option<u64>,
}

/// A token that is no more.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevokedToken {
    revoked: String,
}

const MINUTE_MS: u64 = 60_000;

impl TokenList {
    pub(crate) fn of(mut tokens: Vec<TokenRow>) -> Self {
        tokens.sort_by(|one, other| one.name.cmp(&other.name));
        Self { tokens }
    }
}

impl TokenRow {
    pub(crate) fn fixed(token: &Token, used_at: Option<UnixMs>) -> Self {
        let Token { name, roles, scope, expires_at, hash: _ } = token;
        Self {
            name: name.to_string(),
            roles: names(*roles),
            types: patterns(scope),
            source: "configuration",
            created_at_ms: None,
            created_by: None,
            expires_at_ms: expires_at.map(|at| at.0),
            previous_until_ms: None,
            last_used_at_ms: used_at.map(to_the_minute),
        }
    }

    pub(crate) fn made(token: &StoredToken, used_at: Option<UnixMs>) -> Self {
        // What is older was another token of the same name.
        let used_at = used_at.filter(|at| *at >= token.created_at);
        Self {
            name: token.name.to_string(),
            roles: names(token.roles),
            types: patterns(&token.scope),
            source: "store",
            created_at_ms: Some(token.created_at.0),
            created_by: Some(token.created_by.to_string()),
            expires_at_ms: token.expires_at.map(|at| at.0),
            previous_until_ms: token.previous.map(|previous| previous.until.0),
            last_used_at_ms: used_at.map(to_the_minute),
        }
    }
}

impl MadeToken {
    pub(crate) fn of(secret: String, token: &StoredToken) -> Self {
        Self {
            name: token.name.to_string(),
            token: secret,
            roles: names(token.roles),
            types: patterns(&token.scope),
            expires_at_ms: token.expires_at.map(|at| at.0),
            previous_until_ms: token.previous.map(|previous| previous.until.0),
        }
    }
}

impl RevokedToken {
    pub(crate) fn of(name: &TokenName) -> Self {
        Self { revoked: name.to_string() }
    }
}

fn names(roles: Roles) -> Vec<&'static str> {
    roles.iter().map(Role::as_str).collect()
}

fn patterns(scope: &Scope) -> Vec<String> {
    scope.patterns().map(str::to_owned).collect()
}

fn to_the_minute(at: UnixMs) -> u64 {
    at.0 - at.0 % MINUTE_MS
}
