//! Flow: what the routing table allows of each type, as the highest revision that workers have shown says. Not stored:
//! workers show it again.

use hashbrown::HashMap;
use wasmill_job::{JobType, Rate, Revision, UnixMs};

use super::Core;
use super::job_types::Types;
use crate::{Offer, TypeOffer};

/// What one job served moves a type of weight 1 on by, in virtual time. Weights up to 16 divide it evenly, and one of
/// 1,000, the largest, gets its share to within a thousandth; 2^64 is reached after 25,000,000,000,000 jobs.
const STRIDE: u64 = 720_720;
const WEIGHT_MAX: u64 = 1_000;

/// What is in force for one type.
#[derive(Clone, Debug, Default)]
pub(super) struct Flow {
    /// The revision that said so last.
    told_by: Revision,
    pub(super) paused: bool,
    terms: TypeOffer,
    tokens: Tokens,
    /// When a token comes for jobs that the last take had to leave behind; noted in `Types::tokens`.
    pub(super) awaited: Option<UnixMs>,
}

/// How far a type is ahead of its rate: the generic cell rate algorithm, whose theoretical arrival time is `at` plus
/// `ahead_ms`. Kept as a difference, so that rates of many jobs in a millisecond do not drown in the clock's digits.
#[derive(Clone, Copy, Debug, Default)]
struct Tokens {
    at: UnixMs,
    ahead_ms: f64,
}

/// What rounding may take from a token.
const ROUNDING: f64 = 1e-6;

impl Flow {
    /// What a revision says, if no higher one has spoken.
    fn hear(&mut self, revision: Revision, paused: bool, terms: Option<TypeOffer>) {
        if revision >= self.told_by {
            self.told_by = revision;
            self.paused = paused;
            self.terms = terms.unwrap_or(self.terms);
        }
    }

    /// What one job served moves the type on by.
    pub(super) fn stride(&self) -> u64 {
        STRIDE / u64::from(self.terms.weight.get()).min(WEIGHT_MAX)
    }

    /// How many more may be in flight.
    pub(super) fn places(&self, in_flight: u64) -> u64 {
        self.terms.concurrency.map_or(u64::MAX, |most| u64::from(most).saturating_sub(in_flight))
    }

    /// How many jobs may start now.
    pub(super) fn tokens(&self, now: UnixMs) -> u64 {
        self.terms.rate.map_or(u64::MAX, |rate| self.tokens.count(rate, now))
    }

    /// So many jobs start now.
    pub(super) fn spend(&mut self, jobs: u64, now: UnixMs) {
        if let Some(rate) = self.terms.rate {
            self.tokens.spend(rate, jobs, now);
        }
    }

    /// When the next token comes; `None` when there is one, or no rate.
    pub(super) fn next_token(&self, now: UnixMs) -> Option<UnixMs> {
        let rate = self.terms.rate?;
        (self.tokens.count(rate, now) == 0).then(|| self.tokens.next(rate, now))
    }
}

impl Tokens {
    fn ahead(&self, now: UnixMs) -> f64 {
        (self.ahead_ms - now.since(self.at).as_secs_f64() * 1_000.0).max(0.0)
    }

    fn count(&self, rate: Rate, now: UnixMs) -> u64 {
        let free = f64::from(rate.burst()) - self.ahead(now) / rate.interval_ms() + ROUNDING;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most the burst, which is a u32; and not negative"
        )]
        let count = free.max(0.0) as u64;
        count
    }

    fn spend(&mut self, rate: Rate, jobs: u64, now: UnixMs) {
        #[expect(clippy::cast_precision_loss, reason = "at most the burst, which is a u32")]
        let more = jobs as f64 * rate.interval_ms();
        *self = Self { at: now, ahead_ms: self.ahead(now) + more };
    }

    /// When there is one token, if there is none now.
    fn next(&self, rate: Rate, now: UnixMs) -> UnixMs {
        let over = self.ahead(now) - (f64::from(rate.burst()) - 1.0) * rate.interval_ms();
        let wait = (over - ROUNDING * rate.interval_ms()).max(0.0) / 1_000.0;
        let wait = std::time::Duration::try_from_secs_f64(wait).unwrap_or_default();
        // The clock counts whole milliseconds: at the first that is not too early.
        now.plus(wait + std::time::Duration::from_nanos(999_999)).max(UnixMs(now.0 + 1))
    }
}

/// What was said of types that the queue has no job of yet.
pub(super) type Early = HashMap<JobType, Flow>;

impl Types {
    /// Hears what an offer says of each type. Cost: O(types in it).
    fn hear(&mut self, offer: &Offer) {
        for (name, terms) in &offer.types {
            self.flow_of(name).hear(offer.revision, false, Some(*terms));
        }
        for name in &offer.paused {
            self.flow_of(name).hear(offer.revision, true, None);
        }
    }

    fn flow_of(&mut self, name: &JobType) -> &mut Flow {
        match self.find(name) {
            Some(number) => self.flow_mut(number),
            None => self.early.entry(name.clone()).or_default(),
        }
    }
}

impl Core {
    /// Hears an offer. Workers send the same one again and again, which costs nothing.
    pub(super) fn hear(&mut self, take: &crate::Take) {
        let known = self.workers.get(&take.worker).is_some_and(|last| last.is_of(&take.offer));
        if !known {
            self.types.hear(&take.offer);
        }
    }
}

#[cfg(test)]
mod tests;
