//! `/v1/tokens`: tokens that are made while the mill runs. Their secrets are told once, when they are made, and kept nowhere.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use wasmill_catalog::{FollowingTokens, StoreError, StoredToken};
use wasmill_http::{Access, Caller, Kind, Problem, ProblemDocument, Subject, new_token};
use wasmill_job::{Role, Roles, Scope, TokenHash, TokenName, TypePattern, UnixMs};
use wasmill_log::Log;
use wasmill_queue::Queue;

use crate::router::Console;
use crate::tokens_view::{MadeToken, RevokedToken, TokenList, TokenRow};
use crate::trouble::{read_json, store_problem};

/// The tokens of this process: those that open it now, and the store's as it follows them.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub access: Access,
    pub following: FollowingTokens,
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedToken {
    /// Whose it is: 1 to 64 letters, digits, dots and dashes.
    #[schema(example = "ci.billing")]
    name: String,
    /// What it may do: `enqueue`, `deploy`, `operate`, `read`.
    #[schema(example = json!(["deploy", "read"]))]
    roles: Vec<String>,
    /// The job types that it is for, such as `email.welcome` or `billing.*`. Absent: all.
    #[schema(example = json!(["billing.*"]))]
    types: Option<Vec<String>>,
    /// From then on it is refused, in milliseconds since 1970. Absent: never.
    expires_at_ms: Option<u64>,
}

/// How a token is to be rotated.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedRotation {
    /// How long the secret until now stays valid, in milliseconds. 0 by default.
    #[serde(default)]
    grace_ms: u64,
}

/// How long a change waits for this process to follow it, so that whoever made a token can use it at once.
const FOLLOW_WITHIN: Duration = Duration::from_secs(5);

/// Lists all tokens: those of the configuration, and those that were made while the mill runs. No secrets, nor hashes.
#[utoipa::path(
    get, path = "/v1/tokens", tag = "tokens",
    responses((status = 200, description = "The tokens.", body = TokenList))
)]
pub(crate) async fn list_tokens<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
) -> Json<TokenList> {
    let Tokens { access, following } = &console.tokens;
    // A store that is away hides what other processes noted, and no more.
    let noted = console.store.token_uses().await.inspect_err(|error| tracing::warn!(%error, "no last uses"));
    let mut uses: BTreeMap<TokenName, UnixMs> = noted.unwrap_or_default();
    for (name, at) in access.uses() {
        let known = uses.entry(name).or_default();
        *known = at.max(*known);
    }
    let fixed = access.fixed().iter().map(|token| TokenRow::fixed(token, uses.get(&token.name).copied()));
    let made = following.current();
    let made = made.iter().map(|token| TokenRow::made(token, uses.get(&token.name).copied()));
    Json(TokenList::of(fixed.chain(made).collect()))
}

