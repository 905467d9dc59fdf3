//! The writer: the one thread that changes the log. It takes everything that waits, makes one transaction of it, and
//! answers when that is durable (group commit). While one transaction is being synced, the next group gathers.

mod recovery;
mod request;

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use wasmill_job::Clock;

use super::disk::{Disk, allocated_bytes};
use super::lock::FolderLock;
use super::plan::Plan;
use super::shared::{Shared, Slot, Unusable};
use super::store::Changes;
use super::telemetry;
use super::witness::Witness;
use crate::AppendError;
use request::Group;

pub(super) use request::{AppendRequest, ProgressRequest, Request, Tidy, TidyRequest};

/// The thread's state.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) inbox: Receiver<Request>,
    pub(super) witness: Witness,
    pub(super) clock: Arc<dyn Clock>,
    /// The number of the last acknowledged commit.
    pub(super) commits: u64,
    /// Until when the file's own free space does not count, because the disk turned out to be full.
    pub(super) distrust_until: Option<Instant>,
    /// When opening a failed store was tried last.
    pub(super) tried_at: Option<Instant>,
    pub(super) lock: FolderLock,
}

/// Free space inside the file that is not counted on: pages of the engine's own trees, and pages freed a moment ago.
const UNCOUNTED_BYTES: u64 = 4 << 20;

/// A transaction copies the pages it changes and rounds large values up; four times its records cover both.
const WRITE_FACTOR: u64 = 4;

impl Writer {
    /// Serves until it is told to close, or everybody who could ask is gone.
    pub(super) fn run(mut self) {
        let mut done = None;
        while let Ok(first) = self.inbox.recv() {
            let mut group = Group::default();
            let mut next = Some(first);
            while let Some(request) = next {
                group.push(request);
                next = if group.has_room() { self.inbox.try_recv().ok() } else { None };
            }
            let close = group.close.take();
            self.commit(group);
            if close.is_some() {
                done = close;
                break;
            }
        }
        self.shared.begin_close();
        self.shared.replace(|slot| {
            if let Slot::Open(store) = slot {
                store.close();
            }
            Slot::Closed
        });
        drop(self.inbox);
        drop(self.lock);
        if let Some(reply) = done.flatten() {
            // Whoever has gone away does not need the answer.
            let _ = reply.send(());
        }
    }

    /// Makes the group durable, and answers everybody in it.
    fn commit(&mut self, mut group: Group) {
        self.ensure_open(group.reopen);
        let free = self.free_bytes();
        telemetry::disk(free);
        self.refuse_what_has_no_room(&mut group, free);
        if group.is_empty() {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let mut plan = Plan::new(&shared.partitions, self.commits + 1, self.clock.now());
        let positions: Vec<_> = group.appends.iter().map(|request| plan.append(&request.records)).collect();
        for request in &group.progress {
            plan.progress(request.of.clone(), request.progress.clone());
        }
        let tidied: Vec<_> = group.tidy.iter().map(|request| self.tidy(&mut plan, &request.what)).collect();
        let dropped_bytes = plan.dropped_bytes;
        let changes = plan.finish();
        let started = Instant::now();
        match self.shared.with_store(|store| store.apply(&changes)) {
            Ok(()) => {
                telemetry::committed(group.records(), group.bytes, started.elapsed());
                telemetry::dropped(dropped_bytes);
                self.publish(changes);
                group.answer(positions, tidied);
            }
            Err(error) => {
                let refusal = self.recover(error, changes.commit, free);
                telemetry::refused(group.records(), refusal.word());
                group.refuse(&refusal);
            }
        }
    }

    /// Shows a durable commit to readers, and to the witness before anybody hears of it.
    fn publish(&mut self, changes: Changes) {
        self.commits = changes.commit;
        self.witness.note(self.commits);
        for (of, chunk) in changes.put {
            self.shared.recent.insert(&of, chunk);
        }
        for (of, extent) in changes.extents {
            self.shared.partitions.entry(&of).publish_extent(extent);
        }
        for (of, progress) in changes.progress {
            self.shared.partitions.entry(&of).publish_progress(progress);
        }
    }

    /// Records need the reserve and their own room; progress and tidying need a part of the reserve, and go on when
    /// records are refused, because they give space back.
    fn refuse_what_has_no_room(&self, group: &mut Group, free: u64) {
        let reserve = self.shared.config.reserve_bytes;
        let room = |need: u64| free >= need || free.saturating_add(self.reusable_bytes()) >= need;
        let full =
            || AppendError::Full { path: self.shared.config.dir.display().to_string(), free_bytes: free };
        if !group.appends.is_empty() && !room(reserve.saturating_add(WRITE_FACTOR * group.bytes as u64)) {
            telemetry::refused(group.records(), "full");
            group.refuse_appends(&full());
        }
        if !group.is_empty() && !room(reserve / 4) {
            group.refuse(&full());
        }
    }

    fn free_bytes(&self) -> u64 {
        let free = Disk::under(&self.shared.config.dir).free_bytes();
        free.unwrap_or_else(|error| {
            tracing::debug!(%error, "the free space of the disk is unknown");
            u64::MAX
        })
    }

    /// Space inside the file that retention has given back, at least.
    fn reusable_bytes(&self) -> u64 {
        if self.distrust_until.is_some_and(|until| Instant::now() < until) {
            return 0;
        }
        let used: u64 = self.shared.partitions.stored().iter().map(|(_, known)| known.extent().bytes).sum();
        let allocated = self.shared.with_store(|store| Ok(allocated_bytes(store.path()).unwrap_or(0)));
        allocated.unwrap_or(0).saturating_sub(used + UNCOUNTED_BYTES)
    }

    fn tidy(&self, plan: &mut Plan<'_>, what: &Tidy) -> Result<(), Unusable> {
        match what {
            Tidy::Drop(drops) => drops.iter().for_each(|(of, heads)| plan.drop_oldest(of, heads)),
            Tidy::Compact { of, first, gone } => {
                if let Some(chunk) = self.shared.with_store(|store| store.chunk(of, *first))? {
                    plan.compact(of, &chunk, gone);
                }
            }
        }
        Ok(())
    }
}
