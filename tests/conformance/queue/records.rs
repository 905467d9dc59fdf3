//! Records that are parked and copied, and how pushes of them end.

use wasmill_job::{Attempt, Cancel, CopyOf, Job, Offset, Position, Topic, TopicPartition, UnixMs};
use wasmill_queue::{Entry, NewJob, Pushed};

use super::world::{entry, lane, name, new_job};

/// A record that is still to be given its offset.
pub(crate) type Record = Box<dyn FnOnce(Offset) -> Option<Entry> + Send>;

/// Where the parked jobs of a type stand that came from the lane.
pub(crate) fn parked_lane(job_type: &str) -> TopicPartition {
    TopicPartition::new(Topic::parked(&name(job_type)), lane().partition)
}

/// A job.
pub(crate) fn job(job: &Job) -> Record {
    let job = job.clone();
    Box::new(move |offset| Some(entry(offset, job)))
}

/// A job of a type that takes in only so many.
pub(crate) fn job_at_most(most: u64, job: &Job) -> Record {
    let new = NewJob { max_pending: Some(most), ..new_job(job.clone()) };
    Box::new(move |offset| Some(Entry::Job { offset, new }))
}

/// A job of this type was parked here.
pub(crate) fn parked(job_type: &str) -> Record {
    let job_type = name(job_type);
    Box::new(move |offset| Some(Entry::Parked { offset, job_type }))
}

/// A copy of the job at an offset of the lane.
pub(crate) fn copy(job: &Job, origin: u64) -> Record {
    copy_with(job, origin, 0, None)
}

/// A copy that says how often the job was tried, and when it falls due.
pub(crate) fn copy_with(job: &Job, origin: u64, attempts: u32, due_at: Option<UnixMs>) -> Record {
    let of = CopyOf { origin: lane().at(Offset(origin)), attempts: Attempt(attempts), due_at };
    copy_of(new_job(job.clone()), of)
}

/// A copy of a job whose type takes in only so many.
pub(crate) fn copy_at_most(most: u64, job: &Job, origin: u64) -> Record {
    let of = CopyOf { origin: lane().at(Offset(origin)), attempts: Attempt(0), due_at: None };
    copy_of(NewJob { max_pending: Some(most), ..new_job(job.clone()) }, of)
}

/// A copy of what stands somewhere.
pub(crate) fn copy_from(job: &Job, origin: Position) -> Record {
    copy_of(new_job(job.clone()), CopyOf { origin, attempts: Attempt(0), due_at: None })
}

/// A copy of the parked job at an offset of the lane has become a dead letter on its way.
pub(crate) fn ended(job_type: &str, origin: u64) -> Record {
    let (job_type, origin) = (name(job_type), lane().at(Offset(origin)));
    Box::new(move |offset| Some(Entry::Ended { offset, job_type, origin }))
}

/// The job is to be cancelled.
pub(crate) fn cancelled(job: &Job) -> Record {
    let cancel = Cancel { id: job.id, job_type: job.job_type.clone(), at: UnixMs(0) };
    Box::new(move |offset| Some(Entry::Cancel { offset, cancel }))
}

fn copy_of(new: NewJob, of: CopyOf) -> Record {
    Box::new(move |offset| Some(Entry::Copy { offset, new, of }))
}

/// Applied to the lane, with duplicates at these offsets.
pub(crate) fn applied(duplicates: &[u64]) -> Pushed {
    applied_to(&lane(), duplicates)
}

/// The same of any lane.
pub(crate) fn applied_to(lane: &TopicPartition, duplicates: &[u64]) -> Pushed {
    Pushed::Applied { duplicates: duplicates.iter().map(|offset| lane.at(Offset(*offset))).collect() }
}

/// Refused, with so much room for each of these types.
pub(crate) fn over(rooms: &[(&str, usize)]) -> Pushed {
    Pushed::Over(rooms.iter().map(|(of, room)| (name(of), *room)).collect())
}
