//! Who may call which route: the tokens of the configuration, and the one table of what routes need.

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
pub(super) fn needs(route: &str) -> Option<Right> {
    match route {
        // What orchestrators and generators of clients ask; tells nothing about jobs.
        "/healthz" | "/readyz" | "/openapi.json" => None,
        "/v1/jobs" | "/v1/jobs/batch" | "/v1/jobs/{type}/{id}" => Some(Right::Enqueue),
        // Among them `/metrics`: it names job types and counts jobs.
        _ => Some(Right::Operate),
    }
}
