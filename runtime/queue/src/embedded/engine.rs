//! State and store together: each operation is decided by the core, made durable in one batch, and then answered.

mod recorded;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use wasmill_job::{
    Attempt, Cancel, DeadLetter, JobId, ModuleTag, Offset, Progress, TopicPartition, UnixMs, wire,
};

use super::folder::Folder;
use super::store::{Store, StoreError};
use crate::core::{Core, Cursor, Decision, Earlier, Located, Owed, PushRefused, Taken, thinned};
use crate::record::{
    AttemptsRow, DeadRow, DebtRow, EndedRow, Key, OwesRow, Pack, ResultRow, Row, Serial, read_children,
};
use crate::{
    Answer, Checked, Child, Claim, DeadPage, DeadQuery, Debt, DebtId, Enqueued, Entry, JobPage, JobView,
    ListQuery, NewJob, Outdated, Owes, Push, Pushed, QueueError, Ran, Settlement, State, Swept, Take,
};

/// An open queue.
pub(super) struct Engine {
    pub(super) core: Core,
    pub(super) store: Store,
}

/// Chunks thinned by one sweep, and by one push.
const THIN_BY_SWEEP: usize = 256;
const THIN_BY_PUSH: usize = 16;

/// Packs of results that are read for one page at most, each of about 8 KiB.
const PACKS_BY_PAGE: usize = 1_000;

impl Engine {
    fn apply<T>(&mut self, decision: Decision<T>) -> Result<T, StoreError> {
        self.store.apply(decision.writes)?;
        Ok(decision.answer)
    }

    pub(super) fn resume(
        &mut self,
        lane: &TopicPartition,
        progress: &Progress,
    ) -> Result<Result<(Offset, usize), Outdated>, StoreError> {
        match self.core.resume(lane, progress) {
            Ok(decision) => self.apply(decision).map(Ok),
            Err(outdated) => Ok(Err(outdated)),
        }
    }

    pub(super) fn adopt(
        &mut self,
        lane: &TopicPartition,
        from: Offset,
        epoch: u64,
    ) -> Result<(), StoreError> {
        let decision = self.core.adopt(lane, from, epoch);
        self.apply(decision)
    }

    pub(super) fn push(
        &mut self,
        push: Push,
        now: UnixMs,
    ) -> Result<Result<Pushed, PushRefused>, StoreError> {
        let cancelled = push.entries.iter().filter_map(|entry| match entry {
            Entry::Cancel { cancel, .. } => Some(cancel.id),
            _ => None,
        });
        let earlier = self.earlier(cancelled)?;
        let decision = match self.core.push(push, earlier, now) {
            Ok(decision) => decision,
            Err(refused) => return Ok(Err(refused)),
        };
        let pushed = self.apply(decision)?;
        self.thin(THIN_BY_PUSH)?;
        Ok(Ok(pushed))
    }

    /// `are_owed`: they are children that the queue owes itself.
    pub(super) fn enqueue(
        &mut self,
        jobs: &[NewJob],
        are_owed: bool,
        now: UnixMs,
    ) -> Result<Enqueued, StoreError> {
        let decision =
            if are_owed { self.core.enqueue_owed(jobs, now) } else { self.core.enqueue(jobs, now) };
        let enqueued = self.apply(decision)?;
        self.thin(THIN_BY_PUSH)?;
        Ok(enqueued)
    }

    pub(super) fn take(&mut self, take: &Take, now: UnixMs) -> Result<Vec<Claim>, StoreError> {
        let decision = self.core.take(take, now);
        let taken = self.apply(decision)?;
        let mut claims = Vec::with_capacity(taken.len());
        let mut chunk: Option<(Serial, Bytes)> = None;
        for taken in taken {
            let value = match chunk.take() {
                Some((serial, value)) if serial == taken.chunk => value,
                _ => self.store.expect(&Key::Chunk(taken.chunk))?,
            };
            chunk = Some((taken.chunk, value.clone()));
            let started = taken.failed.map(|serial| self.started(serial)).transpose()?.flatten();
            claims.push(claim(taken, started, &value)?);
        }
        Ok(claims)
    }

    pub(super) fn settle(
        &mut self,
        settlements: &[Settlement],
        now: UnixMs,
    ) -> Result<Vec<Answer>, StoreError> {
        let again = settlements.iter().map(|settlement| &settlement.claim);
        let earlier =
            self.earlier(again.filter(|claim| claim.attempt > Attempt(1)).map(|claim| claim.job.id))?;
        let decision = self.core.settle(settlements, earlier, now);
        self.apply(decision)
    }

    pub(super) fn sweep(&mut self, max: usize, now: UnixMs) -> Result<Swept, StoreError> {
        let decision = self.core.sweep(max, now);
        let swept = self.apply(decision)?;
        self.thin(THIN_BY_SWEEP)?;
        Ok(swept)
    }

