//! Dead letters.
//!
//! A buried job's letter is shown at once and owed to the log; its offset counts as settled when the debt is paid. The
//! letter then comes back from the log ([`crate::Entry::Dead`]), as do those from before the queue was wiped.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use hashbrown::HashMap;
use wasmill_job::{DeadLetter, JobId, JobType, Offset, UnixMs, wire};

use super::digest::{Part, of_text};
use super::{Core, Decision};
use crate::record::{DeadRow, EndedRow, Key, LaneNo, LastRow, Row, Serial, TypeNo, Write};

/// The index of dead letters; the letters themselves are in the store.
#[derive(Default)]
pub(super) struct DeadLetters {
    letters: BTreeMap<Arc<str>, Letter>,
    by_type: BTreeSet<(TypeNo, Arc<str>)>,
    by_id: HashMap<JobId, Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    /// `None`: the record could not be decoded.
    pub(super) job: Option<(TypeNo, JobId)>,
    pub(super) redrives: u32,
    pub(super) died_at: UnixMs,
    pub(super) debt: Option<Serial>,
}

/// A page of keys, and where the next one begins.
#[derive(Debug, Default)]
pub(crate) struct DeadChoice {
    pub(crate) keys: Vec<Arc<str>>,
    pub(crate) next: Option<String>,
}

impl DeadLetters {
    pub(super) fn of_job(&self, id: JobId) -> Option<&Letter> {
        self.letters.get(self.by_id.get(&id)?)
    }

    pub(super) fn key_of(&self, id: JobId) -> Option<&Arc<str>> {
        self.by_id.get(&id)
    }

    pub(super) fn insert(&mut self, key: Arc<str>, letter: Letter) {
        if let Some((job_type, id)) = letter.job {
            self.by_type.insert((job_type, key.clone()));
            self.by_id.insert(id, key.clone());
        }
        self.letters.insert(key, letter);
    }

    /// Notes the debt of a letter, or that it is paid; whether there is such a letter.
    pub(super) fn set_debt(&mut self, key: &str, debt: Option<Serial>) -> bool {
        let Some(letter) = self.letters.get_mut(key) else { return false };
        letter.debt = debt;
        true
    }

    fn remove(&mut self, key: &Arc<str>) -> Option<Letter> {
        let letter = self.letters.remove(key)?;
        if let Some((job_type, id)) = letter.job {
            self.by_type.remove(&(job_type, key.clone()));
            self.by_id.remove(&id);
        }
        Some(letter)
    }

    pub(super) fn letters(&self) -> &BTreeMap<Arc<str>, Letter> {
        &self.letters
    }
}

impl Letter {
    fn part(&self, key: &str) -> Part {
        Part::Dead(of_text(key), self.died_at.0)
    }

    /// Adds it to a digest.
    pub(super) fn sum(&self, key: &str, digest: &mut super::Digest) {
        digest.add(self.part(key));
    }
}

impl Core {
    /// Adds or replaces a dead letter; `owed` is the offset to be settled when the log has it.
    pub(super) fn add_dead(
        &mut self,
        letter: &DeadLetter,
        last: Option<LastRow>,
        earlier: Vec<EndedRow>,
        owed: Option<(LaneNo, Offset)>,
    ) {
        let key: Arc<str> = letter.key().into();
        self.forget_dead(&key);
        let job = letter.job.as_ref().map(|job| {
            let known = self.types.find(&job.job_type);
            (known.unwrap_or_else(|| self.new_type(job.job_type.clone())), job.id)
        });
        if let Some((job_type, _)) = job {
            self.types.get_mut(job_type).dead += 1;
        }
        let redrives = letter.job.as_ref().map_or(0, |job| job.redrives);
        let row = DeadRow {
            job: job.map(|(job_type, id)| (job_type, id.to_bytes())),
            redrives,
            died_at: letter.died_at,
            last,
            earlier,
        };
        let mut value = row.to_bytes();
        // A letter always has a wire form: its envelope holds nothing that JSON cannot.
        value.extend_from_slice(&wire::encode_dead(letter).unwrap_or_default());
        self.unwritten.writes.push(Write::Put(Key::Dead(key.clone()), value));
        let known = Letter { job, redrives, died_at: letter.died_at, debt: None };
        self.digest.add(known.part(&key));
        self.dead.insert(key.clone(), known);
        if let Some((lane, offset)) = owed {
            self.owe_letter(key, lane, offset);
        }
    }

