//! Which dead letters an operator means, and walking through them: page after page, so that thousands take no more
//! memory than a few.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;

use serde::Deserialize;
use utoipa::ToSchema;
use wasmill_http::{Caller, Kind, Problem};
use wasmill_job::{DeadLetter, JobType};
use wasmill_log::Log;
use wasmill_queue::{DeadQuery, Debt, Queue};

use crate::dead::read_type;
use crate::dead_error::ErrorFilter;
use crate::router::{Console, Storage};
use crate::trouble::queue_problem;

/// Letters of a page, which become one append: enough for one fsync to serve many, few enough to be held with their
/// payloads.
const PAGE: usize = 100;

/// More debts than this are not looked through: then the log is in trouble, and so would a redrive be.
const DEBTS_MAX: usize = 100_000;

/// Ids or type and ids, or everything.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedLetters {
    /// Only letters of this type.
    pub(crate) r#type: Option<String>,
    /// These letters, by the ids that the list shows.
    #[serde(default)]
    pub(crate) ids: Vec<String>,
    /// All letters (of the type, if one is named).
    #[serde(default)]
    pub(crate) all: bool,
    /// Only letters with this failure code, such as `trap`.
    pub(crate) code: Option<String>,
    /// Only letters whose message is of this shape, as `GET /v1/dead/groups` shows it.
    pub(crate) error: Option<String>,
    /// Changes nothing, and says what would be done.
    #[serde(default)]
    pub(crate) dry_run: bool,
    /// Must be true for a purge: it cannot be undone.
    #[serde(default)]
    pub(crate) confirm: bool,
}

/// Walks through the letters meant.
pub(crate) struct Selection {
    job_type: Option<JobType>,
    errors: ErrorFilter,
    next: Next,
    /// Ids that name no letter (of the type).
    pub(crate) unknown: Vec<String>,
}

enum Next {
    Ids(VecDeque<String>),
    After(Option<String>),
    Done,
}

impl WantedLetters {
    /// Which letters, for the audit.
    pub(crate) fn subject(&self) -> String {
        let of = self.r#type.as_deref().map_or_else(String::new, |job_type| format!(" of type {job_type}"));
        if self.all {
            format!("all dead letters{of}")
        } else {
            format!("dead letters{of}: {}", self.ids.join(", "))
        }
    }

    /// # Errors
    /// 400 unless exactly one of `ids` and `all` says which, 403 when they are none of the caller's: a token for some job
    /// types has to name one of them.
    pub(crate) fn select(self, caller: &Caller) -> Result<Selection, Problem> {
        let job_type = self.r#type.as_deref().map(read_type).transpose()?;
        caller.require_filter(job_type.as_ref())?;
        let invalid = |detail| Err(Problem::new(Kind::InvalidField, detail));
        let next = match (self.ids.is_empty(), self.all) {
            (true, true) => Next::After(None),
            // Sorted, and each once.
            (false, false) => Next::Ids(self.ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect()),
            (true, false) => return invalid("Say which letters: name their ids, or say \"all\": true."),
            (false, true) => return invalid("Both ids and \"all\": true are given; which is meant?"),
        };
        let errors = ErrorFilter { code: self.code, shape: self.error };
        Ok(Selection { job_type, errors, next, unknown: Vec::new() })
    }
}

impl Selection {
    /// The next letters; empty when there are no more.
    ///
    /// # Errors
    /// When the queue does not answer.
    pub(crate) async fn page<Q: Queue>(&mut self, queue: &Q) -> Result<Vec<Arc<DeadLetter>>, Problem> {
        match &mut self.next {
            Next::Done => Ok(Vec::new()),
            Next::After(after) => {
                let mut after = after.take();
                // Until some of a page are meant: an empty answer says that there are no more.
                loop {
                    let query = DeadQuery { job_type: self.job_type.clone(), after, max: PAGE };
                    let mut page = queue.dead(query).await.map_err(|error| queue_problem(&error))?;
                    page.letters.retain(|letter| self.errors.holds(letter));
                    match page.next {
                        Some(next) if page.letters.is_empty() => after = Some(next),
                        next => {
                            self.next = next.map_or(Next::Done, |next| Next::After(Some(next)));
                            return Ok(page.letters);
                        }
                    }
                }
            }
            Next::Ids(ids) => {
                let mut letters = Vec::new();
                while letters.len() < PAGE
                    && let Some(id) = ids.pop_front()
                {
                    match find(queue, self.job_type.as_ref(), &id).await? {
                        Some(letter) if self.errors.holds(&letter) => letters.push(letter),
                        _ => self.unknown.push(id),
                    }
                }
                Ok(letters)
            }
        }
    }
}

/// The letter with this key: the first after everything that is smaller.
pub(crate) async fn find<Q: Queue>(
    queue: &Q,
    job_type: Option<&JobType>,
    key: &str,
) -> Result<Option<Arc<DeadLetter>>, Problem> {
    let query = DeadQuery { job_type: job_type.cloned(), after: just_before(key), max: 1 };
    let page = queue.dead(query).await.map_err(|error| queue_problem(&error))?;
    Ok(page.letters.into_iter().next().filter(|letter| letter.key() == key))
}

/// A text that sorts before `key`, with no key in between: the last character one lower, then the highest there is.
fn just_before(key: &str) -> Option<String> {
    let mut chars = key.chars();
    let last = chars.next_back()?;
    let lower = char::from_u32(u32::from(last).checked_sub(1)?)?;
    Some(format!("{}{lower}{}", chars.as_str(), char::MAX))
}

/// The keys of letters that the log does not have yet. A tombstone appended before its letter would bury nothing: these
/// have to wait until the relay has paid. Without a log nothing is owed.
///
/// # Errors
/// When the queue does not answer, or owes more than can be looked through.
pub(crate) async fn owed_keys<L: Log, Q: Queue>(console: &Console<L, Q>) -> Result<HashSet<String>, Problem> {
    if matches!(console.storage, Storage::Queue) {
        return Ok(HashSet::new());
    }
    let debts = console.queue.owed(DEBTS_MAX).await.map_err(|error| queue_problem(&error))?;
    if debts.len() == DEBTS_MAX {
        let detail = "The queue owes the log too many dead letters; repeat when the relay has written them.";
        return Err(Problem::new(Kind::Unavailable, detail).retry_after(5));
    }
    Ok(debts.iter().filter_map(Debt::letter).map(|letter| letter.key()).collect())
}

#[cfg(test)]
mod tests;
