//! Pays what the queue owes: the dead letters of jobs that were buried go into the log, and so do the children of jobs that
//! completed, unless their stamp says that they go straight into the queue.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wasmill_job::wire::{Undecodable, encode_job};
use wasmill_job::{Durability, JobId};
use wasmill_log::{Append, Log};
use wasmill_queue::{Child, Debt, DebtId, Queue, hand_over};

use crate::ends::{Ends, append_of};
use crate::gauges::{count_children, count_paid};
use crate::hindrance::{Hindrance, Trouble};
use crate::step::{Step, done};

/// Pays. It remembers which children are stored of debts that could not be paid whole: those are not stored again with each try.
pub(crate) struct Payer<L, Q> {
    ends: Arc<Ends<L, Q>>,
    stored: BTreeMap<DebtId, BTreeSet<JobId>>,
}

/// A record that a debt asks for.
struct Due {
    debt: DebtId,
    /// `None` of a letter, which is all that its debt asks for.
    child: Option<JobId>,
    record: Append,
}

/// How many debts are paid at once. Each may be as large as a job, or as what a job may emit, and all are held in memory.
const DEBTS_MAX: usize = 64;
/// How many bytes are stored at once, if it is more than one record.
const APPEND_BYTES_MAX: usize = 1 << 20;
/// The longest wait between two looks.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Of so many debts it is remembered what of them is stored. With more in trouble all is forgotten, and their children are stored
/// again, once.
const REMEMBERED_MAX: usize = 1_000;

/// Pays debts until `stop`, while they are ours to pay.
pub(crate) async fn pump<L: Log, Q: Queue>(
    mut payer: Payer<L, Q>,
    mut is_ours: watch::Receiver<bool>,
    stop: CancellationToken,
) -> Payer<L, Q> {
    let mut trouble = Trouble::new("paying what the queue owes");
    while !stop.is_cancelled() {
        if !*is_ours.borrow_and_update() {
            trouble.over();
            tokio::select! {
                // It fails only when the relay is gone, and then it stops.
                _ = is_ours.changed() => {}
                () = stop.cancelled() => {}
            }
            continue;
        }
        match payer.pay_some().await {
            Ok(0) => {
                trouble.over();
                tokio::select! {
                    () = payer.ends.queue.owing(LOOK_AGAIN) => {}
                    () = stop.cancelled() => {}
                }
            }
            Ok(_) => trouble.over(),
            Err(hindrance) => {
                let pause = trouble.met(&hindrance, rand::random());
                let _ = tokio::time::timeout(pause, stop.cancelled()).await;
            }
        }
    }
    payer
}

impl<L: Log, Q: Queue> Payer<L, Q> {
    pub(crate) fn new(ends: Arc<Ends<L, Q>>) -> Self {
        Self { ends, stored: BTreeMap::new() }
    }

    /// Pays all that is owed now, or as much as goes without trouble.
    pub(crate) async fn pay_all(&mut self) -> Result<(), Hindrance> {
        while self.pay_some().await? > 0 {}
        Ok(())
    }

    /// Pays the oldest debts and answers how many. Trouble with some, such as a topic that cannot be written to, or a server of
    /// the queue that is away, comes after the others are paid.
    async fn pay_some(&mut self) -> Result<usize, Hindrance> {
        let debts = self.ends.queue.owed(DEBTS_MAX).await?;
        let (letters, emitted): (Vec<&Debt>, Vec<&Debt>) =
            debts.iter().partition(|debt| debt.letter().is_some());
        // Power lost before this line: the queue still owes them. They are asked for again.
        let (letters, no_letters) = self.store(letters, Step::Buried).await;
        // Power lost before this line: the log has the letters and the queue still owes them. They are stored once more
        // under the same keys, and overwrite themselves. Only `paid` lets their jobs' offsets settle, so a queue that is
        // lost here as well gets those jobs again from the log.
        let (stored, no_children) = self.store(emitted, Step::Emitted).await;
        // Power lost before this line, or between any two children: some of them are in the log, and the queue still owes all. They
        // are stored once more, under the same ids, and the queue drops the second of each as a duplicate.
        let (handed, not_handed) = hand_over(&self.ends.queue, &stored).await;
        let is_full = not_handed.is_none() && handed.len() < stored.len();
        let children = stored.iter().filter(|debt| handed.contains(&debt.id));
        let children = children.map(|debt| debt.children().len()).sum();
        let paid: Vec<DebtId> = letters.iter().map(|debt| debt.id).chain(handed).collect();
        let count = paid.len();
        if count > 0 {
            self.ends.queue.paid(paid.clone()).await?;
            done(Step::Paid);
            paid.iter().for_each(|debt| drop(self.stored.remove(debt)));
            count_paid(count);
            count_children(children);
        }
        match no_letters.or(no_children).or(not_handed.map(Hindrance::from)) {
            Some(trouble) => Err(trouble),
            None if is_full => Err(Hindrance::Full),
            None => Ok(count),
        }
    }

