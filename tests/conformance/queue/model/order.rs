//! In which order the jobs of one type may be given.

use wasmill_job::JobId;

use super::simple::{Live, Simple};

/// Whether these jobs of one type, given in this order by a shard that is now as `after`, were the next: by priority, then
/// by age where it is known. What is wrong, if anything is.
pub(super) fn fault(given: &[Live], after: &Simple) -> Option<String> {
    let first = given.first()?;
    let left: Vec<&Live> = after.pending(&first.job.job_type).collect();
    for (one, next) in given.iter().zip(given.iter().skip(1)) {
        if goes_before(next, one) {
            return Some(told(next.job.id, one.job.id));
        }
    }
    let skipped = |live: &&Live| left.iter().find(|left| goes_before(left, live)).copied();
    given.iter().find_map(|live| Some(told(skipped(&live)?.job.id, live.job.id)))
}

fn goes_before(one: &Live, other: &Live) -> bool {
    let is_older = matches!((one.born, other.born), (Some(one), Some(other)) if one < other);
    let (of_one, of_other) = (one.job.priority, other.job.priority);
    !one.is_back && !other.is_back && (of_one > of_other || of_one == of_other && is_older)
}

fn told(before: JobId, given: JobId) -> String {
    format!("{before} goes before {given}, which was given first")
}
