//! One shard: what the port asks, as calls of scripts, and their answers.

use std::time::Duration;

use wasmill_job::{JobId, JobType, UnixMs};

use super::attempts::Attempts;
use super::letter;
use super::link::Link;
use super::record::{done_view, job_of, listed, owed_children, started_on};
use super::reply::Reply;
use super::script::{Call, Name};
use super::trouble::Trouble;
use crate::{Claim, ClaimRef, Counts, JobView, Offer, Owes, State, Swept, Take, Token, WorkerReport};

/// A shard of the queue, by its number.
#[derive(Clone, Copy)]
pub(super) struct Shard<'a> {
    pub(super) link: &'a Link,
    pub(super) number: usize,
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

impl Shard<'_> {
    /// The key of its core.
    pub(super) fn core(&self) -> &str {
        &self.link.cores()[self.number]
    }

    pub(super) fn call(&self, name: Name) -> Call {
        self.link.call(name, self.number)
    }

    pub(super) async fn list(&self, call: &Call) -> Result<Reply, Trouble> {
        Reply::list(self.link.run(call).await?)
    }

    async fn number_from(&self, call: &Call) -> Result<u64, Trouble> {
        let value = self.link.run(call).await?;
        Reply::list(redis::Value::Array(vec![value]))?.number()
    }

    /// Takes; shows the offer when the shard does not know it.
    pub(super) async fn take(
        &self,
        take: &Take,
        most: usize,
        offer_hash: &str,
    ) -> Result<ShardTaken, Trouble> {
        let lease_ms = take.lease.as_millis() as u64;
        loop {
            let mut call = self.call(Name::Take);
            call.arg(format!("{:016x}", take.worker.0)).arg(self.link.listener()).arg(take.request).arg(most);
            call.arg(lease_ms).arg(&rand::random::<[u8; 6]>()[..]).arg(offer_hash);
            let mut answer = self.list(&call).await?;
            if answer.text()? == "offer" {
                self.offer(take, offer_hash).await?;
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
                let started = started_on(&answer.text()?)?;
                let job = job_of(answer.bytes()?)?;
                let token = Token { worker: take.worker, claim: claim_number(&base, index)? };
                claims.push(Claim::new(job, attempt, lease_until, suspect, started, token));
            }
            return Ok(ShardTaken { claims, next });
        }
    }

    async fn offer(&self, take: &Take, offer_hash: &str) -> Result<(), Trouble> {
        // This shard's share of limits: one of so many.
        let (number, of) = self.link.share_of(self.number);
        let Offer { revision, types, paused } = &*take.offer;
        let mut call = self.call(Name::Offer);
        call.arg(format!("{:016x}", take.worker.0)).arg(offer_hash).arg(revision.0);
        for (name, offered) in types {
            call.arg(name.as_str()).arg(1);
            match offered.concurrency {
                Some(most) => call.arg(share(most, number, of)),
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

    /// Keeps what a worker tells of itself. All are in one shard, the first.
    pub(super) async fn report(&self, report: &WorkerReport, keep: Duration) -> Result<(), Trouble> {
        let mut call = self.call(Name::Report);
        call.arg(format!("{:016x}", report.worker.0)).arg(keep.as_millis() as u64).arg(report.to_bytes());
        self.link.run(&call).await.map(|_| ())
    }

    /// What workers told of themselves, but for those of another version of the program.
    pub(super) async fn reports(&self) -> Result<Vec<WorkerReport>, Trouble> {
        let mut answer = self.list(&self.call(Name::Reports)).await?;
        let mut reports = Vec::new();
        while !answer.is_empty() {
            reports.extend(WorkerReport::read(&answer.bytes()?));
        }
        Ok(reports)
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
        call.arg(most.min(1_000_000)).arg(self.link.dead_max()).arg(self.link.sharing(self.number));
        let mut answer = self.list(&call).await?;
        let mut number = || answer.number().map(|number| number as usize);
        let swept = Swept { expired: number()?, due: number()?, forgotten: number()? };
        let is_ready = number()? == 1;
        let next = answer.maybe_number()?.map(Duration::from_millis);
        Ok(ShardSwept { swept, is_ready, next, has_to_mend: answer.number()? == 1 })
    }

    /// What is owed, by numbers.
    pub(super) async fn owed(&self, most: usize) -> Result<Vec<(u64, Owes)>, Trouble> {
        let mut call = self.call(Name::Owed);
        call.arg(most);
        let mut answer = self.list(&call).await?;
        let mut owed = Vec::new();
        while !answer.is_empty() {
            let (number, kind, what) = (answer.number()?, answer.text()?, answer.bytes()?);
            let owes = match kind.as_str() {
                "l" => Owes::Letter(letter::shown(&what)?),
                _ => Owes::Children(owed_children(what.into())?),
            };
            owed.push((number, owes));
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
                let Attempts { last, earlier } = Attempts::of_live(&answer.bytes()?)?;
                let accepted_at = job_of(answer.bytes()?)?.accepted_at;
                let ended_at = None;
                let view =
                    JobView { id, job_type, state, attempts, accepted_at, due_at, ended_at, last, earlier };
                Ok(Some(view))
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

fn job_type(name: &str) -> Result<JobType, Trouble> {
    name.parse().map_err(|_| Trouble::nonsense(&format!("the type {name}")))
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
}
