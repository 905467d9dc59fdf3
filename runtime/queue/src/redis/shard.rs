//! One shard: what the port asks, as calls of scripts, and their answers.

use std::collections::HashMap;
use std::time::Duration;

use wasmill_job::{JobId, JobType, Offset, Progress, TopicPartition, UnixMs};

use super::letter;
use super::link::Link;
use super::record::{done_view, failed_attempt, job_of, listed, new_record};
use super::reply::Reply;
use super::script::{Call, Name};
use super::trouble::Trouble;
use crate::{Admission, Claim, ClaimRef, Counts, Entry, JobView, NewJob, Offer, State, Swept, Take, Token};

/// A shard of the queue, by its number.
#[derive(Clone, Copy)]
pub(super) struct Shard<'a> {
    pub(super) link: &'a Link,
    pub(super) number: usize,
}

/// How a push on a shard went.
pub(super) enum ShardPushed {
    /// What became of each entry; `None` for those that are no jobs.
    Applied(Vec<Option<Admission>>),
    Wants(Offset),
    Unknown,
    Full,
}

/// What a take on a shard gave.
pub(super) struct ShardTaken {
    pub(super) claims: Vec<Claim>,
    /// In how long something may start by itself.
    pub(super) next: Option<Duration>,
}

/// What a sweep on a shard did.
pub(super) struct ShardSwept {
    pub(super) swept: Swept,
    /// Something can be taken.
    pub(super) is_ready: bool,
    pub(super) next: Option<Duration>,
    /// The server was started again, and it is ours to look at what it has loaded.
    pub(super) has_to_mend: bool,
}

/// Where a page of a shard's list goes on.
pub(super) type Cursor = (String, String);

/// The types named in a push, each once, with how many jobs of it may be pending.
#[derive(Default)]
struct Types<'e> {
    numbers: HashMap<&'e JobType, usize>,
    named: Vec<(&'e JobType, Option<u64>)>,
}

impl<'e> Types<'e> {
    /// A type's number in this push, from 1.
    fn number(&mut self, name: &'e JobType, max_pending: Option<u64>) -> usize {
        let number = *self.numbers.entry(name).or_insert_with(|| {
            self.named.push((name, None));
            self.named.len()
        });
        if max_pending.is_some() {
            self.named[number - 1].1 = max_pending;
        }
        number
    }
}

