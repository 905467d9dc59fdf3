//! Pages of jobs in one state. Live jobs come in an order that their staying where they are keeps: pending ones by their
//! place in memory, scheduled ones by their due time, those in flight by the end of their lease. Jobs that are done come
//! newest first.

use std::fmt;
use std::ops::Bound;
use std::str::FromStr;

use wasmill_job::{Attempt, JobId, JobType, UnixMs};

use super::Core;
use super::jobs::{Live, Place, SlotNo};
use crate::record::{Serial, TypeNo};
use crate::{JobView, State};

/// Jobs looked at for one page at most; a page that found nothing among them says where to go on.
const LOOKED_AT_MAX: usize = 50_000;

/// Where a page begins: behind this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor(u64, u32);

/// A text is no cursor of a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not where a page of jobs ended; begin the list anew")]
pub(crate) struct InvalidCursor(String);

/// Some live jobs, and where the next page begins.
#[derive(Debug, Default)]
pub(crate) struct LivePage {
    pub(crate) jobs: Vec<JobView>,
    pub(crate) next: Option<Cursor>,
}

impl Core {
    /// A page of the jobs that are pending, scheduled or in flight. Cost: O(page); O(jobs looked at) if a type is asked
    /// for, and for pending jobs.
    pub(crate) fn list_live(
        &self,
        state: State,
        job_type: Option<&JobType>,
        after: Option<Cursor>,
        max: usize,
    ) -> LivePage {
        let number = match job_type.map(|name| self.types.find(name)) {
            None => None,
            Some(Some(number)) => Some(number),
            Some(None) => return LivePage::default(),
        };
        let waits = self
            .types
            .iter()
            .any(|(found, state)| number.is_none_or(|number| number == found) && state.pending.len() > 0);
        match state {
            State::Pending if waits => {
                let from = after.map_or(0, |Cursor(_, slot)| slot as usize);
                self.page(self.jobs.from(from).map(|slot| (0, slot)), state, number, max)
            }
            State::Scheduled => self.page(beyond(&self.due, after), state, number, max),
            State::InFlight => self.page(beyond(&self.leases, after), state, number, max),
            _ => LivePage::default(),
        }
    }

    fn page(
        &self,
        candidates: impl Iterator<Item = (u64, SlotNo)>,
        state: State,
        job_type: Option<TypeNo>,
        max: usize,
    ) -> LivePage {
        let mut page = LivePage::default();
        let mut candidates = candidates.peekable();
        let mut looked_at = 0;
        while let Some((at, slot)) = candidates.next() {
            looked_at += 1;
            let asked_for = |live: &&Live| {
                job_type.is_none_or(|number| number == live.job_type) && state_of(live).0 == state
            };
            if let Some(live) = self.jobs.get(slot).filter(asked_for) {
                page.jobs.push(self.view(live));
            }
            if (page.jobs.len() >= max.max(1) || looked_at == LOOKED_AT_MAX) && candidates.peek().is_some() {
                page.next = Some(Cursor(at, slot.number()));
                break;
            }
        }
        page
    }

    /// A live job, without its last attempt.
    pub(super) fn view(&self, live: &Live) -> JobView {
        let (state, due_at) = state_of(live);
        JobView {
            id: live.id,
            job_type: self.types.get(live.job_type).name.clone(),
            state,
            attempts: Attempt(live.attempts),
            accepted_at: live.accepted_at,
            due_at,
            ended_at: None,
            last: None,
            earlier: Vec::new(),
        }
    }

    /// The newest pack of results that a list looks at after `after`, and how many of its results are left to look at.
    pub(crate) fn pack_of_results(&self, after: Option<Cursor>) -> Option<(Serial, u32)> {
        match after {
            Some(Cursor(pack, index)) if index > 0 && self.results.len_of(Serial(pack)).is_some() => {
                Some((Serial(pack), index))
            }
            after => self.results.before(after.map(|Cursor(pack, _)| Serial(pack))),
        }
    }

    /// The cursor behind which only the first `left` results of a pack and older packs are.
    pub(crate) fn cursor_at(pack: Serial, left: u32) -> Cursor {
        Cursor(pack.0, left)
    }

    /// Whether the job's newest run is the one whose result is in this entry of this pack.
    pub(crate) fn is_newest(&self, id: JobId, pack: Serial, index: u32) -> bool {
        self.jobs.find(id).is_none()
            && self.dead.key_of(id).is_none()
            && self.results.find(id) == Some((pack, index))
    }
}

fn state_of(live: &Live) -> (State, Option<UnixMs>) {
    match live.place {
        Place::Pending { .. } => (State::Pending, None),
        Place::InFlight { .. } => (State::InFlight, None),
        Place::Scheduled { due } => (State::Scheduled, Some(due)),
    }
}

fn beyond(
    set: &std::collections::BTreeSet<(UnixMs, SlotNo)>,
    after: Option<Cursor>,
) -> impl Iterator<Item = (u64, SlotNo)> {
    let from = after.and_then(|Cursor(at, slot)| Some((UnixMs(at), SlotNo::from_number(slot)?)));
    let from = from.map_or(Bound::Unbounded, Bound::Excluded);
    set.range((from, Bound::Unbounded)).map(|(at, slot)| (at.0, *slot))
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}", self.0, self.1)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;
    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let parts = text.split_once('-').and_then(|(at, number)| {
            Some(Self(u64::from_str_radix(at, 16).ok()?, u32::from_str_radix(number, 16).ok()?))
        });
        parts.ok_or_else(|| InvalidCursor(text.into()))
    }
}
