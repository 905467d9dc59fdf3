//! Unit tests of `plain`.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wasmill_job::{
    Generation, Job, JobId, JobType, Mode, Offset, Partition, Path, Priority, Revision, Stamp, Topic,
    TopicPartition, UnixMs,
};

use super::Plain;
use crate::redis::pushing::Source;
use crate::{Entry, NewJob, Push};

/// The gaps, and the offsets in each group.
type Layout = (Vec<Range<u64>>, Vec<Vec<u64>>);

/// A job of type `mail` with this key at this offset.
fn job(key: u64, offset: u64) -> Entry {
    let job_type = JobType::try_from(Arc::<str>::from("mail")).unwrap();
    let job = Job {
        id: JobId::derived(&job_type, &key.to_string(), Generation(1), Partition(0)),
        job_type,
        payload: Bytes::from_static(b"{}"),
        accepted_at: UnixMs(1),
        stamp: Stamp { revision: Revision(1), path: Path::Log, mode: Mode::Live },
        priority: Priority::Normal,
        idempotency_key: None,
        traceparent: None,
        redrives: 0,
        run_at: None,
        unknown: serde_json::Map::new(),
    };
    let new = NewJob::new(job, Duration::from_secs(60));
    Entry::Job { offset: Offset(offset), new }
}

fn changed(mut entry: Entry, change: impl FnOnce(&mut Job)) -> Entry {
    if let Entry::Job { new, .. } = &mut entry {
        change(&mut new.job);
    }
    entry
}

fn lane(to: u64) -> Push {
    let lane = TopicPartition::new(Topic::from("wasmill.q.default.1"), Partition(0));
    Push { lane, from: Offset(10), to: Offset(to), passed: None, entries: Vec::new() }
}

/// These entries in a push of a lane from 10 on; `None` when they are not plain.
fn of_lane(entries: &[Entry], to: u64) -> Option<Layout> {
    let push = lane(to);
    of(Source::Lane(&push, push.from), entries)
}

fn of(source: Source<'_>, entries: &[Entry]) -> Option<Layout> {
    let entries: Vec<&Entry> = entries.iter().collect();
    let plain = Plain::of(source, &entries, &vec![Some(1); entries.len()])?;
    assert_eq!(plain.jobs, entries.len());
    let offsets = |jobs: &Vec<(&NewJob, Offset)>| jobs.iter().map(|(_, offset)| offset.0).collect();
    Some((plain.gaps, plain.groups.values().map(offsets).collect()))
}

#[test]
fn offsets_without_a_job_are_gaps() {
    assert_eq!(of_lane(&[job(1, 10), job(2, 11)], 12), Some((vec![], vec![vec![10, 11]])));
    let gaps = vec![10..12, 13..15, 16..20];
    assert_eq!(of_lane(&[job(1, 12), job(2, 15)], 20), Some((gaps, vec![vec![12, 15]])));
    // What stands in no log has no offsets.
    assert_eq!(of(Source::Direct, &[job(1, 0), job(2, 0)]), Some((vec![], vec![vec![0, 0]])));
}

#[test]
fn jobs_of_a_priority_are_together_in_their_order() {
    let urgent = changed(job(2, 11), |job| job.priority = Priority::Urgent);
    let groups = vec![vec![10, 12], vec![11]];
    assert_eq!(of_lane(&[job(1, 10), urgent, job(3, 12)], 13), Some((vec![], groups)));
}

#[test]
fn what_is_more_than_new_jobs_once_each_is_not_plain() {
    assert_eq!(of_lane(&[], 12), None);
    assert_eq!(of_lane(&[job(1, 10), job(1, 11)], 12), None);
    assert_eq!(of_lane(&[job(1, 10), changed(job(2, 11), |job| job.redrives = 1)], 12), None);
    assert_eq!(of_lane(&[job(1, 10), changed(job(2, 11), |job| job.run_at = Some(UnixMs(0)))], 12), None);
    let undead = Entry::Undead { offset: Offset(11), key: "mail".into() };
    assert_eq!(of_lane(&[job(1, 10), undead], 12), None);
    // Of what is owed push.lua counts the room otherwise.
    assert_eq!(of(Source::Owed, &[job(1, 0)]), None);
}
