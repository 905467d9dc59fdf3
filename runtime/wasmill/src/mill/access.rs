//! Who may call which route: the tokens of the configuration and of the artifact store, and the one table of what routes need
//! and what they change.

use hyper::Method;
use wasmill_catalog::StoredToken;
use wasmill_http::{Rule, Token};
use wasmill_job::Role::{Deploy, Enqueue, Operate, Read};
use wasmill_job::{InvalidGrant, InvalidToken, Role, Roles, Scope, TokenHash, TypePattern, UnixMs};
use wasmill_process::config::{self, AuthConfig, TokenConfig};

/// The tokens of the configuration.
///
/// # Errors
/// A sentence, when the job types of one are no patterns.
pub(crate) fn fixed(config: &AuthConfig) -> Result<Vec<Token>, String> {
    let token = |token: &TokenConfig| {
        let wrong = |reason: String| format!("`auth.tokens`: the token {}: {reason}", token.name);
        let roles: Vec<_> = token.roles.iter().map(|role| role_of(*role)).collect();
        Ok(Token {
            name: token.name.to_string().parse().map_err(|error: InvalidToken| wrong(error.to_string()))?,
            roles: Roles::try_from(roles).map_err(|error| wrong(error.to_string()))?,
            scope: scope(&token.types).map_err(|error| wrong(error.to_string()))?,
            hash: TokenHash(token.sha256.0),
            expires_at: token.expires.map(|expiry| UnixMs(expiry.at_ms)),
        })
    };
    config.tokens.iter().map(token).collect()
}

/// The job types that patterns name; all of them where there is none.
pub(crate) fn scope(patterns: &[String]) -> Result<Scope, InvalidGrant> {
    let patterns = patterns.iter().map(|pattern| pattern.parse()).collect::<Result<Vec<TypePattern>, _>>()?;
    // Fails for none only.
    Ok(Scope::try_from(patterns).unwrap_or(Scope::WHOLE))
}

fn role_of(role: config::Role) -> Role {
    match role {
        config::Role::Enqueue => Enqueue,
        config::Role::Deploy => Deploy,
        config::Role::Operate => Operate,
        config::Role::Read => Read,
    }
}

/// What the tokens of the store open: each with its hash, and with the one before while that is valid.
pub(super) fn made(stored: &[StoredToken]) -> Vec<Token> {
    let token = |token: &StoredToken, hash, expires_at| {
        let (name, roles, scope) = (token.name.clone(), token.roles, token.scope.clone());
        Token { name, roles, scope, hash, expires_at }
    };
    let mut tokens = Vec::with_capacity(stored.len());
    for one in stored {
        tokens.push(token(one, one.hash, one.expires_at));
        tokens.extend(one.previous.map(|previous| {
            let end = one.expires_at.map_or(previous.until, |end| end.min(previous.until));
            token(one, previous.hash, Some(end))
        }));
    }
    tokens
}

