//! Who may call: bearer tokens (RFC 6750), known by their SHA-256 alone, each with one right.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::{Kind, Problem};

/// The tokens that open this gateway; without any it is open to whoever reaches it. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Access {
    tokens: Arc<HashMap<TokenHash, Caller>>,
}

/// A token that opens the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Whose it is, for the log.
    pub name: String,
    pub right: Right,
    pub hash: TokenHash,
}

/// What a token may do. The greater right includes the lesser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Enqueue jobs, look at single ones, cancel them.
    Enqueue,
    /// Everything.
    Operate,
}

/// The SHA-256 of a token's whole text. A fast hash is enough: tokens are random, at least 160 bits of them, so there
/// is no list of likely ones to try, against which slow hashes protect passwords.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

/// The right that a route needs, by its method and its pattern (`/v1/jobs/{type}/{id}`); `None` is open to everybody.
pub type Needs = fn(method: &Method, route: &str) -> Option<Right>;

/// Who called. Stands in the extensions of an answer, so that the log can say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) name: Arc<str>,
    right: Right,
}

/// Whose token came with a request: stands in the extensions of each that was let in with one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerName(pub Arc<str>);

/// Why somebody was not let in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// No token, or not one in the one header where it belongs.
    Missing { needed: Right },
    /// Nobody's token.
    Unknown,
    /// A token that may not do this.
    TooLittle { caller: Caller, needed: Right },
}

/// Longer ones are nobody's, and are not hashed. Ours have 35 bytes.
const TOKEN_BYTES_MAX: usize = 256;

impl Access {
    /// These tokens open the gateway.
    pub fn new(tokens: impl IntoIterator<Item = Token>) -> Self {
        let caller = |token: Token| (token.hash, Caller { name: token.name.into(), right: token.right });
        Self { tokens: Arc::new(tokens.into_iter().map(caller).collect()) }
    }

    /// Whether there is no token, so that everybody is let in.
    pub fn is_open(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Who sent these headers, when that token may do what needs the right. Cost: one SHA-256 of the token.
    pub(crate) fn check(&self, needed: Right, headers: &HeaderMap) -> Result<Caller, Refused> {
        let token = token_in(headers).ok_or(Refused::Missing { needed })?;
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Refused::Unknown);
        }
        // Tokens are never compared, only hashes, and how long that takes tells nothing: the hash of what a caller sends
        // is no secret to that caller, and even a whole hash of ours, once known, gives no token that has it.
        let caller = self.tokens.get(&TokenHash::of(token)).ok_or(Refused::Unknown)?.clone();
        if caller.right < needed { Err(Refused::TooLittle { caller, needed }) } else { Ok(caller) }
    }
}

impl TokenHash {
    /// The hash of a token's whole text.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }
}

/// The token of a request: in one `Authorization: Bearer TOKEN`, and nowhere else. Addresses end up in logs.
fn token_in(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    // Of two, somebody behind us might take the other.
    let (Some(one), None) = (all.next(), all.next()) else { return None };
    let (scheme, token) = one.to_str().ok()?.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Asks for a token on every route of `router` that needs a right, before anything of the body is read. Without tokens
/// the router stays as it is. To be called before [`finish`](crate::finish).
pub fn protect(router: Router, access: Access, needs: Needs) -> Router {
    if access.is_open() {
        return router;
    }
    router.layer(middleware::from_fn_with_state((access, needs), let_in))
}

async fn let_in(
    State((access, needs)): State<(Access, Needs)>,
    mut request: Request,
    next: Next,
) -> Response {
    // What has no pattern was not thought of when the needs were written down.
    let route = request.extensions().get::<MatchedPath>();
    let needed = route.map_or(Some(Right::Operate), |route| needs(request.method(), route.as_str()));
    let Some(needed) = needed else { return next.run(request).await };
    match access.check(needed, request.headers()) {
        Ok(caller) => {
            request.extensions_mut().insert(CallerName(Arc::clone(&caller.name)));
            let mut response = next.run(request).await;
            response.extensions_mut().insert(caller);
            response
        }
        Err(refused) => refused.into_response(),
    }
}

impl Refused {
    fn problem(&self) -> Problem {
        match self {
            Self::Missing { needed } => {
                let rights = match needed {
                    Right::Enqueue => "`enqueue` or `operate`",
                    Right::Operate => "`operate`",
                };
                let detail = format!(
                    "This needs a token with the right {rights}: send it in one header, `Authorization: Bearer TOKEN`."
                );
                Problem::new(Kind::TokenMissing, detail).with("right", needed.name())
            }
            Self::Unknown => Problem::new(
                Kind::TokenUnknown,
                "This token is not known here: it was copied in part, taken back, or is another mill's. Whoever runs \
                 this one makes tokens with `wasmill token new`.",
            ),
            Self::TooLittle { caller, needed } => {
                let (name, has) = (&caller.name, caller.right);
                let detail = format!("This needs the right `{needed}`; the token `{name}` has `{has}`.");
                Problem::new(Kind::RightMissing, detail).with("right", needed.name())
            }
        }
    }

    /// The parameters are those of RFC 6750, section 3.
    fn challenge(&self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Missing { .. } => "Bearer",
            Self::Unknown => "Bearer error=\"invalid_token\"",
            Self::TooLittle { needed: Right::Enqueue, .. } => {
                "Bearer error=\"insufficient_scope\", scope=\"enqueue\""
            }
            Self::TooLittle { needed: Right::Operate, .. } => {
                "Bearer error=\"insufficient_scope\", scope=\"operate\""
            }
        })
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = self.problem().into_response();
        response.headers_mut().insert(WWW_AUTHENTICATE, self.challenge());
        if let Self::TooLittle { caller, .. } = self {
            response.extensions_mut().insert(caller);
        }
        response
    }
}

impl Right {
    /// As in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enqueue => "enqueue",
            Self::Operate => "operate",
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests;