    /// What time asks for: sweeps, and writes out what has waited long enough.
    pub(super) fn wake(&mut self, now: UnixMs) -> Result<(), StoreError> {
        if self.core.next_moment().is_some_and(|at| at <= now) {
            self.sweep(usize::MAX, now)?;
        }
        if self.store.due().is_some_and(|at| at <= Instant::now()) {
            self.store.write_out()?;
        }
        Ok(())
    }

    pub(super) fn owed(&self, max: usize) -> Result<Vec<Debt>, StoreError> {
        let debt = |(id, owed)| {
            let owes = match owed {
                Owed::Letter(key) => Owes::Letter(Arc::new(self.letter(&key)?.1)),
                Owed::Children => Owes::Children(self.children(id)?),
            };
            Ok(Debt { id, owes })
        };
        self.core.owed(max).into_iter().map(debt).collect()
    }

    pub(super) fn paid(&mut self, debts: &[DebtId]) -> Result<(), StoreError> {
        let decision = self.core.paid(debts);
        self.apply(decision)
    }

    pub(super) fn cancel(&mut self, cancel: &Cancel, now: UnixMs) -> Result<bool, StoreError> {
        let earlier = self.earlier([cancel.id].into_iter())?;
        let decision = self.core.cancel(cancel.id, earlier, now);
        self.apply(decision)
    }

    pub(super) fn dead(&self, query: &DeadQuery) -> Result<DeadPage, StoreError> {
        let choice = self.core.dead(query.job_type.as_ref(), query.after.as_deref(), query.max);
        let letters = choice.keys.iter().map(|key| Ok(Arc::new(self.letter(key)?.1)));
        Ok(DeadPage { letters: letters.collect::<Result<_, StoreError>>()?, next: choice.next })
    }

    pub(super) fn list(
        &self,
        query: &ListQuery,
        now: UnixMs,
    ) -> Result<Result<JobPage, QueueError>, StoreError> {
        let malformed = |reason: String| Ok(Err(QueueError::Malformed { reason }));
        let after = match query.after.as_deref().map(str::parse::<Cursor>).transpose() {
            Ok(after) => after,
            Err(error) => return malformed(error.to_string()),
        };
        match query.state {
            State::Dead => malformed("dead letters have a list of their own: ask for that".into()),
            State::Pending | State::Scheduled | State::InFlight => {
                let page = self.core.list_live(query.state, query.job_type.as_ref(), after, query.max);
                Ok(Ok(JobPage { jobs: page.jobs, next: page.next.map(|next| next.to_string()) }))
            }
            State::Completed | State::Cancelled => Ok(Ok(self.list_done(query, after, now)?)),
        }
    }

    /// Newest first.
    fn list_done(
        &self,
        query: &ListQuery,
        mut after: Option<Cursor>,
        now: UnixMs,
    ) -> Result<JobPage, StoreError> {
        let mut page = JobPage::default();
        let mut packs = 0;
        while let Some((serial, mut left)) = self.core.pack_of_results(after) {
            if page.jobs.len() >= query.max.max(1) || packs == PACKS_BY_PAGE {
                page.next = after.map(|after| after.to_string());
                return Ok(page);
            }
            packs += 1;
            let value = self.store.expect(&Key::Results(serial))?;
            let pack = Pack::read(&value)?;
            while left > 0 && page.jobs.len() < query.max.max(1) {
                left -= 1;
                let (row, _) = ResultRow::split(pack.get(left as usize)?)?;
                let view = self.done_view(row, now).filter(|view| {
                    view.state == query.state
                        && query.job_type.as_ref().is_none_or(|name| *name == view.job_type)
                        && self.core.is_newest(view.id, serial, left)
                });
                page.jobs.extend(view.map(|view| JobView { last: None, earlier: Vec::new(), ..view }));
            }
            after = Some(Core::cursor_at(serial, left));
        }
        Ok(page)
    }

    pub(super) fn purge(&mut self, keys: &[String]) -> Result<usize, StoreError> {
        let decision = self.core.purge(keys);
        self.apply(decision)
    }

    pub(super) fn job(&self, id: JobId, now: UnixMs) -> Result<Option<JobView>, StoreError> {
        match self.core.locate(id) {
            None => Ok(None),
            Some(Located::Live(view, failed)) => {
                let Some(failed) = failed else { return Ok(Some(view)) };
                let (last, earlier) = self.failed(failed)?.shown();
                Ok(Some(JobView { last: Some(last), earlier, ..view }))
            }
            Some(Located::Dead(key)) => {
                let (row, letter) = self.letter(&key)?;
                Ok(dead_view(row, letter))
            }
            Some(Located::Done(pack, index)) => self.done(pack, index, now),
        }
    }