/// What a route needs, and what it changes. One that is not named is for operators of everything, until somebody decides.
/// What is not limited to the job types of a token, because it cannot be told apart by them, is `whole`.
pub(super) fn rules(method: &Method, route: &str) -> Rule {
    match (method.as_str(), route) {
        // What orchestrators and generators of clients ask; tells nothing about jobs.
        (_, "/healthz" | "/readyz" | "/openapi.json") => Rule::OPEN,
        // It names job types and counts jobs.
        ("GET", "/metrics") => Rule::whole(&[Operate, Read]),

        ("POST", "/v1/jobs" | "/v1/jobs/batch") => Rule::roles(&[Enqueue]),
        ("GET", "/v1/jobs/{type}/{id}") => Rule::roles(&[Enqueue, Operate]),
        ("DELETE", "/v1/jobs/{type}/{id}") => Rule::roles(&[Enqueue, Operate]).changes("cancel job"),
        ("GET", "/v1/jobs/{type}/{id}/payload") => Rule::roles(&[Operate]),
        (
            "GET",
            "/v1/jobs" | "/v1/status" | "/v1/stats" | "/v1/lanes" | "/v1/workers" | "/v1/attempts"
            | "/v1/dead" | "/v1/dead/groups",
        ) => Rule::roles(&[Operate, Read]),
        ("POST", "/v1/dead/redrive") => Rule::roles(&[Operate]).changes("redrive"),
        ("POST", "/v1/dead/purge") => Rule::roles(&[Operate]).changes("purge"),
        ("GET", "/v1/queue/memory") => Rule::whole(&[Operate, Read]),
        ("POST", "/v1/queue/check") => Rule::whole(&[Operate]).changes("check queue"),

        ("GET", "/v1/modules" | "/v1/modules/{digest}") => Rule::roles(&[Deploy, Operate, Read]),
        ("POST", "/v1/modules") => Rule::roles(&[Deploy]).changes("deploy module"),
        ("PUT", "/v1/modules/{digest}/tags/{tag}") => Rule::roles(&[Deploy]).changes("tag module"),
        // A module may be what other job types go back to.
        ("POST", "/v1/modules/prune") => Rule::whole(&[Deploy]).changes("prune modules"),
        (
            "GET",
            "/v1/catalog"
            | "/v1/catalog/diff"
            | "/v1/catalog/export"
            | "/v1/catalog/revisions"
            | "/v1/catalog/queues/{queue}"
            | "/v1/catalog/revisions/{revision}",
        ) => Rule::roles(&[Deploy, Operate, Read]),
        ("POST", "/v1/catalog/plan") => Rule::roles(&[Deploy]),
        ("POST", "/v1/catalog/apply") => Rule::roles(&[Deploy]).changes("apply"),
        ("POST", "/v1/catalog/rollback") => Rule::roles(&[Deploy]).changes("roll back"),
        ("POST", "/v1/catalog/types/{type}/mode") => Rule::roles(&[Deploy]).changes("set mode"),
        ("DELETE", "/v1/catalog/types/{type}") => Rule::roles(&[Deploy]).changes("delete type"),
        // Other job types may be meant for it.
        ("DELETE", "/v1/catalog/queues/{queue}") => Rule::whole(&[Deploy]).changes("delete queue"),
        ("DELETE", "/v1/catalog/queues/{queue}/generations/{generation}") => {
            Rule::whole(&[Deploy]).changes("retire generation")
        }

        ("GET", "/v1/tokens") => Rule::whole(&[Operate]),
        ("POST", "/v1/tokens") => Rule::whole(&[Operate]).changes("create token"),
        ("DELETE", "/v1/tokens/{name}") => Rule::whole(&[Operate]).changes("revoke token"),
        ("POST", "/v1/tokens/{name}/rotate") => Rule::whole(&[Operate]).changes("rotate token"),
        _ => page_rules(method, route),
    }
}

/// What the pages need: those that list, what lists need; each form and the page of one job, what the route needs that does or
/// tells the same.
fn page_rules(method: &Method, route: &str) -> Rule {
    match (method.as_str(), route) {
        // It only leads to the pages.
        ("GET", "/") => Rule::OPEN,
        ("GET", "/console/assets/{name}" | "/console/sign-in") => Rule::OPEN,
        // Whoever comes there has no session yet, or gives up theirs.
        ("POST", "/console/sign-in") => Rule::OPEN.changes("sign in"),
        ("POST", "/console/sign-out") => Rule::OPEN.changes("sign out"),
        (
            "GET",
            "/console"
            | "/console/types"
            | "/console/types/{type}"
            | "/console/queues"
            | "/console/workers"
            | "/console/jobs"
            | "/console/dead"
            | "/console/dead/preview"
            | "/console/modules"
            | "/console/history"
            | "/console/history/{revision}"
            | "/console/history/{revision}/file"
            | "/console/modules/of/{name}"
            | "/console/modules/{digest}"
            | "/console/live",
        ) => Rule::roles(&[Operate, Read]),
        // They show output, log and payload.
        (
            "GET",
            "/console/jobs/{type}/{id}"
            | "/console/jobs/{type}/{id}/payload"
            | "/console/jobs/{type}/{id}/output",
        ) => Rule::roles(&[Operate]),
        ("POST", "/console/types/{type}/mode") => Rule::roles(&[Deploy]).changes("set mode"),
        ("POST", "/console/history/{revision}/rollback") => Rule::roles(&[Deploy]).changes("roll back"),
        ("POST", "/console/jobs/{type}/{id}/cancel") => {
            Rule::roles(&[Enqueue, Operate]).changes("cancel job")
        }
        ("POST", "/console/jobs/{type}/{id}/redrive" | "/console/dead/redrive") => {
            Rule::roles(&[Operate]).changes("redrive")
        }
        ("POST", "/console/dead/purge") => Rule::roles(&[Operate]).changes("purge"),
        _ => Rule::undecided(method),
    }
}

#[cfg(test)]
mod tests;
