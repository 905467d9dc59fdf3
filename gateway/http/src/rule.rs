//! What a route needs of its callers, and what it changes: said once for each, by whoever composes the process.

use axum::http::Method;
use wasmill_job::{Role, Roles};

/// What is said of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What a caller has to be; `None` is open to everybody.
    pub need: Option<Need>,
    /// What it changes, in the words of the audit; `None` for what changes nothing.
    pub change: Option<&'static str>,
}

/// What a caller has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// One of these roles is enough.
    pub one_of: Roles,
    /// Only tokens for all job types: what is done there cannot be told apart by them.
    pub is_whole: bool,
}

/// The rule of a route, by its method and its pattern (`/v1/jobs/{type}/{id}`).
pub type Rules = fn(method: &Method, route: &str) -> Rule;

impl Rule {
    /// Open to everybody, and changes nothing.
    pub const OPEN: Self = Self { need: None, change: None };

    /// For callers with one of these roles; what is of job types is limited to those of the token.
    pub const fn roles(one_of: &[Role]) -> Self {
        Self { need: Some(Need { one_of: Roles::of(one_of), is_whole: false }), change: None }
    }

    /// For callers with one of these roles and a token for all job types.
    pub const fn whole(one_of: &[Role]) -> Self {
        Self { need: Some(Need { one_of: Roles::of(one_of), is_whole: true }), change: None }
    }

    /// Each call is told in the audit, by this name.
    #[must_use]
    pub const fn changes(self, what: &'static str) -> Self {
        Self { change: Some(what), ..self }
    }

    /// What holds for a route that nobody has decided about: it is closed to all but operators, and what it may change is
    /// told.
    pub fn undecided(method: &Method) -> Self {
        let rule = Self::whole(&[Role::Operate]);
        if method.is_safe() { rule } else { rule.changes("undecided") }
    }
}

/// The rule of a request. What asks for a head alone asks for as much as what asks for all.
pub(crate) fn rule_of(rules: Rules, method: &Method, route: Option<&str>) -> Rule {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    // What has no pattern was not thought of when the rules were written down.
    route.map_or_else(|| Rule::undecided(method), |route| rules(method, route))
}
