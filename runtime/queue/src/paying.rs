//! Paying what is owed where there is no log: children go straight into the queue. With a log relays pay.

use std::time::Duration;

use crate::{Admission, Child, Debt, DebtId, Enqueued, Queue, QueueError};

/// How many debts are paid at once. Each may be as large as what a job may emit, and all are held in memory.
const DEBTS_MAX: usize = 64;
/// The longest wait between two looks.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Every process is told when something is owed. A pause by chance before it looks lets one of them pay for all.
const APART_MAX: Duration = Duration::from_millis(20);
/// The pauses after trouble: each twice as long as the one before.
const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// What became of some debts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Payment {
    /// Debts that are paid.
    pub paid: usize,
    /// Debts that are not: there is no room for the children, or they are owed to a log.
    pub left: usize,
}

/// Pays what is owed, as far as that needs no log, again and again until it is dropped: of a mill without a log every worker
/// does. One log line when trouble begins, and one when it is over.
pub async fn keep_paying<Q: Queue>(queue: Q) {
    let mut pause = None;
    loop {
        match pay_without_log(&queue, DEBTS_MAX).await {
            Ok(Payment { paid: 0, left: 0 }) => {
                if pause.take().is_some() {
                    tracing::info!("what the queue owes is paid again");
                }
                queue.owing(LOOK_AGAIN).await;
                tokio::time::sleep(APART_MAX.mul_f64(rand::random())).await;
            }
            Ok(Payment { paid: 1.., .. }) => {}
            Ok(Payment { paid: 0, left }) => {
                let reason =
                    format!("there is no room for the children of {left} jobs, or they are owed to a log");
                tokio::time::sleep(worse(&mut pause, &reason)).await;
            }
            Err(error) => tokio::time::sleep(worse(&mut pause, error.reason())).await,
        }
    }
}

/// The next pause; tells when trouble begins.
fn worse(pause: &mut Option<Duration>, reason: &str) -> Duration {
    let next = match *pause {
        Some(before) => (before * 2).min(PAUSE_MAX),
        None => {
            tracing::warn!("what the queue owes cannot be paid yet, and is tried again: {reason}");
            PAUSE_FIRST
        }
    };
    *pause = Some(next);
    next.mul_f64(1.0 - 0.5 * rand::random::<f64>())
}

/// Pays the oldest debts, at most `max`, as far as that needs no log. A crash at any point costs nothing: whoever repeats it
/// enqueues children that are known, which are duplicates, because their ids are derived. Any number of callers may do it
/// at once.
///
/// # Errors
/// When the queue does not answer.
pub async fn pay_without_log<Q: Queue>(queue: &Q, max: usize) -> Result<Payment, QueueError> {
    let debts = queue.owed(max).await?;
    let payable: Vec<&Debt> = debts.iter().filter(|debt| !debt.needs_log()).collect();
    let (paid, trouble) = hand_over(queue, &payable).await;
    let payment = Payment { paid: paid.len(), left: debts.len() - paid.len() };
    if !paid.is_empty() {
        queue.paid(paid).await?;
    }
    trouble.map_or(Ok(payment), Err)
}

/// Gives the queue those children of `debts` that go straight into it. Answers the debts of which it has them all, as it does of one
/// without such children; and the trouble, when the queue did not answer: then it has none of the children, or some, or all.
pub async fn hand_over<Q: Queue>(queue: &Q, debts: &[&Debt]) -> (Vec<DebtId>, Option<QueueError>) {
    let direct = |debt: &Debt| debt.children().iter().filter(|child| child.goes_into_queue()).count();
    let all = debts.iter().flat_map(|debt| debt.children());
    let children: Vec<_> = all.filter(|child| child.goes_into_queue()).map(Child::new_job).collect();
    let (admissions, trouble) = match queue.enqueue_owed(children).await {
        Ok(Enqueued::Done(admissions)) => (admissions, None),
        Ok(Enqueued::Full) => (Vec::new(), None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let mut rest = &admissions[..];
    let mut handed = Vec::new();
    for debt in debts {
        let count = direct(debt);
        // None at all when there was no room for any.
        let (mine, others) = rest.split_at(count.min(rest.len()));
        let has_all = mine.len() == count
            && mine.iter().all(|admission| matches!(admission, Admission::Accepted | Admission::Duplicate));
        if has_all {
            handed.push(debt.id);
        }
        rest = others;
    }
    (handed, trouble)
}
