//! Pays what the queue owes: the dead letters of jobs that were buried go into the log, and so do the children of jobs that
//! completed, unless their stamp says that they go straight into the queue.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wasmill_job::wire::{Undecodable, encode_job};
use wasmill_job::{Durability, JobId, TopicPartition};
use wasmill_log::{Append, AppendError, Log};
use wasmill_queue::{Child, Debt, DebtId, Queue, hand_over};

use crate::ends::{Ends, append_of};
use crate::gauges::{count_children, count_paid};
use crate::hindrance::{Hindrance, Trouble};
use crate::step::{Step, done};

mod aside;

use aside::Aside;

/// Pays.
pub(crate) struct Payer<L, Q> {
    ends: Arc<Ends<L, Q>>,
    /// Which children are stored of debts that could not be paid whole: those are not stored again with each try.
    stored: BTreeMap<DebtId, BTreeSet<JobId>>,
    aside: Aside,
}

/// What came of one look at what is owed.
struct Round {
    paid: usize,
    /// What was in the way of those that were not paid.
    trouble: Option<Hindrance>,
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
        let round = payer.pay_some().await;
        let round = round.unwrap_or_else(|hindrance| Round { paid: 0, trouble: Some(hindrance) });
        // `owing` would answer at once, of those.
        let mut pause = (!payer.aside.is_empty()).then_some(LOOK_AGAIN);
        match &round.trouble {
            Some(hindrance) => pause = Some(trouble.met(hindrance, rand::random())),
            None if pause.is_none() => trouble.over(),
            None => {}
        }
        if round.paid > 0 {
            continue;
        }
        match pause {
            Some(pause) => drop(tokio::time::timeout(pause, stop.cancelled()).await),
            None => tokio::select! {
                () = payer.ends.queue.owing(LOOK_AGAIN) => {}
                () = stop.cancelled() => {}
            },
        }
    }
    payer
}

impl<L: Log, Q: Queue> Payer<L, Q> {
    pub(crate) fn new(ends: Arc<Ends<L, Q>>) -> Self {
        Self { ends, stored: BTreeMap::new(), aside: Aside::default() }
    }

    /// Pays all that is owed now, or as much as goes.
    ///
    /// # Errors
    /// With what was in the way of the rest.
    pub(crate) async fn pay_all(&mut self) -> Result<(), Hindrance> {
        self.aside = Aside::default();
        let mut first = None;
        loop {
            let Round { paid, trouble } = self.pay_some().await?;
            first = first.or(trouble);
            if paid == 0 {
                return first.map_or(Ok(()), Err);
            }
        }
    }

    /// Pays the oldest debts that are not set aside. Some may be in trouble, by a topic that cannot be written to, or a server of the
    /// queue that is away: the others are paid, and those are set aside for a while.
    async fn pay_some(&mut self) -> Result<Round, Hindrance> {
        let began = Instant::now();
        let mut debts = self.ends.queue.owed(DEBTS_MAX + self.aside.len()).await?;
        self.aside.try_again_at(began);
        debts.retain(|debt| !self.aside.has(debt.id));
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
        // What waits only for room in the queue is tried with each round.
        let waits = |id: DebtId| is_full && stored.iter().any(|debt| debt.id == id);
        let unpaid = debts.iter().map(|debt| debt.id).filter(|id| !paid.contains(id) && !waits(*id));
        self.aside.put(unpaid, began, Instant::now());
        let trouble = no_letters.or(no_children).or(not_handed.map(Hindrance::from));
        Ok(Round { paid: count, trouble: trouble.or(is_full.then_some(Hindrance::Full)) })
    }

    /// Stores what debts ask the log for, and is not there yet, but nothing in partitions that took no record lately. Answers the
    /// debts of which the log has all, and what was in the way of the others, if they were tried.
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
        loop {
            let (closed, mut open): (Vec<_>, Vec<_>) =
                dues.into_iter().partition(|due| self.aside.is_closed(&place_of(&due.record)));
            failed.extend(closed.into_iter().map(|due| due.debt));
            if open.is_empty() {
                break;
            }
            dues = open.split_off(piece_of(&open));
            let piece = open;
            let (asked, records): (Vec<_>, Vec<_>) = piece
                .into_iter()
                .map(|due| ((due.debt, due.child, place_of(&due.record)), due.record))
                .unzip();
            let fates = self.ends.log.append_each(records).await;
            if fates.iter().any(Result::is_ok) {
                done(step);
            }
            for ((debt, child, place), fate) in asked.into_iter().zip(fates) {
                match fate {
                    Ok(_) => self.remember(debt, child),
                    Err(error) => {
                        if let AppendError::Unknown { .. } | AppendError::Refused { .. } = error {
                            self.aside.close(place);
                        }
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

fn place_of(record: &Append) -> TopicPartition {
    TopicPartition::new(record.topic.clone(), record.partition)
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
