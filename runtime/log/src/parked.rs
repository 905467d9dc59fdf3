//! Looking through a partition of parked jobs: the queue does not hold them, so whoever wants to see them reads them here.

use wasmill_job::wire::{Record, decode};
use wasmill_job::{CopyOf, Job, Offset, TopicPartition};

use crate::{Log, ReadError, Stored};

/// The copy of a parked job, as it stands in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct ParkedCopy {
    pub offset: Offset,
    pub job: Job,
    pub of: CopyOf,
}

/// Some copies, and where the next ones begin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParkedCopies {
    pub copies: Vec<ParkedCopy>,
    /// `None` at the end of the partition.
    pub next: Option<Offset>,
}

/// The copies that stand in `of` at or after `from`, in order: as many as [`Log::read`] gives for `bytes_max`. What is no copy
/// is left out: the relay makes a dead letter of it. Copies that the queue has taken may still stand there; they stand before
/// the offset that it wants.
///
/// # Errors
/// When the partition cannot be read; also when its topic was never made, where topics have to be made.
pub async fn parked_copies<L: Log>(
    log: &L,
    of: &TopicPartition,
    from: Offset,
    bytes_max: usize,
) -> Result<ParkedCopies, ReadError> {
    let records = match log.read(of, from, bytes_max).await {
        // What is settled is dropped.
        Err(ReadError::Gone { first, .. }) => log.read(of, first, bytes_max).await?,
        other => other?,
    };
    let next = records.last().map(|last| last.offset.next());
    Ok(ParkedCopies { copies: records.into_iter().filter_map(copy_in).collect(), next })
}

fn copy_in(record: Stored) -> Option<ParkedCopy> {
    match decode(&record.value?) {
        Ok(Record::Copy { job, of }) => Some(ParkedCopy { offset: record.offset, job, of }),
        _ => None,
    }
}
