//! Who calls, for the handlers: what the token's roles and scope leave of what is asked.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use wasmill_job::{JobType, Role, Roles, Scope, TokenHash, TokenName, UnixMs};

use crate::{Kind, Problem};

/// Who calls. Cheap to clone. Stands in the extensions of each request that was let in with a token, and of its answer.
#[derive(Clone, Debug)]
pub struct Caller(Option<Arc<Shown>>);

/// What is known of the token that was shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) name: TokenName,
    pub(crate) roles: Roles,
    pub(crate) scope: Scope,
    pub(crate) expires_at: Option<UnixMs>,
    pub(crate) hash: TokenHash,
}

static WHOLE: Scope = Scope::WHOLE;

impl Caller {
    /// Whoever calls where nobody is asked for a token: may do everything.
    pub fn anybody() -> Self {
        Self(None)
    }

    pub(crate) fn with(shown: Shown) -> Self {
        Self(Some(Arc::new(shown)))
    }

    pub(crate) fn shown(&self) -> Option<&Shown> {
        self.0.as_deref()
    }

    /// The name of the token; none where nobody is asked for one.
    pub fn name(&self) -> Option<&TokenName> {
        self.0.as_ref().map(|shown| &shown.name)
    }

    pub fn roles(&self) -> Roles {
        self.0.as_ref().map_or(Roles::ALL, |shown| shown.roles)
    }

    /// The job types that the token is for.
    pub fn scope(&self) -> &Scope {
        self.0.as_ref().map_or(&WHOLE, |shown| &shown.scope)
    }

    /// When the token ends.
    pub fn expires_at(&self) -> Option<UnixMs> {
        self.0.as_ref().and_then(|shown| shown.expires_at)
    }

    /// Refuses what is about a job type that the token is not for. The text need not name a type that exists: to ask for a
    /// foreign one tells nothing about it.
    ///
    /// # Errors
    /// 403.
    pub fn require_type(&self, job_type: &str) -> Result<(), Problem> {
        if self.scope().covers_text(job_type) {
            return Ok(());
        }
        /// As much of a stranger's text as an answer repeats, in characters.
        const SHOWN: usize = 128;
        let shown: String = job_type.chars().take(SHOWN).collect();
        Err(self.out_of_scope(&format!("`{shown}` is none of them")))
    }

    /// Refuses what is about all job types, unless the token is for all.
    ///
    /// # Errors
    /// 403; `what` says what it is about, such as "this changes the queue `mail`".
    pub fn require_whole(&self, what: &str) -> Result<(), Problem> {
        if self.scope().is_whole() { Ok(()) } else { Err(self.out_of_scope(what)) }
    }

    /// Refuses a filter that lets through what the token is not for.
    ///
    /// # Errors
    /// 403.
    pub fn require_filter(&self, job_type: Option<&JobType>) -> Result<(), Problem> {
        match job_type {
            Some(job_type) => self.require_type(job_type.as_str()),
            None => self.require_whole("this is about all job types; name one of them as `type`"),
        }
    }

    fn out_of_scope(&self, what: &str) -> Problem {
        let patterns: Vec<_> = self.scope().patterns().map(str::to_owned).collect();
        let name = self.name().map_or("", TokenName::as_str);
        let detail = format!("The token `{name}` is for the job types {}, and {what}.", self.scope());
        Problem::new(Kind::TypeForbidden, detail).with("types", patterns)
    }

    /// Refuses to give a token away that could do more than this one.
    ///
    /// # Errors
    /// 403, naming what is more.
    pub fn require_no_more(&self, roles: Roles, expires_at: Option<UnixMs>) -> Result<(), Problem> {
        let more: Vec<_> =
            roles.iter().filter(|role| !self.roles().contain(*role)).map(Role::as_str).collect();
        let name = self.name().map_or("", TokenName::as_str);
        if !more.is_empty() {
            let detail = format!(
                "Nobody gives away more than they have: the token `{name}` has not the role {}.",
                more.join(", ")
            );
            return Err(Problem::new(Kind::RightMissing, detail).with("roles", more));
        }
        match self.expires_at() {
            Some(end) if expires_at.is_none_or(|asked| asked > end) => {
                let detail = format!(
                    "Nobody gives away more than they have: the token `{name}` ends sooner than that, at {} ms since 1970.",
                    end.0
                );
                Err(Problem::new(Kind::RightMissing, detail).with("expires_at_ms", end.0))
            }
            _ => Ok(()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(Self::anybody))
    }
}
