//! What became of letters: the answer of a redrive or a purge, and the sum of several.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::failure::{Exit, Failure, Result};
use crate::terminal::{GREEN, YELLOW, print, styled, tell};

/// What is done with the letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Redrive,
    Purge,
}

/// The answer of a redrive or a purge.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Outcome {
    #[serde(alias = "redriven", alias = "purged")]
    pub(super) done: u64,
    pub(super) waiting: u64,
    #[serde(default)]
    pub(super) refused: u64,
    #[serde(default)]
    refusals: Vec<Refusal>,
    pub(super) unknown: Vec<String>,
}

/// A letter that cannot be redriven.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Refusal {
    id: String,
    why: String,
}

/// How many refused letters are named, as one answer of the server does.
const NAMED_MAX: usize = 100;

impl Act {
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Redrive => "/v1/dead/redrive",
            Self::Purge => "/v1/dead/purge",
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Redrive => "redrive",
            Self::Purge => "purge",
        }
    }

    pub(super) fn done(self) -> &'static str {
        match self {
            Self::Redrive => "redriven",
            Self::Purge => "purged",
        }
    }

    /// The question before it, about letters that are described.
    pub(super) fn question(self, letters: &str) -> String {
        match self {
            Self::Redrive => format!("Run {letters} again?"),
            Self::Purge => format!("Throw {letters} away for good?"),
        }
    }
}

impl Outcome {
    /// Letters that are there, whatever can be done with them.
    pub(super) fn found(&self) -> u64 {
        self.done + self.waiting + self.refused
    }

    /// Adds the answer about another page.
    pub(super) fn add(&mut self, page: Self) {
        self.done += page.done;
        self.waiting += page.waiting;
        self.refused += page.refused;
        let room = NAMED_MAX.saturating_sub(self.refusals.len());
        self.refusals.extend(page.refusals.into_iter().take(room));
        self.unknown.extend(page.unknown);
    }

    /// As the server would have said it in one answer.
    pub(super) fn as_json(&self, act: Act) -> String {
        let mut answer = serde_json::json!({ "waiting": self.waiting, "unknown": self.unknown });
        answer[act.done()] = self.done.into();
        if act == Act::Redrive {
            answer["refused"] = self.refused.into();
            answer["refusals"] = serde_json::json!(self.refusals);
        }
        format!("{answer}\n")
    }

    /// Tells what would be done.
    pub(super) fn foretell(&self, act: Act) -> Result<()> {
        print(&format!("{} {} {}\n", styled(YELLOW, "would be"), act.done(), letters(self.done)))?;
        self.tell_left_over();
        Ok(())
    }

    /// Tells what was done, in words or as the server would have.
    ///
    /// # Errors
    /// When something was not done.
    pub(super) fn tell(&self, act: Act, json: bool) -> Result<()> {
        if json {
            print(&self.as_json(act))?;
        }
        self.conclude(act, json)
    }

    /// Tells what was done, unless that is told already.
    ///
    /// # Errors
    /// When something was not done.
    pub(super) fn conclude(&self, act: Act, is_told: bool) -> Result<()> {
        if !is_told {
            print(&format!("{} {}\n", styled(GREEN, act.done()), letters(self.done)))?;
            self.tell_left_over();
        }
        if self.waiting + self.refused + self.unknown.len() as u64 == 0 {
            return Ok(());
        }
        Err(Failure::new(Exit::No, format_args!("not every letter was {}.", act.done())))
    }

    fn tell_left_over(&self) {
        let text = self.left_over();
        if !text.is_empty() {
            tell(text.trim_end());
        }
    }

    /// What is not done, a line each.
    fn left_over(&self) -> String {
        let mut text = String::new();
        if self.waiting > 0 {
            let _ = writeln!(
                text,
                "{} {} are not in the log yet; repeat in a moment",
                styled(YELLOW, "waiting"),
                self.waiting
            );
        }
        for Refusal { id, why } in &self.refusals {
            let _ = writeln!(text, "{} {id}: {why}", styled(YELLOW, "refused"));
        }
        let unnamed = self.refused.saturating_sub(self.refusals.len() as u64);
        if unnamed > 0 {
            let _ = writeln!(text, "{} {unnamed} more", styled(YELLOW, "refused"));
        }
        for id in &self.unknown {
            let _ = writeln!(text, "{} {id}: there is no such letter", styled(YELLOW, "unknown"));
        }
        text
    }
}

/// So many letters.
fn letters(count: u64) -> String {
    if count == 1 { "1 dead letter".into() } else { format!("{count} dead letters") }
}

#[cfg(test)]
mod tests;