impl Shard<'_> {
    /// The key of its core.
    pub(super) fn core(&self) -> &str {
        &self.link.cores()[self.number]
    }

    fn call(&self, name: Name) -> Call {
        self.link.call(name, self.number)
    }

    async fn list(&self, call: &Call) -> Result<Reply, Trouble> {
        Reply::list(self.link.run(call).await?)
    }

    async fn number_from(&self, call: &Call) -> Result<u64, Trouble> {
        let value = self.link.run(call).await?;
        Reply::list(redis::Value::Array(vec![value]))?.number()
    }

    pub(super) async fn resume(&self, lane: &TopicPartition, progress: &Progress) -> Result<Offset, Trouble> {
        let untracked = u8::from(lane.topic.is_compacted());
        let mut call = self.call(Name::Resume);
        call.arg(lane.to_string()).arg(untracked).arg(progress.floor.0);
        for range in progress.settled.iter() {
            call.arg(range.start).arg(range.end);
        }
        let mut answer = self.list(&call).await?;
        let (wanted, number, drops) = (answer.number()?, answer.number()?, answer.number()? == 1);
        if drops {
            self.drop_settled(number).await?;
        }
        Ok(Offset(wanted))
    }

    /// After a rollback: takes out live jobs that the log knows to be settled. A crash in between is mended by the next
    /// resume, which finds it noted.
    async fn drop_settled(&self, lane: u64) -> Result<(), Trouble> {
        let mut cursor = "0".to_owned();
        let mut dropped = 0;
        loop {
            let mut call = self.call(Name::Drop);
            call.arg(lane).arg(&cursor);
            let mut answer = self.list(&call).await?;
            cursor = answer.text()?;
            dropped += answer.number()?;
            if cursor == "0" {
                metrics::counter!("wasmill_queue_rolled_back_total").increment(dropped);
                return Ok(());
            }
        }
    }

    /// Pushes entries of a lane, or, without one, jobs that stand in no log.
    pub(super) async fn push(
        &self,
        range: Option<(&TopicPartition, Offset, Offset)>,
        entries: &[&Entry],
    ) -> Result<ShardPushed, Trouble> {
        let mut types = Types::default();
        let numbers: Vec<Option<usize>> = entries
            .iter()
            .map(|entry| match entry {
                Entry::Job { new, .. } => Some(types.number(&new.job.job_type, new.max_pending)),
                Entry::Dead { letter, .. } => {
                    letter.job.as_ref().map(|job| types.number(&job.job_type, None))
                }
                _ => None,
            })
            .collect();
        let mut call = self.call(Name::Push);
        match range {
            Some((lane, from, to)) => call.arg(lane.to_string()).arg(from.0).arg(to.0),
            None => call.arg("").arg(0).arg(0),
        };
        call.arg(types.named.len());
        for (name, max_pending) in &types.named {
            call.arg(name.as_str());
            match max_pending {
                // Each shard has its share.
                Some(most) => call.arg(most.div_ceil(self.link.cores().len() as u64)),
                None => call.arg(""),
            };
        }
        for (entry, number) in entries.iter().zip(numbers) {
            match entry {
                Entry::Job { offset, new } => call
                    .arg("j")
                    .arg(number.unwrap_or(0))
                    .arg(&new.job.id.pack()[..])
                    .arg(new_record(new, *offset)?),
                Entry::Cancel { cancel, .. } => call.arg("c").arg(&cancel.id.pack()[..]).arg("").arg(""),
                Entry::Dead { letter, .. } => call
                    .arg("d")
                    .arg(letter.key())
                    .arg(letter::meta(letter, number))
                    .arg(letter::stored(letter)?),
                Entry::Undead { key, .. } => call.arg("u").arg(key).arg("").arg(""),
            };
        }
        let answer = match self.link.run(&call).await {
            Err(Trouble::Full) => return Ok(ShardPushed::Full),
            answer => answer?,
        };
        let mut answer = Reply::list(answer)?;
        match answer.text()?.as_str() {
            "applied" => {
                let codes = answer.bytes()?;
                let of = |code: &u8| match code {
                    b'n' => Some(Admission::Accepted),
                    b'd' => Some(Admission::Duplicate),
                    b'o' => Some(Admission::Over),
                    _ => None,
                };
                Ok(ShardPushed::Applied(codes.iter().map(of).collect()))
            }
            "wants" => Ok(ShardPushed::Wants(Offset(answer.number()?))),
            "unknown" => Ok(ShardPushed::Unknown),
            "full" => Ok(ShardPushed::Full),
            other => Err(Trouble::nonsense(other)),
        }
    }

    /// Takes; shows the offer when the shard does not know it. `of` is this shard's share of limits: one of so many.
    pub(super) async fn take(
        &self,
        take: &Take,
        most: usize,
        offer_hash: &str,
        of: usize,
    ) -> Result<ShardTaken, Trouble> {
        let lease_ms = take.lease.as_millis() as u64;
        loop {
            let mut call = self.call(Name::Take);
            call.arg(format!("{:016x}", take.worker.0)).arg(self.link.listener()).arg(take.request).arg(most);
            call.arg(lease_ms).arg(&rand::random::<[u8; 6]>()[..]).arg(offer_hash);
            let mut answer = self.list(&call).await?;
            if answer.text()? == "offer" {
                self.offer(take, offer_hash, of).await?;
                continue;
            }
            let next = answer.maybe_number()?.map(Duration::from_millis);
            let lease_until = UnixMs(answer.number()?);
            let base = answer.bytes()?;
            let mut claims = Vec::new();
            while !answer.is_empty() {
                let index = answer.number()? as u16;
                let attempt = wasmill_job::Attempt(u32::try_from(answer.number()?).unwrap_or(u32::MAX));
                let suspect = answer.number()? == 1;
                let job = job_of(answer.bytes()?)?;
                let token = Token { worker: take.worker, claim: claim_number(&base, index)? };
                claims.push(Claim::new(job, attempt, lease_until, suspect, token));
            }
            return Ok(ShardTaken { claims, next });
        }
    }

    async fn offer(&self, take: &Take, offer_hash: &str, of: usize) -> Result<(), Trouble> {
        let Offer { revision, types, paused } = &*take.offer;
        let mut call = self.call(Name::Offer);
        call.arg(format!("{:016x}", take.worker.0)).arg(offer_hash).arg(revision.0);
        for (name, offered) in types {
            call.arg(name.as_str()).arg(1);
            match offered.concurrency {
                Some(most) => call.arg(share(most, self.number, of)),
                None => call.arg(""),
            };
            match offered.rate {
                Some(rate) => {
                    call.arg(rate.interval_ms() * of as f64).arg((rate.burst() / of as u32).max(1));
                }
                None => {
                    call.arg("").arg("");
                }
            }
            call.arg(1.0 / f64::from(offered.weight.get()));
        }
        for name in paused {
            call.arg(name.as_str()).arg(0).arg("").arg("").arg("").arg("");
        }
        self.link.run(&call).await.map(|_| ())
    }

    /// Renews; answers the lost ones.
    pub(super) async fn renew(&self, claims: &[ClaimRef], lease: Duration) -> Result<Vec<ClaimRef>, Trouble> {
        let mut call = self.call(Name::Renew);
        call.arg(lease.as_millis() as u64);
        for claim in claims {
            call.arg(&claim.id.pack()[..]).arg(&claim.token.claim.to_be_bytes()[..]);
        }
        let mut answer = self.list(&call).await?;
        let mut lost = Vec::new();
        while !answer.is_empty() {
            let index = answer.number()? as usize;
            lost.push(
                *claims.get(index).ok_or_else(|| Trouble::nonsense("a claim that was not asked about"))?,
            );
        }
        Ok(lost)
    }

    pub(super) async fn sweep(&self, most: usize) -> Result<ShardSwept, Trouble> {
        let mut call = self.call(Name::Sweep);
        call.arg(most.min(1_000_000)).arg(self.link.dead_max()).arg(self.link.sharing());
        let mut answer = self.list(&call).await?;
        let mut number = || answer.number().map(|number| number as usize);
        let swept = Swept { expired: number()?, due: number()?, forgotten: number()? };
        let is_ready = number()? == 1;
        let next = answer.maybe_number()?.map(Duration::from_millis);
        Ok(ShardSwept { swept, is_ready, next, has_to_mend: answer.number()? == 1 })
    }

    /// Numbers and letters of what is owed.
    pub(super) async fn owed(&self, most: usize) -> Result<Vec<(u64, Vec<u8>)>, Trouble> {
        let mut call = self.call(Name::Owed);
        call.arg(most);
        let mut answer = self.list(&call).await?;
        let mut owed = Vec::new();
        while !answer.is_empty() {
            owed.push((answer.number()?, answer.bytes()?));
        }
        Ok(owed)
    }

    pub(super) async fn paid(&self, debts: &[u64]) -> Result<(), Trouble> {
        let mut call = self.call(Name::Paid);
        debts.iter().for_each(|debt| {
            call.arg(*debt);
        });
        self.link.run(&call).await.map(|_| ())
    }

    pub(super) async fn progress(&self, lane: &TopicPartition) -> Result<Progress, Trouble> {
        let mut call = self.call(Name::Progress);
        call.arg(lane.to_string());
        let mut answer = self.list(&call).await?;
        if answer.is_empty() {
            return Ok(Progress::default());
        }
        let floor = answer.number()?;
        answer.number()?;
        let mut progress = Progress { floor: Offset(floor), ..Progress::default() };
        while !answer.is_empty() {
            let first = answer.number()? * BLOCK;
            for (from, to) in runs_of_ones(&answer.bytes()?) {
                let from = (first + from).max(floor);
                if from < first + to {
                    progress.settled.insert(from..first + to);
                }
            }
        }
        Ok(progress)
    }

    pub(super) async fn counts(&self) -> Result<Vec<(JobType, Counts)>, Trouble> {
        let mut answer = self.list(&self.call(Name::Counts)).await?;
        let mut counts = Vec::new();
        while !answer.is_empty() {
            let name = job_type(&answer.text()?)?;
            let mut number = || answer.number();
            counts.push((
                name,
                Counts {
                    pending: number()?,
                    scheduled: number()?,
                    in_flight: number()?,
                    dead: number()?,
                    accepted: number()?,
                    completed: number()?,
                    cancelled: number()?,
                    retried: number()?,
                    lost: number()?,
                    duplicates: number()?,
                },
            ));
        }
        Ok(counts)
    }

    pub(super) async fn job(&self, id: JobId) -> Result<Option<JobView>, Trouble> {
        let mut call = self.call(Name::Job);
        call.arg(&id.pack()[..]);
        let mut answer = self.list(&call).await?;
        if answer.is_empty() {
            return Ok(None);
        }
        match answer.text()?.as_str() {
            "dead" => letter::view(&answer.bytes()?),
            "done" => {
                let job_type = job_type(&answer.text()?)?;
                done_view(id, job_type, &answer.bytes()?).map(Some)
            }
            _ => {
                let state = match answer.text()?.as_str() {
                    "f" => State::InFlight,
                    "z" => State::Scheduled,
                    _ => State::Pending,
                };
                let job_type = job_type(&answer.text()?)?;
                let attempts = wasmill_job::Attempt(answer.number()? as u32);
                let due_at = answer.maybe_number()?.map(UnixMs);
                let failed = answer.bytes()?;
                let last = if failed.is_empty() { None } else { Some(failed_attempt(&failed)?) };
                let accepted_at = job_of(answer.bytes()?)?.accepted_at;
                Ok(Some(JobView { id, job_type, state, attempts, accepted_at, due_at, ended_at: None, last }))
            }
        }
    }

    /// A page of a list, and where the next one begins.
    pub(super) async fn jobs(
        &self,
        state: State,
        of: Option<&JobType>,
        from: &Cursor,
        most: usize,
    ) -> Result<(Vec<JobView>, Option<Cursor>), Trouble> {
        let letter = match state {
            State::Pending => "p",
            State::Scheduled => "z",
            State::InFlight => "f",
            State::Completed => "c",
            State::Cancelled | State::Dead => "x",
        };
        let mut call = self.call(Name::List);
        call.arg(letter).arg(of.map_or("", JobType::as_str)).arg(&from.0).arg(&from.1).arg(most);
        let mut answer = self.list(&call).await?;
        let next = (answer.text()?, answer.text()?);
        let next = Some(next).filter(|(list, _)| !list.is_empty());
        let mut jobs = Vec::new();
        while !answer.is_empty() {
            let key = answer.bytes()?;
            let job_type = job_type(&answer.text()?)?;
            let attempts = wasmill_job::Attempt(answer.number()? as u32);
            let due_at = answer.maybe_number()?.map(UnixMs);
            jobs.push(listed(&key, &answer.bytes()?, job_type, state, attempts, due_at)?);
        }
        Ok((jobs, next))
    }

    /// Keys and letters after `after`, in order.
    pub(super) async fn dead(
        &self,
        of: Option<&JobType>,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, Trouble> {
        let mut call = self.call(Name::Dead);
        call.arg(of.map_or("", JobType::as_str)).arg(after.unwrap_or_default()).arg(most);
        let mut answer = self.list(&call).await?;
        let mut letters = Vec::new();
        while !answer.is_empty() {
            letters.push((answer.text()?, answer.bytes()?));
        }
        Ok(letters)
    }

    pub(super) async fn purge(&self, keys: &[String]) -> Result<usize, Trouble> {
        let mut call = self.call(Name::Purge);
        call.arg(keys);
        self.number_from(&call).await.map(|purged| purged as usize)
    }

    pub(super) async fn cancel(&self, id: JobId) -> Result<bool, Trouble> {
        let mut call = self.call(Name::Cancel);
        call.arg(&id.pack()[..]);
        self.number_from(&call).await.map(|found| found == 1)
    }
}

