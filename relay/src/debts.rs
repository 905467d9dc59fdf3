//! Pays what the queue owes: the dead letters of jobs that were buried go into the log, and so do the children of jobs that
//! completed, unless their stamp says that they go straight into the queue.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use wasmill_job::wire::{Undecodable, encode_job};
use wasmill_job::{Durability, Topic};
use wasmill_log::{Append, AppendError, Log};
use wasmill_queue::{Child, Debt, DebtId, Queue, hand_over};

use crate::ends::Ends;
use crate::gauges::{count_children, count_paid};
use crate::hindrance::{Hindrance, Trouble};
use crate::step::{Step, done};

/// How many debts are paid at once. Each may be as large as a job, or as what a job may emit, and all are held in memory.
const DEBTS_MAX: usize = 64;
/// How many bytes of children are stored at once, if it is more than one.
const APPEND_BYTES_MAX: usize = 1 << 20;
/// The longest wait between two looks.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Pays debts until `stop`.
pub(crate) async fn pump<L: Log, Q: Queue>(ends: Arc<Ends<L, Q>>, stop: CancellationToken) {
    let mut trouble = Trouble::new("paying what the queue owes");
    while !stop.is_cancelled() {
        match pay_some(&ends).await {
            Ok(0) => {
                trouble.over();
                tokio::select! {
                    () = ends.queue.owing(LOOK_AGAIN) => {}
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
}

/// Pays all that is owed now, or as much as goes without trouble.
pub(crate) async fn pay_all<L: Log, Q: Queue>(ends: &Ends<L, Q>) -> Result<(), Hindrance> {
    while pay_some(ends).await? > 0 {}
    Ok(())
}

/// Pays the oldest debts and answers how many. Trouble with some, such as a topic that cannot be written to, comes after the
/// others are paid.
async fn pay_some<L: Log, Q: Queue>(ends: &Ends<L, Q>) -> Result<usize, Hindrance> {
    let debts = ends.queue.owed(DEBTS_MAX).await?;
    let (letters, emitted): (Vec<&Debt>, Vec<&Debt>) = debts.iter().partition(|debt| debt.letter().is_some());
    // Power lost before this line: the queue still owes them. They are asked for again.
    ends.bury(letters.iter().filter_map(|debt| debt.letter()).map(|letter| &**letter)).await?;
    // Power lost before this line: the log has the letters and the queue still owes them. They are stored once more
    // under the same keys, and overwrite themselves. Only `paid` lets their jobs' offsets settle, so a queue that is
    // lost here as well gets those jobs again from the log.
    let mut paid: Vec<DebtId> = letters.iter().map(|debt| debt.id).collect();
    let (stored, trouble) = append_children(ends, emitted).await;
    // Power lost before this line, or between any two children: some of them are in the log, and the queue still owes all. They
    // are stored once more, under the same ids, and the queue drops the second of each as a duplicate.
    paid.extend(hand_over(&ends.queue, &stored).await?);
    let is_full = paid.len() < letters.len() + stored.len();
    let children = stored.iter().filter(|debt| paid.contains(&debt.id));
    let children = children.map(|debt| debt.children().len()).sum();
    let count = paid.len();
    if count > 0 {
        ends.queue.paid(paid).await?;
        done(Step::Paid);
        count_paid(count);
        count_children(children);
    }
    match trouble {
        Some(trouble) => Err(trouble),
        None if is_full => Err(Hindrance::Full),
        None => Ok(count),
    }
}

/// Stores those children that go into the log, topic by topic. Answers the debts of which it has them all, and what was in the
/// way of the others.
async fn append_children<'d, L: Log, Q: Queue>(
    ends: &Ends<L, Q>,
    debts: Vec<&'d Debt>,
) -> (Vec<&'d Debt>, Option<Hindrance>) {
    let (mut failed, mut trouble) = (BTreeSet::new(), None);
    let mut by_topic: BTreeMap<Topic, Vec<(DebtId, Append)>> = BTreeMap::new();
    for debt in &debts {
        for child in debt.children().iter().filter(|child| child.goes_into_log()) {
            match record_of(child) {
                Ok(record) => by_topic.entry(record.topic.clone()).or_default().push((debt.id, record)),
                Err(error) => {
                    failed.insert(debt.id);
                    trouble = Some(error.into());
                }
            }
        }
    }
    for mut records in by_topic.into_values() {
        while !records.is_empty() {
            let rest = records.split_off(piece_of(&records));
            for (debt, error) in append_piece(ends, std::mem::replace(&mut records, rest)).await {
                failed.insert(debt);
                trouble = Some(error);
            }
        }
    }
    (debts.into_iter().filter(|debt| !failed.contains(&debt.id)).collect(), trouble)
}

/// How many records are appended at once: at least one, and no more bytes than a log's buffer has room for.
fn piece_of(records: &[(DebtId, Append)]) -> usize {
    let mut bytes = 0;
    let fits = records.iter().take_while(|(_, record)| {
        bytes += record.value.as_ref().map_or(0, |value| value.len());
        bytes <= APPEND_BYTES_MAX
    });
    fits.count().max(1)
}

/// Stores records of one topic, and answers which were not, and why. What the log refuses for good does not hold up the others.
async fn append_piece<L: Log, Q: Queue>(
    ends: &Ends<L, Q>,
    records: Vec<(DebtId, Append)>,
) -> Vec<(DebtId, Hindrance)> {
    let all = records.iter().map(|(_, record)| record.clone()).collect();
    let error = match ends.log.append(all).await {
        Ok(_) => {
            done(Step::Emitted);
            return Vec::new();
        }
        Err(error) => error,
    };
    let is_lasting = matches!(error, AppendError::Refused { .. } | AppendError::TooLarge { .. });
    let mut failed = Vec::new();
    for (debt, record) in records {
        // Trouble that passes is that of all of them: they are tried again together.
        let error = if is_lasting { ends.log.append(vec![record]).await.err() } else { Some(error.clone()) };
        failed.extend(error.map(|error| (debt, error.into())));
    }
    failed
}

/// A child as a record of its queue's topic. Its parent settles by it, so it is stored as well as letters are.
fn record_of(child: &Child) -> Result<Append, Undecodable> {
    let place = child.place();
    let value = Some(encode_job(&child.job)?);
    let durability = Durability::Quorum;
    Ok(Append { topic: place.topic, partition: place.partition, key: None, value, durability })
}