    /// Whether memory is sound, and says what the store says; with the first thing found wrong.
    pub(super) fn check(&mut self, folder: &Folder, now: UnixMs) -> Checked {
        let sound = self.sound(folder, now);
        let faults = sound.err().map(|fault| fault.to_string()).into_iter().collect();
        Checked { jobs: self.core.live() as u64, faults }
    }

    fn sound(&mut self, folder: &Folder, now: UnixMs) -> Result<(), StoreError> {
        self.core.check()?;
        let stored = folder.rebuild(&mut self.store, now)?;
        Ok(self.core.compare(&stored, now)?)
    }

    fn thin(&mut self, max: usize) -> Result<(), StoreError> {
        let mut values = Vec::new();
        for (chunk, gone) in self.core.thinnable(max) {
            values.push((chunk, thinned(&self.store.expect(&Key::Chunk(chunk))?, gone)?));
        }
        let decision = self.core.thin(values);
        self.apply(decision)
    }

    /// The version that a job's last failed attempt ran on.
    fn started(&self, serial: Serial) -> Result<Option<ModuleTag>, StoreError> {
        Ok(match self.failed(serial)?.last.failed.last.ran {
            Some(Ran::Module(version)) => Some(version),
            Some(Ran::Nothing) | None => None,
        })
    }

    fn failed(&self, serial: Serial) -> Result<AttemptsRow, StoreError> {
        Ok(AttemptsRow::from_bytes(&self.store.expect(&Key::Failed(serial))?)?)
    }

    /// What is to be kept of the failed attempts of these jobs when they go on, or end.
    fn earlier(&self, ids: impl Iterator<Item = JobId>) -> Result<Earlier, StoreError> {
        let found = ids.filter_map(|id| Some((id, self.core.failed_of(id)?)));
        found.map(|(id, serial)| Ok((id, self.failed(serial)?.into_earlier()))).collect()
    }

    fn letter(&self, key: &Arc<str>) -> Result<(DeadRow, DeadLetter), StoreError> {
        let value = self.store.expect(&Key::Dead(key.clone()))?;
        let (row, rest) = DeadRow::split(&value)?;
        let letter = wire::decode_dead(&value.slice_ref(rest));
        Ok((row, letter.map_err(|error| StoreError::Damaged(format!("dead letter {key}: {error}")))?))
    }

    fn children(&self, debt: DebtId) -> Result<Vec<Child>, StoreError> {
        let value = self.store.expect(&Key::Debt(Serial(debt.0)))?;
        let (row, rest) = DebtRow::split(&value)?;
        match row.owes {
            OwesRow::Children { completed_at } => Ok(read_children(&value.slice_ref(rest), completed_at)?),
            OwesRow::Letter(key) => Err(StoreError::Damaged(format!("debt {} is for letter {key}", debt.0))),
        }
    }

    fn done(&self, pack: Serial, index: u32, now: UnixMs) -> Result<Option<JobView>, StoreError> {
        let value = self.store.expect(&Key::Results(pack))?;
        let (row, output) = ResultRow::split(Pack::read(&value)?.get(index as usize)?)?;
        let view = self.done_view(row, now).map(|mut view| {
            if let Some(last) = &mut view.last {
                last.output = Some(Bytes::copy_from_slice(output));
            }
            view
        });
        Ok(view)
    }

    /// All but the output; nothing of a result past its time.
    fn done_view(&self, row: ResultRow, now: UnixMs) -> Option<JobView> {
        let job_type = self.core.type_name(row.job_type).filter(|_| row.until > now)?;
        let last = row.last.map(|last| last.attempt(None, None));
        Some(JobView {
            id: JobId::from_bytes(row.id),
            job_type,
            state: if row.completed { State::Completed } else { State::Cancelled },
            attempts: Attempt(row.attempts),
            accepted_at: row.accepted_at,
            due_at: None,
            ended_at: Some(row.ended_at),
            last,
            earlier: row.earlier.into_iter().map(EndedRow::shown).collect(),
        })
    }
}

fn claim(taken: Taken, started: Option<ModuleTag>, chunk: &Bytes) -> Result<Claim, StoreError> {
    let job = recorded::job_in(chunk, taken.index, taken.job_type)?;
    Ok(Claim::new(job, taken.attempt, taken.lease_until, taken.suspect, started, taken.token))
}

fn dead_view(row: DeadRow, letter: DeadLetter) -> Option<JobView> {
    let job = letter.job?;
    let last = row.last.unwrap_or_default();
    Some(JobView {
        id: job.id,
        job_type: job.job_type,
        state: State::Dead,
        attempts: letter.attempts,
        accepted_at: job.accepted_at,
        due_at: None,
        ended_at: Some(letter.died_at),
        last: Some(last.attempt(None, Some(letter.failure))),
        earlier: row.earlier.into_iter().map(EndedRow::shown).collect(),
    })
}
