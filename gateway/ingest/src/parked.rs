//! Finding a job that is parked: the queue does not hold it, and its copy stands in the log.

use tokio::sync::Semaphore;
use wasmill_http::{Kind, Problem};
use wasmill_job::{Topic, TopicPartition};
use wasmill_log::{Log, ParkedCopy, ReadError, parked_copies};
use wasmill_queue::Queue;

use crate::address::Address;
use crate::show::{log_problem, queue_problem};

/// What a look through the parked jobs of a type found.
pub(crate) enum Look {
    Found(Box<ParkedCopy>),
    /// It is not among them.
    Nothing,
    /// It is not among those that were looked at, and there are more.
    Unfinished,
}

/// So many looks at a time in this process: each reads the log.
const LOOKS_MAX: usize = 2;
/// How much of the log is read at once, and how much for one look.
const READ_BYTES: usize = 1 << 20;
const READS_MAX: usize = 64;

/// Who may look now.
pub(crate) struct Looks(Semaphore);

impl Default for Looks {
    fn default() -> Self {
        Self(Semaphore::new(LOOKS_MAX))
    }
}

impl Looks {
    /// Looks for the job among the copies of its partition that the queue has not taken.
    pub(crate) async fn look<L: Log, Q: Queue>(
        &self,
        log: &L,
        queue: &Q,
        address: &Address,
    ) -> Result<Look, Problem> {
        let Ok(job_type) = address.job_type.parse() else { return Ok(Look::Nothing) };
        let topic = Topic::parked_in(&job_type, address.id.generation().server_set());
        let lane = TopicPartition::new(topic, address.id.partition());
        let floor = queue.progress(&lane).await.map_err(|error| queue_problem(&error))?.floor;
        let wanted = queue.wanted(&lane, floor).await.map_err(|error| queue_problem(&error))?;
        let mut from = wanted.unwrap_or(floor);
        let Ok(_permit) = self.0.acquire().await else {
            return Err(Problem::new(Kind::ShuttingDown, "The gateway is shutting down."));
        };
        for _ in 0..READS_MAX {
            let found = match parked_copies(log, &lane, from, READ_BYTES).await {
                // No job of this type was ever parked.
                Err(ReadError::Refused { .. }) => return Ok(Look::Nothing),
                other => other.map_err(|error| log_problem(&error))?,
            };
            if let Some(copy) = found.copies.into_iter().find(|copy| copy.job.id == address.id) {
                return Ok(Look::Found(Box::new(copy)));
            }
            match found.next {
                Some(next) => from = next,
                None => return Ok(Look::Nothing),
            }
        }
        Ok(Look::Unfinished)
    }
}
