//! Asks for a token on every route that needs one, and tells those who have none, or not enough of one.

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use wasmill_job::{Role, Roles, TokenName};

use crate::notice::notice;
use crate::rule::{Need, rule_of};
use crate::session::{SIGN_IN, is_page, sign_in_address};
use crate::{Access, Caller, Kind, Problem, Rules};

/// Why somebody was not let in.
#[derive(Debug)]
pub(crate) enum Refused {
    /// No token, or not one in the one header where it belongs.
    Missing { need: Need },
    /// Nobody's token.
    Unknown,
    /// A token whose time is over.
    Expired { caller: Caller },
    /// A token without a role for this.
    TooLittle { caller: Caller, need: Need },
    /// A token for some job types, where it is about all.
    TooNarrow { caller: Caller },
}

/// Asks for a token on every route of `router` that needs a role, before anything of the body is read; for pages it may also stand
/// in the cookie of a session. Without fixed tokens the router stays as it is. To be called before [`audit`](crate::audit) and [`finish`](crate::finish).
pub fn protect(router: Router, access: Access, rules: Rules) -> Router {
    if access.is_open() {
        return router;
    }
    router.layer(middleware::from_fn_with_state((access, rules), let_in))
}

async fn let_in(
    State((access, rules)): State<(Access, Rules)>,
    mut request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let is_page = route.is_some_and(is_page);
    let Some(need) = rule_of(rules, request.method(), route).need else { return next.run(request).await };
    match access.check(need, request.headers(), is_page) {
        Ok(caller) => {
            request.extensions_mut().insert(caller.clone());
            let mut response = next.run(request).await;
            response.extensions_mut().insert(caller);
            response
        }
        // Whoever sends a header is a program.
        Err(refused) if is_page && !request.headers().contains_key(AUTHORIZATION) => {
            refused.shown(request.method(), request.uri())
        }
        Err(refused) => refused.into_response(),
    }
}

/// Such as "the role `read` or `operate`".
fn wanted(roles: Roles) -> String {
    let names: Vec<_> = roles.iter().map(|role| format!("`{role}`")).collect();
    format!("the role {}", names.join(" or "))
}

fn names(roles: Roles) -> Vec<&'static str> {
    roles.iter().map(Role::as_str).collect()
}

impl Refused {
    pub(crate) fn problem(&self) -> Problem {
        let name = |caller: &Caller| caller.name().map(TokenName::to_string).unwrap_or_default();
        match self {
            Self::Missing { need } => {
                let detail = format!(
                    "This needs a token with {}: send it in one header, `Authorization: Bearer TOKEN`.",
                    wanted(need.one_of)
                );
                Problem::new(Kind::TokenMissing, detail).with("roles", names(need.one_of))
            }
            Self::Unknown => Problem::new(
                Kind::TokenUnknown,
                "This token is not known here: it was copied in part, taken back, or is another mill's. Whoever runs \
                 this one makes tokens with `wasmill token create`.",
            ),
            Self::Expired { caller } => {
                let detail = format!(
                    "This token's time is over: `{}` has expired, or was replaced by a newer one. Whoever runs this mill \
                     makes another with `wasmill token create` or `wasmill token rotate`.",
                    name(caller)
                );
                Problem::new(Kind::TokenExpired, detail)
            }
            Self::TooLittle { caller, need } => {
                let has: Vec<_> = caller.roles().iter().map(|role| format!("`{role}`")).collect();
                let detail = format!(
                    "This needs {}; the token `{}` has {}.",
                    wanted(need.one_of),
                    name(caller),
                    has.join(" and ")
                );
                Problem::new(Kind::RightMissing, detail).with("roles", names(need.one_of))
            }
            // Only tokens that are not whole come here.
            Self::TooNarrow { caller } => match caller.require_whole("this is about all job types") {
                Err(problem) => problem,
                Ok(()) => Problem::new(Kind::TypeForbidden, "This is about all job types."),
            },
        }
    }

    /// The parameters are those of RFC 6750, section 3.
    fn challenge(&self) -> HeaderValue {
        match self {
            Self::Missing { .. } => HeaderValue::from_static("Bearer"),
            Self::Unknown | Self::Expired { .. } => {
                HeaderValue::from_static("Bearer error=\"invalid_token\"")
            }
            Self::TooNarrow { .. } => HeaderValue::from_static("Bearer error=\"insufficient_scope\""),
            Self::TooLittle { need, .. } => {
                let scope = names(need.one_of).join(" ");
                let text = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
                // Names of roles are always a header value.
                HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("Bearer"))
            }
        }
    }
}

impl Refused {
    /// For a browser: whoever wants a page and has not signed in is sent to do so, the others are told what is the matter.
    fn shown(self, method: &Method, uri: &Uri) -> Response {
        // A form is not sent once more.
        let address = if method.is_safe() { sign_in_address(uri) } else { SIGN_IN.to_owned() };
        let response = match &self {
            Self::Missing { .. } if method.is_safe() => Redirect::to(&address).into_response(),
            Self::Missing { .. } => {
                let detail =
                    "You are not signed in any more, so nothing was done. Sign in, and send the form again.";
                notice(&Problem::new(Kind::TokenMissing, detail), (&address, "Sign in"))
            }
            Self::Unknown | Self::Expired { .. } => notice(&self.problem(), (&address, "Sign in")),
            Self::TooLittle { .. } | Self::TooNarrow { .. } => {
                notice(&self.problem(), (&address, "Sign in with another token"))
            }
        };
        self.told(response)
    }

    /// The answer with what clients, the log and the audit are to know of the refusal.
    fn told(self, mut response: Response) -> Response {
        response.headers_mut().insert(WWW_AUTHENTICATE, self.challenge());
        match self {
            Self::Expired { caller } | Self::TooLittle { caller, .. } | Self::TooNarrow { caller } => {
                response.extensions_mut().insert(caller);
            }
            Self::Missing { .. } | Self::Unknown => {}
        }
        response
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let response = self.problem().into_response();
        self.told(response)
    }
}

#[cfg(test)]
mod tests;
