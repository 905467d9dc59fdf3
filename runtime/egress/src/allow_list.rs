//! What one job type may call, and the decision about one request.

use std::fmt;
use std::sync::Arc;

use crate::method::Method;
use crate::rule::{Rule, RuleError};
use crate::target::Target;

#[cfg(test)]
mod tests;

/// The rules of one job type, and whose they are. Empty by default: then nothing may be called. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowList {
    owner: Arc<str>,
    rules: Arc<[Rule]>,
}

/// No rule grants a request. A sentence for the handler's author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Denied(String);

/// A rule is looked for one by one, and a list is read by people.
const RULES_MAX: usize = 256;

impl AllowList {
    /// All rules, or every mistake in them.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, Vec<RuleError>> {
        if texts.len() > RULES_MAX {
            let reason =
                format!("a job type has at most {RULES_MAX} of them; grant a name with `*.` instead");
            return Err(vec![RuleError { rule: format!("a list of {}", texts.len()), reason }]);
        }
        let (mut rules, mut mistakes) = (Vec::new(), Vec::new());
        for text in texts {
            match text.as_ref().parse() {
                Ok(rule) => rules.push(rule),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if mistakes.is_empty() { Ok(Self { owner: "".into(), rules: rules.into() }) } else { Err(mistakes) }
    }

    /// The same rules for `owner`, such as a job type. Owners share no connections: what one of them did on a
    /// connection (a login that is bound to it, a response out of step) is never met by another.
    #[must_use]
    pub fn owned_by(self, owner: &str) -> Self {
        Self { owner: owner.into(), ..self }
    }

    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether `method` may go to `target`, and by which rule: one that is `private` goes before others,
    /// then the first in the list counts. Sends nothing and looks nothing up: the address is judged when the connection is opened.
    pub fn judge(&self, method: Method, target: &Target) -> Result<&Rule, Denied> {
        let grants = |rule: &&Rule| rule.allows(method) && rule.covers(target.origin());
        // Of equals the last wins there, so the list is walked from its end.
        let granting = self.rules.iter().rev().filter(grants).max_by_key(|rule| rule.reach());
        granting.ok_or_else(|| self.denied(method, target))
    }

    pub(crate) fn owner(&self) -> &Arc<str> {
        &self.owner
    }

    fn denied(&self, method: Method, target: &Target) -> Denied {
        let origin = target.origin();
        if self.rules.is_empty() {
            return Denied(format!("{method} {origin}: this job type has no grant for outgoing HTTP"));
        }
        if self.rules.iter().any(|rule| rule.covers(origin)) {
            return Denied(format!("{origin} is granted, but not with the method {method}"));
        }
        Denied(format!("no grant of this job type covers {origin}; scheme, host and port must all be named"))
    }
}

impl fmt::Display for AllowList {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for rule in &*self.rules {
            write!(out, "{separator}{rule}")?;
            separator = "; ";
        }
        Ok(())
    }
}
