//! Take: jobs of the offered types, fair between types, by virtual time: each job served moves its type's turn on by
//! one part in its weight, the smallest turn is next, and a type that was idle begins where the others are.
//!
//! Cost: O(k log ready types), plus one look at each ready type that is not offered, paused, at its concurrency or held
//! back by its rate; types without pending jobs cost nothing. O(types offered) when a worker's offer is a new one.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::num::NonZeroU64;
use std::sync::Arc;

use wasmill_job::{Attempt, JobType, UnixMs};

use super::digest::Part;
use super::jobs::{Place, SlotNo};
use super::{Core, Decision};
use crate::record::{Key, Row, Serial, TakeRow, TypeNo, Write};
use crate::{ClaimRef, Offer, Take, Token, WorkerId};

/// Workers whose last take is remembered although its leases are over.
const IDLE_WORKERS_MAX: usize = 64;

/// A job that was taken: enough to make its claim once its payload is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) chunk: Serial,
    pub(crate) index: u8,
    pub(crate) job_type: JobType,
    pub(crate) attempt: Attempt,
    pub(crate) lease_until: UnixMs,
    pub(crate) token: Token,
    pub(crate) suspect: bool,
    /// Under which serial its last failure is stored, if it has one.
    pub(crate) failed: Option<Serial>,
}

/// A worker's last take.
pub(super) struct LastTake {
    request: u64,
    offer: Arc<Offer>,
    jobs: Vec<LastTaken>,
    until: UnixMs,
}

struct LastTaken {
    slot: SlotNo,
    serial: Serial,
    token: Token,
    suspect: bool,
}

impl LastTake {
    /// Whether it was made with this very offer.
    pub(super) fn is_of(&self, offer: &Arc<Offer>) -> bool {
        Arc::ptr_eq(&self.offer, offer)
    }
}

impl Core {
    /// Takes up to `take.max` jobs. A repeated request gives what is left of the same claims; one older than the last
    /// gives nothing.
    pub(crate) fn take(&mut self, take: &Take, now: UnixMs) -> Decision<Vec<Taken>> {
        self.tend(now, usize::MAX);
        if let Some(last) = self.workers.get(&take.worker).filter(|last| take.request <= last.request) {
            let again = if take.request == last.request { self.again(last) } else { Vec::new() };
            return self.decide(again);
        }
        self.hear(take);
        let (request, offer) = (take.request, take.offer.clone());
        let order = self.choose(&offer, take.max, now);
        if order.is_empty() {
            self.remember(take.worker, LastTake { request, offer, jobs: Vec::new(), until: now }, now);
            return self.decide(Vec::new());
        }
        let until = now.plus(take.lease);
        let number = self.number();
        let mut row = TakeRow { jobs: Vec::with_capacity(order.len()) };
        let mut jobs = Vec::with_capacity(order.len());
        let mut taken = Vec::with_capacity(order.len());
        for job_type in order {
            let Some(slot) = self.types.get(job_type).pending.first() else { continue };
            let token = Token { worker: take.worker, claim: self.next_claim };
            self.next_claim = self.next_claim.wrapping_add(1);
            self.leave(slot);
            self.make_in_flight(slot, token, until);
            let live = &mut self.jobs[slot];
            live.attempts = live.attempts.saturating_add(1);
            row.jobs.push((live.serial, live.attempts));
            let held = std::mem::replace(&mut live.take, NonZeroU64::new(number.0));
            // Neither retried nor released since it was taken last: that claim was lost. Or it was given back as a suspect.
            let suspect = held.is_some() | std::mem::take(&mut live.suspect);
            jobs.push(LastTaken { slot, serial: live.serial, token, suspect });
            self.let_go_of_take(held);
            taken.push(self.taken(slot, token, until, suspect));
        }
        self.takes.insert(number, u32::try_from(jobs.len()).unwrap_or(u32::MAX));
        self.digest.add(Part::Take(number));
        self.unwritten.writes.push(Write::Put(Key::Take(number), row.to_bytes()));
        self.remember(take.worker, LastTake { request, offer, jobs, until }, now);
        self.decide(taken)
    }