    /// Removes a letter, and its debt with it.
    pub(super) fn forget_dead(&mut self, key: &Arc<str>) {
        let Some(letter) = self.dead.remove(key) else { return };
        if let Some((job_type, _)) = letter.job {
            self.types.get_mut(job_type).dead -= 1;
        }
        self.digest.remove(letter.part(key));
        self.unwritten.writes.push(Write::Delete(Key::Dead(key.clone())));
        if let Some(debt) = letter.debt {
            self.forgive(debt);
        }
    }

    /// A letter stands in the log: shows it, unless the job has moved on.
    pub(super) fn note_dead(&mut self, letter: &DeadLetter, now: UnixMs) {
        if let Some(job) = &letter.job {
            let alive = self.jobs.find(job.id).is_some();
            let done_since = self.marks.find(job.id, now).is_some_and(|mark| mark.redrives > job.redrives);
            if alive || done_since {
                return;
            }
        }
        let redrives = letter.job.as_ref().map_or(0, |job| job.redrives);
        let known = self.dead.letters.get(letter.key().as_str());
        // What the queue buried itself it knows better: it has logs, and perhaps a debt.
        let stale = known.is_some_and(|known| {
            known.debt.is_some() || known.redrives == redrives && known.died_at == letter.died_at
        });
        if !stale {
            self.add_dead(letter, None, Vec::new(), None);
        }
    }

    /// The letter with this key in the log was redriven or purged. One that the log does not have yet, or that is of a later
    /// death, cannot be meant.
    pub(super) fn note_undead(&mut self, record_key: &str) {
        let (key, redrives) = DeadLetter::split_record_key(record_key);
        self.throw_away(key, |letter| letter.redrives <= redrives);
    }

    fn throw_away(&mut self, key: &str, is_meant: impl Fn(&Letter) -> bool) {
        if self.dead.letters.get(key).is_some_and(|letter| letter.debt.is_none() && is_meant(letter)) {
            self.forget_dead(&key.into());
        }
    }

    /// Throws letters away, but for those that are owed; how many.
    pub(crate) fn purge(&mut self, keys: &[String]) -> Decision<usize> {
        let before = self.dead.letters.len();
        for key in keys {
            self.throw_away(key, |_| true);
        }
        let purged = before - self.dead.letters.len();
        self.decide(purged)
    }

    /// A page of dead letters' keys, in order. Cost: O(page).
    pub(crate) fn dead(&self, job_type: Option<&JobType>, after: Option<&str>, max: usize) -> DeadChoice {
        let after: Option<Arc<str>> = after.map(Into::into);
        let more = max.saturating_add(1);
        let mut keys: Vec<Arc<str>> = match job_type {
            None => {
                let from = after.map_or(Bound::Unbounded, Bound::Excluded);
                let range = self.dead.letters.range::<Arc<str>, _>((from, Bound::Unbounded));
                range.take(more).map(|(key, _)| key.clone()).collect()
            }
            Some(name) => {
                let Some(number) = self.types.find(name) else { return DeadChoice::default() };
                let from = after
                    .map_or(Bound::Included((number, "".into())), |after| Bound::Excluded((number, after)));
                let range = self.dead.by_type.range((from, Bound::Unbounded));
                let of_type = range.take_while(|(found, _)| *found == number);
                of_type.take(more).map(|(_, key)| key.clone()).collect()
            }
        };
        let more_follow = keys.len() > max;
        keys.truncate(max);
        let next = keys.last().filter(|_| more_follow).map(|key| key.to_string());
        DeadChoice { keys, next }
    }
}
