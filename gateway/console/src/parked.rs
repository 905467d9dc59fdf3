//! Parked jobs. The queue does not hold them, so they are listed from the log: their copies, from where the queue wants the
//! next one on.

use std::collections::BTreeSet;

use wasmill_http::{Kind, Problem};
use wasmill_job::{JobId, JobType, Offset, Partition, Position, Topic, TopicPartition};
use wasmill_log::{Log, ParkedCopy, parked_copies};
use wasmill_queue::Queue;

use crate::trouble::{queue_problem, read_problem};

/// Some parked jobs, and where the next page begins.
#[derive(Default)]
pub(crate) struct ParkedPage {
    pub(crate) copies: Vec<ParkedCopy>,
    /// The `after` of the next page.
    pub(crate) next: Option<String>,
}

/// How much of the log is read at once, and how often for one page.
const READ_BYTES: usize = 1 << 20;
const READS_MAX: usize = 20;

/// A page of at most `max` parked jobs, in the order in which they will come back.
pub(crate) async fn parked<L: Log, Q: Queue>(
    log: &L,
    queue: &Q,
    job_type: Option<&JobType>,
    after: Option<&str>,
    max: usize,
) -> Result<ParkedPage, Problem> {
    let after = after.map(read_cursor).transpose()?;
    // A type has a topic for each set of Redis servers.
    let is_wanted = |lane: &TopicPartition| {
        let of = lane.topic.parked_type();
        of.is_some_and(|of| job_type.is_none_or(|wanted| of == *wanted))
    };
    let mut lanes = log.partitions().await.map_err(|error| read_problem(&error))?;
    lanes.retain(|lane| is_wanted(lane) && after.as_ref().is_none_or(|at| *lane >= at.topic_partition()));
    lanes.sort_unstable();
    let (mut page, mut seen, mut reads) = (ParkedPage::default(), BTreeSet::new(), 0);
    for lane in lanes {
        let begun = after.as_ref().filter(|at| at.topic_partition() == lane).map(|at| at.offset);
        let mut from = first_parked(queue, &lane).await?.max(begun.unwrap_or_default());
        loop {
            if page.copies.len() >= max || reads >= READS_MAX {
                page.next = Some(lane.at(from).to_string());
                return Ok(page);
            }
            reads += 1;
            let found =
                parked_copies(log, &lane, from, READ_BYTES).await.map_err(|error| read_problem(&error))?;
            for copy in found.copies {
                if page.copies.len() >= max {
                    page.next = Some(lane.at(copy.offset).to_string());
                    return Ok(page);
                }
                if is_parked(queue, &copy, &mut seen).await? {
                    page.copies.push(copy);
                }
            }
            match found.next {
                Some(next) => from = next,
                None => break,
            }
        }
    }
    Ok(page)
}

/// Where the copies begin that the queue has not taken.
async fn first_parked<Q: Queue>(queue: &Q, lane: &TopicPartition) -> Result<Offset, Problem> {
    let floor = queue.progress(lane).await.map_err(|error| queue_problem(&error))?.floor;
    let wanted = queue.wanted(lane, floor).await.map_err(|error| queue_problem(&error))?;
    Ok(wanted.unwrap_or(floor))
}

/// A job that the queue knows is not parked: a relay that died in the middle has left a copy too many.
async fn is_parked<Q: Queue>(
    queue: &Q,
    copy: &ParkedCopy,
    seen: &mut BTreeSet<JobId>,
) -> Result<bool, Problem> {
    let id = copy.job.id;
    Ok(seen.insert(id) && queue.job(id).await.map_err(|error| queue_problem(&error))?.is_none())
}

fn read_cursor(text: &str) -> Result<Position, Problem> {
    let position = || {
        let mut parts = text.rsplitn(3, '/');
        let offset = Offset(parts.next()?.parse().ok()?);
        let partition = Partition(parts.next()?.parse().ok()?);
        let topic = parts.next().map(Topic::from).filter(|topic| topic.parked_type().is_some())?;
        Some(Position { topic, partition, offset })
    };
    position().ok_or_else(|| {
        let detail = "`after`: it is no `next` of a page of parked jobs.";
        Problem::new(Kind::InvalidField, detail).with("field", "after")
    })
}