    /// Stores what debts ask the log for, and is not there yet. Answers the debts of which the log has all, and what was in the way
    /// of the others.
    async fn store<'d>(&mut self, debts: Vec<&'d Debt>, step: Step) -> (Vec<&'d Debt>, Option<Hindrance>) {
        let (mut failed, mut trouble) = (BTreeSet::new(), None);
        let mut dues = Vec::new();
        for debt in &debts {
            match self.dues(debt) {
                Ok(due) => dues.extend(due),
                Err(error) => {
                    failed.insert(debt.id);
                    trouble = Some(error.into());
                }
            }
        }
        while !dues.is_empty() {
            let rest = dues.split_off(piece_of(&dues));
            let piece = std::mem::replace(&mut dues, rest);
            let (places, records): (Vec<_>, Vec<_>) =
                piece.into_iter().map(|due| ((due.debt, due.child), due.record)).unzip();
            let fates = self.ends.log.append_each(records).await;
            if fates.iter().any(Result::is_ok) {
                done(step);
            }
            for ((debt, child), fate) in places.into_iter().zip(fates) {
                match fate {
                    Ok(_) => self.remember(debt, child),
                    Err(error) => {
                        failed.insert(debt);
                        trouble = Some(error.into());
                    }
                }
            }
        }
        (debts.into_iter().filter(|debt| !failed.contains(&debt.id)).collect(), trouble)
    }

    /// The records that a debt asks for, without those that are stored.
    fn dues(&self, debt: &Debt) -> Result<Vec<Due>, Undecodable> {
        if let Some(letter) = debt.letter() {
            return Ok(vec![Due { debt: debt.id, child: None, record: append_of(letter)? }]);
        }
        let is_stored =
            |child: &Child| self.stored.get(&debt.id).is_some_and(|all| all.contains(&child.job.id));
        let wanted = debt.children().iter().filter(|child| child.goes_into_log() && !is_stored(child));
        let due =
            |child: &Child| Ok(Due { debt: debt.id, child: Some(child.job.id), record: record_of(child)? });
        wanted.map(due).collect()
    }

    fn remember(&mut self, debt: DebtId, child: Option<JobId>) {
        let Some(child) = child else { return };
        if self.stored.len() >= REMEMBERED_MAX && !self.stored.contains_key(&debt) {
            self.stored.clear();
        }
        self.stored.entry(debt).or_default().insert(child);
    }
}

/// How many records are appended at once: at least one, and no more bytes than a log's buffer has room for.
fn piece_of(dues: &[Due]) -> usize {
    let mut bytes = 0;
    let fits = dues.iter().take_while(|due| {
        bytes += due.record.value.as_ref().map_or(0, |value| value.len());
        bytes <= APPEND_BYTES_MAX
    });
    fits.count().max(1)
}

/// A child as a record of its queue's topic. Its parent settles by it, so it is stored as well as letters are.
fn record_of(child: &Child) -> Result<Append, Undecodable> {
    let place = child.place();
    let value = Some(encode_job(&child.job)?);
    let durability = Durability::Quorum;
    Ok(Append { topic: place.topic, partition: place.partition, key: None, value, durability })
}

#[cfg(test)]
mod tests;