/// Makes a token and tells its secret, this once. It opens this process at once, and the others within two seconds.
#[utoipa::path(
    post, path = "/v1/tokens", tag = "tokens", request_body = WantedToken,
    responses(
        (status = 201, description = "Made.", body = MadeToken),
        (status = 400, description = "Not valid.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The name is taken.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create_token<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
    subject: Subject,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<MadeToken>), Problem> {
    let wanted: WantedToken = read_json(&headers, body, &console.bodies).await?;
    let secret = new_token();
    let now = console.clock.now();
    let created_by = maker(&caller)?;
    let token = StoredToken {
        name: read_name(&wanted.name)?,
        roles: read_roles(&wanted.roles)?,
        scope: read_scope(wanted.types.as_deref())?,
        hash: TokenHash::of(&secret),
        previous: None,
        created_at: now,
        created_by,
        expires_at: wanted.expires_at_ms.map(UnixMs),
    };
    subject.is(format_args!("token {} ({}; types {})", token.name, token.roles, token.scope));
    if token.expires_at.is_some_and(|end| end <= now) {
        return Err(invalid("expires_at_ms", "This moment is over; a token has to end later.".into()));
    }
    caller.require_no_more(token.roles, token.expires_at)?;
    refuse_fixed(&console, &token.name)?;
    console.store.create_token(&token).await.map_err(|error| store_problem(&error))?;
    follow(&console, |tokens| tokens.iter().any(|of| of.hash == token.hash)).await;
    Ok((StatusCode::CREATED, Json(MadeToken::of(secret, &token))))
}

/// Revokes a token. This process refuses it at once, the others within two seconds.
#[utoipa::path(
    delete, path = "/v1/tokens/{name}", tag = "tokens", params(("name" = String, Path)),
    responses(
        (status = 200, description = "Revoked.", body = RevokedToken),
        (status = 404, description = "No such token.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "In the configuration.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn revoke_token<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    subject: Subject,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<RevokedToken>, Problem> {
    let name = name_in(path)?;
    subject.is(format_args!("token {name}"));
    refuse_fixed(&console, &name)?;
    if !console.store.revoke_token(&name).await.map_err(|error| store_problem(&error))? {
        return Err(store_problem(&StoreError::NoToken(name)));
    }
    follow(&console, |tokens| tokens.iter().all(|of| of.name != name)).await;
    Ok(Json(RevokedToken::of(&name)))
}

/// Gives a token another secret and tells it, this once. The one until now stays valid for the grace period; one from
/// before that is refused at once.
#[utoipa::path(
    post, path = "/v1/tokens/{name}/rotate", tag = "tokens", params(("name" = String, Path)),
    request_body = WantedRotation,
    responses(
        (status = 200, description = "Rotated.", body = MadeToken),
        (status = 400, description = "Not JSON.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such token.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It cannot be.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn rotate_token<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
    subject: Subject,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<MadeToken>, Problem> {
    let name = name_in(path)?;
    subject.is(format_args!("token {name}"));
    let WantedRotation { grace_ms } = read_json(&headers, body, &console.bodies).await?;
    maker(&caller)?;
    refuse_fixed(&console, &name)?;
    let known = console.store.token(&name).await.map_err(|error| store_problem(&error))?;
    let known = known.ok_or_else(|| store_problem(&StoreError::NoToken(name.clone())))?;
    // Whoever gets the new secret has the token: more than the own must not be had that way.
    caller.require_no_more(known.roles, known.expires_at)?;
    let now = console.clock.now();
    if known.expires_at.is_some_and(|end| end <= now) {
        let detail = format!(
            "The token {name} has expired, and would with another secret, too: revoke it, and make a new one."
        );
        return Err(Problem::new(Kind::TokenConflict, detail));
    }
    let secret = new_token();
    let until = now.plus(Duration::from_millis(grace_ms));
    let rotated = console.store.rotate_token(&known, TokenHash::of(&secret), until).await;
    let rotated = rotated.map_err(|error| store_problem(&error))?;
    follow(&console, |tokens| tokens.iter().any(|of| of.hash == rotated.hash)).await;
    Ok(Json(MadeToken::of(secret, &rotated)))
}

/// The token that another is made with. Where nobody is asked for one, none is of any use.
fn maker(caller: &Caller) -> Result<TokenName, Problem> {
    caller.name().cloned().ok_or_else(|| {
        let detail = "This mill asks nobody for a token, because its configuration has none: `wasmill init` or `wasmill \
                      token new` makes the first one, which goes there.";
        Problem::new(Kind::TokenConflict, detail)
    })
}

/// Those of the configuration are its writer's affair.
fn refuse_fixed<L, Q>(console: &Console<L, Q>, name: &TokenName) -> Result<(), Problem> {
    if console.tokens.access.fixed().iter().all(|token| token.name != *name) {
        return Ok(());
    }
    let detail = format!("The token {name} is in the configuration of this mill, and is changed there.");
    Err(Problem::new(Kind::TokenConflict, detail))
}

/// Waits until this process has the change. Taking long is no failure: the store has it.
async fn follow<L, Q>(console: &Console<L, Q>, mut wished: impl FnMut(&[StoredToken]) -> bool) {
    if !console.tokens.following.reaches(FOLLOW_WITHIN, |tokens| wished(tokens)).await {
        tracing::warn!("this process does not follow a change of the tokens yet");
    }
}

fn invalid(field: &str, detail: String) -> Problem {
    Problem::new(Kind::InvalidField, detail).with("field", field)
}

fn read_name(text: &str) -> Result<TokenName, Problem> {
    // Without the text: somebody may have put a token there.
    text.parse().map_err(|error| invalid("name", format!("{error}.")))
}

fn name_in(path: Result<Path<String>, PathRejection>) -> Result<TokenName, Problem> {
    let Path(name) = path.map_err(|error| invalid("name", error.body_text()))?;
    read_name(&name)
}

fn read_roles(texts: &[String]) -> Result<Roles, Problem> {
    let roles = texts.iter().map(|text| text.parse()).collect::<Result<Vec<Role>, _>>();
    roles.and_then(Roles::try_from).map_err(|error| invalid("roles", format!("{error}.")))
}

fn read_scope(texts: Option<&[String]>) -> Result<Scope, Problem> {
    let Some(texts) = texts else { return Ok(Scope::WHOLE) };
    let patterns = texts.iter().map(|text| text.parse()).collect::<Result<Vec<TypePattern>, _>>();
    let patterns = patterns.map_err(|error| invalid("types", format!("{error}.")))?;
    patterns.try_into().map_err(|error| invalid("types", format!("{error}.")))
}
