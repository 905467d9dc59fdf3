//! Pays what the queue owes the log: the dead letters of jobs that were buried.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use wasmill_log::Log;
use wasmill_queue::Queue;

use crate::ends::Ends;
use crate::gauges::count_paid;
use crate::hindrance::{Hindrance, Trouble};
use crate::step::{Step, done};

/// How many dead letters are stored at once. Each may be as large as a job, and all are held in memory.
const DEBTS_MAX: usize = 64;
/// The longest wait between two looks.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Pays debts until `stop`.
pub(crate) async fn pump<L: Log, Q: Queue>(ends: Arc<Ends<L, Q>>, stop: CancellationToken) {
    let mut trouble = Trouble::new("storing dead letters");
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

/// Pays the oldest debts and answers how many.
async fn pay_some<L: Log, Q: Queue>(ends: &Ends<L, Q>) -> Result<usize, Hindrance> {
    let debts = ends.queue.owed(DEBTS_MAX).await?;
    // Power lost before this line: the queue still owes them. They are asked for again.
    ends.bury(debts.iter().map(|debt| &*debt.letter)).await?;
    // Power lost before this line: the log has the letters and the queue still owes them. They are stored once more
    // under the same keys, and overwrite themselves. Only `paid` lets their jobs' offsets settle, so a queue that is
    // lost here as well gets those jobs again from the log.
    let paid = debts.len();
    if paid > 0 {
        ends.queue.paid(debts.into_iter().map(|debt| debt.id).collect()).await?;
        done(Step::Paid);
        count_paid(paid);
    }
    Ok(paid)
}
