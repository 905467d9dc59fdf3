//! Which tokens open the gateway: bearer tokens (RFC 6750), known by their SHA-256 alone. Some are fixed, the others come and
//! go while the process runs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use wasmill_job::{Clock, Roles, Scope, TokenHash, TokenName, UnixMs};

use crate::Problem;
use crate::caller::{Caller, Shown};
use crate::protect::Refused;
use crate::rule::Need;
use crate::session::session;

/// The tokens that open this gateway; without fixed ones it is open to whoever reaches it. Cheap to clone; clones share the
/// tokens.
#[derive(Clone)]
pub struct Access {
    tokens: Arc<Tokens>,
}

/// A token that opens the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Whose it is, for the log and the audit.
    pub name: TokenName,
    pub roles: Roles,
    pub scope: Scope,
    pub hash: TokenHash,
    /// From then on it is refused.
    pub expires_at: Option<UnixMs>,
}

struct Tokens {
    fixed: Vec<Token>,
    clock: Arc<dyn Clock>,
    known: RwLock<HashMap<TokenHash, Known>>,
}

/// A token, and when it was used last.
struct Known {
    caller: Caller,
    /// Of this hash: of one that was replaced, sooner than the token's.
    expires_at: Option<UnixMs>,
    /// In milliseconds since 1970; 0: not since the process began. A name's hashes share it.
    used_at: Arc<AtomicU64>,
}

/// Longer ones are nobody's, and are not hashed. Ours have 35 bytes.
const TOKEN_BYTES_MAX: usize = 256;

impl Access {
    /// These tokens open the gateway for good.
    pub fn new(fixed: Vec<Token>, clock: Arc<dyn Clock>) -> Self {
        let known = RwLock::new(know(&fixed, &[], &HashMap::new()));
        Self { tokens: Arc::new(Tokens { fixed, clock, known }) }
    }

    /// Whether there is no fixed token, so that everybody is let in.
    pub fn is_open(&self) -> bool {
        self.tokens.fixed.is_empty()
    }

    /// The tokens that open it for good.
    pub fn fixed(&self) -> &[Token] {
        &self.tokens.fixed
    }

    /// Puts these in the place of all that are not fixed. What shares a name or a hash with a fixed one is left out: whoever
    /// writes the configuration has the last word.
    pub fn replace(&self, made: &[Token]) {
        // A poisoned lock still holds a whole map: it is replaced in one step.
        let mut known = self.tokens.known.write().unwrap_or_else(PoisonError::into_inner);
        *known = know(&self.tokens.fixed, made, &known);
    }

    /// When each token was used last, of those that were since the process began. Exact; a token that is gone is not told.
    pub fn uses(&self) -> Vec<(TokenName, UnixMs)> {
        let known = self.tokens.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut uses: Vec<_> = known
            .values()
            .filter_map(|known| {
                Some((known.caller.name()?.clone(), UnixMs(known.used_at.load(Ordering::Relaxed))))
            })
            .filter(|(_, at)| *at > UnixMs(0))
            .collect();
        uses.sort_unstable();
        uses.dedup();
        uses
    }

    /// Whose token this is. Cost: one SHA-256 of it, and a look-up.
    ///
    /// # Errors
    /// 401 when it is nobody's, or its time is over.
    pub fn caller(&self, token: &str) -> Result<Caller, Problem> {
        self.find(token).map_err(|refused| refused.problem())
    }

    /// Whether the token of this caller is let in still, as it was: for answers that go on for long. Cost: a look-up.
    pub fn knows(&self, caller: &Caller) -> bool {
        let Some(shown) = caller.shown() else { return true };
        let known = self.tokens.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&shown.hash).is_some_and(|known| {
            let now = &known.caller;
            let is_same = now.roles() == shown.roles && *now.scope() == shown.scope;
            is_same && known.expires_at.is_none_or(|end| self.tokens.clock.now() < end)
        })
    }

    fn find(&self, token: &str) -> Result<Caller, Refused> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Refused::Unknown);
        }
        let now = self.tokens.clock.now();
        let known = self.tokens.known.read().unwrap_or_else(PoisonError::into_inner);
        // Tokens are never compared, only hashes, and how long that takes tells nothing: the hash of what a caller sends
        // is no secret to that caller, and even a whole hash of ours, once known, gives no token that has it.
        let known = known.get(&TokenHash::of(token)).ok_or(Refused::Unknown)?;
        if known.expires_at.is_some_and(|end| now >= end) {
            return Err(Refused::Expired { caller: known.caller.clone() });
        }
        known.used_at.store(now.0, Ordering::Relaxed);
        Ok(known.caller.clone())
    }

    /// Who sent these headers, when that token may do what is needed. With `cookies` the token may also be that of a session.
    pub(crate) fn check(&self, need: Need, headers: &HeaderMap, cookies: bool) -> Result<Caller, Refused> {
        let in_cookie = || session(headers).filter(|_| cookies);
        let token = token_in(headers).or_else(in_cookie).ok_or(Refused::Missing { need })?;
        let caller = self.find(token)?;
        if !need.one_of.meet(caller.roles()) {
            return Err(Refused::TooLittle { caller, need });
        }
        if need.is_whole && !caller.scope().is_whole() {
            return Err(Refused::TooNarrow { caller });
        }
        Ok(caller)
    }
}

/// All tokens by their hashes, with the uses that are known already.
fn know(fixed: &[Token], made: &[Token], before: &HashMap<TokenHash, Known>) -> HashMap<TokenHash, Known> {
    let mut uses: HashMap<TokenName, Arc<AtomicU64>> = before
        .values()
        .filter_map(|known| Some((known.caller.name()?.clone(), Arc::clone(&known.used_at))))
        .collect();
    let is_fixed =
        |token: &&Token| fixed.iter().any(|other| other.name == token.name || other.hash == token.hash);
    let made = made.iter().filter(|token| !is_fixed(token));
    let known = fixed.iter().chain(made).map(|token| {
        let Token { name, roles, scope, hash, expires_at } = token.clone();
        let used_at = Arc::clone(uses.entry(name.clone()).or_default());
        let caller = Caller::with(Shown { name, roles, scope, expires_at, hash });
        (hash, Known { caller, expires_at, used_at })
    });
    known.collect()
}

/// The token of a request: in one `Authorization: Bearer TOKEN`, and never in an address. Addresses end up in logs.
fn token_in(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    // Of two, somebody behind us might take the other.
    let (Some(one), None) = (all.next(), all.next()) else { return None };
    let (scheme, token) = one.to_str().ok()?.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("fixed", &self.tokens.fixed).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
