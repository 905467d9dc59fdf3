//! Problem documents (RFC 9457), as the server gives them, told in a sentence.

use std::fmt;

use serde::Deserialize;

use crate::client::Answer;

/// What a refusal says. Members that are not known here are left aside.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Problem {
    /// `urn:wasmill:problem:<name>`.
    #[serde(default, rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) detail: String,
}

impl Problem {
    /// The problem in an answer; one that only names the status when the body is something else.
    pub(crate) fn of(answer: &Answer) -> Self {
        let parsed: Option<Self> = serde_json::from_slice(&answer.body).ok();
        let mut problem = parsed.unwrap_or_default();
        problem.status = answer.status.as_u16();
        if problem.title.is_empty() {
            problem.title = answer.status.canonical_reason().unwrap_or("an unknown status").to_lowercase();
        }
        problem
    }

    /// What can be done on this side, when it is about the token.
    pub(crate) fn advice(&self) -> Option<&'static str> {
        match (self.status, self.kind.as_str()) {
            (401, _) => Some(
                "Commands read the token from the variable WASMILL_TOKEN, or from the file that --token-file names.",
            ),
            (403, "urn:wasmill:problem:right-missing" | "urn:wasmill:problem:type-forbidden") => Some(
                "Another token goes into the variable WASMILL_TOKEN, or into the file that --token-file names.",
            ),
            _ => None,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.detail.is_empty() {
            write!(f, "{} ({})", self.title, self.status)
        } else {
            f.write_str(&self.detail)
        }
    }
}
