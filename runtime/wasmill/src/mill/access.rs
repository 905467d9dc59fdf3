//! Who may call which route: the tokens of the configuration, and the one table of what routes need.

use hyper::Method;
use wasmill_http::{Access, Right, Token, TokenHash};
use wasmill_process::config::{self, AuthConfig};

/// The tokens of the configuration.
pub(super) fn access(config: &AuthConfig) -> Access {
    let token = |token: &config::TokenConfig| Token {
        name: token.name.to_string(),
        right: match token.right {
            config::Right::Enqueue => Right::Enqueue,
            config::Right::Operate => Right::Operate,
        },
        hash: TokenHash(token.sha256.0),
    };
    Access::new(config.tokens.iter().map(token))
}

/// What a route needs. One that is not named needs the greatest right: a new one is closed until somebody decides.
pub(super) fn needs(method: &Method, route: &str) -> Option<Right> {
    match (method, route) {
        // What orchestrators and generators of clients ask; tells nothing about jobs.
        (_, "/healthz" | "/readyz" | "/openapi.json") => None,
        // Others list everybody's jobs.
        (&Method::POST, "/v1/jobs") => Some(Right::Enqueue),
        (_, "/v1/jobs/batch" | "/v1/jobs/{type}/{id}") => Some(Right::Enqueue),
        // Among them `/metrics`: it names job types and counts jobs.
        _ => Some(Right::Operate),
    }
}