    /// Moves leases to `until`; returns the claims that are lost.
    pub(crate) fn renew(&mut self, claims: Vec<ClaimRef>, until: UnixMs, now: UnixMs) -> Vec<ClaimRef> {
        let mut lost = Vec::new();
        for claim in claims {
            let Some(slot) = self.held(&claim, now) else {
                lost.push(claim);
                continue;
            };
            self.leave_lease(slot);
            self.jobs[slot].place = Place::InFlight { token: claim.token, until };
            self.leases.insert((until, slot));
        }
        lost
    }

    /// The job a claim is for, if the claim is current and its lease has not run out.
    pub(super) fn held(&self, claim: &ClaimRef, now: UnixMs) -> Option<SlotNo> {
        let slot = self.jobs.find(claim.id)?;
        match self.jobs[slot].place {
            Place::InFlight { token, until } if token == claim.token && until > now => Some(slot),
            _ => None,
        }
    }

    fn leave_lease(&mut self, slot: SlotNo) {
        if let Place::InFlight { until, .. } = self.jobs[slot].place {
            self.leases.remove(&(until, slot));
        }
    }

    /// Which types to serve, in order, one entry a job.
    fn choose(&mut self, offer: &Offer, max: usize, now: UnixMs) -> Vec<TypeNo> {
        let mut order = Vec::new();
        // The types being served, by turn, and how many more each may give.
        let mut open: BinaryHeap<Reverse<(u64, TypeNo)>> = BinaryHeap::new();
        let mut left: BTreeMap<TypeNo, u64> = BTreeMap::new();
        let (mut capped, mut limited) = (Vec::new(), Vec::new());
        let mut waiting = self.types.ready.iter().peekable();
        while order.len() < max {
            let open_turn = open.peek().map(|Reverse((turn, _))| *turn);
            if let Some(&&(turn, number)) =
                waiting.peek().filter(|(turn, _)| open_turn.is_none_or(|open| *turn <= open))
            {
                waiting.next();
                let found = self.types.get(number);
                if found.flow.paused || !offer.types.contains_key(&found.name) {
                    continue;
                }
                let (places, tokens) = (found.flow.places(found.in_flight), found.flow.tokens(now));
                let takeable = places.min(found.pending.len());
                if places < found.pending.len() {
                    capped.push(number);
                }
                if tokens < takeable {
                    limited.push(number);
                }
                let room = takeable.min(tokens);
                if room > 0 {
                    left.insert(number, room);
                    open.push(Reverse((turn, number)));
                }
                continue;
            }
            let Some(Reverse((turn, number))) = open.pop() else { break };
            order.push(number);
            if let Some(more) = left.get_mut(&number) {
                *more -= 1;
                if *more > 0 {
                    open.push(Reverse((turn + self.types.get(number).flow.stride(), number)));
                }
            }
        }
        for number in capped {
            self.types.get_mut(number).capped = true;
        }
        self.types.advance(&order, now);
        for number in limited {
            // Where the take was full before the tokens were used up, another may follow at once.
            if let Some(at) = self.types.get(number).flow.next_token(now) {
                self.types.await_token(number, at);
            }
        }
        order
    }

    fn taken(&self, slot: SlotNo, token: Token, lease_until: UnixMs, suspect: bool) -> Taken {
        let live = &self.jobs[slot];
        Taken {
            chunk: live.chunk(),
            index: live.index,
            job_type: self.types.get(live.job_type).name.clone(),
            attempt: Attempt(live.attempts),
            lease_until,
            token,
            suspect,
            failed: live.failed.then_some(live.serial),
        }
    }

    fn again(&self, last: &LastTake) -> Vec<Taken> {
        let held = last.jobs.iter().filter_map(|LastTaken { slot, serial, token, suspect }| {
            match self.jobs.still(*slot, *serial)?.place {
                Place::InFlight { token: current, until } if current == *token => {
                    Some(self.taken(*slot, *token, until, *suspect))
                }
                _ => None,
            }
        });
        held.collect()
    }

    fn remember(&mut self, worker: WorkerId, last: LastTake, now: UnixMs) {
        if self.workers.len() >= IDLE_WORKERS_MAX && !self.workers.contains_key(&worker) {
            self.workers.retain(|_, last| last.until > now);
        }
        self.workers.insert(worker, last);
    }
}