/// Offsets in one piece of a lane's bitmap; the scripts know the same number.
const BLOCK: u64 = 65_536;

/// A claim's number: what the request drew at random, and the claim's place in it.
fn claim_number(base: &[u8], index: u16) -> Result<u64, Trouble> {
    let base: [u8; 6] = base.try_into().map_err(|_| Trouble::nonsense("a claim's number"))?;
    Ok(base.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)) << 16 | u64::from(index))
}

/// A shard's share of a limit over all of them: as even as it goes, and at least one of a limit that is not 0.
fn share(limit: u32, shard: usize, of: usize) -> u32 {
    let (shard, of) = (shard as u32, of as u32);
    (limit / of + u32::from(shard < limit % of)).max(limit.min(1))
}

/// The runs of ones in a bitmap, as Redis orders bits: the first is the highest of the first byte.
fn runs_of_ones(bytes: &[u8]) -> Vec<(u64, u64)> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    let mut add = |from: u64, to: u64| match runs.last_mut() {
        Some(last) if last.1 == from => last.1 = to,
        _ => runs.push((from, to)),
    };
    for (at, byte) in (0_u64..).zip(bytes) {
        match byte {
            0 => {}
            0xff => add(at * 8, at * 8 + 8),
            byte => (0..8)
                .filter(|bit| byte << bit & 0x80 != 0)
                .for_each(|bit| add(at * 8 + bit, at * 8 + bit + 1)),
        }
    }
    runs
}

fn job_type(name: &str) -> Result<JobType, Trouble> {
    name.parse().map_err(|_| Trouble::nonsense(&format!("the type {name}")))
}

/// An entry for each job of an enqueue: there is no offset behind it.
pub(super) fn direct_entries(jobs: Vec<NewJob>) -> Vec<Entry> {
    jobs.into_iter().map(|new| Entry::Job { offset: Offset(0), new }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_a_limit_sum_up_to_it() {
        for limit in 2..20 {
            assert_eq!((0..2).map(|shard| share(limit, shard, 2)).sum::<u32>(), limit);
        }
        assert_eq!((share(1, 0, 2), share(1, 1, 2)), (1, 1), "one is the least that lets jobs through");
        assert_eq!((share(0, 0, 2), share(7, 0, 1)), (0, 7));
    }

    #[test]
    fn runs_are_found_bit_by_bit() {
        assert_eq!(
            runs_of_ones(&[0b0110_0001, 0xff, 0b1000_0000, 0, 0b0000_0001]),
            [(1, 3), (7, 17), (39, 40)]
        );
        assert_eq!(runs_of_ones(&[]), []);
    }
}
