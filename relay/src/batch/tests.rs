//! Runs of records and the steps they become.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use bytes::Bytes;
use wasmill_job::wire::encode_job;
use wasmill_job::{Generation, Partition, Topic};

use super::*;
use crate::reading::tests::{catalog, job, stored};

fn lane() -> TopicPartition {
    TopicPartition::new(Topic::queue(&"mail".parse().unwrap(), Generation(0)), Partition(3))
}

fn record(offset: u64, job_type: &str, revision: u64) -> Stored {
    stored(offset, Some(encode_job(&job(job_type, revision)).unwrap()))
}

fn batch(from: u64, records: &[Stored]) -> Batch {
    Batch::read(&lane(), Offset(from), records, &catalog(2, &["known"]), UnixMs(1))
}

#[test]
fn a_push_covers_gaps_before_and_between_its_records() {
    let batch = batch(3, &[record(5, "known", 1), record(9, "known", 1)]);
    assert_eq!((batch.push.from, batch.push.to), (Offset(3), Offset(10)));
    assert_eq!(batch.jobs(), 2);
    assert!(batch.letters.is_empty());
}

#[test]
fn records_that_are_dead_on_arrival_are_passed_and_told_apart() {
    let broken = stored(1, Some(Bytes::from_static(b"broken")));
    let batch = batch(0, &[record(0, "known", 1), broken, record(2, "unknown", 1), record(3, "known", 1)]);
    assert_eq!((batch.push.from, batch.push.to), (Offset(0), Offset(4)));
    assert_eq!(batch.jobs(), 2);
    assert_eq!(batch.letters.len(), 2);
}

#[test]
fn a_batch_ends_before_a_record_that_waits_for_the_catalog() {
    let batch = batch(0, &[record(0, "known", 1), record(1, "unknown", 3), record(2, "known", 1)]);
    assert_eq!(batch.push.to, Offset(1), "its neighbours behind it wait as well");
    assert_eq!(batch.waits_for, Some(Revision(3)));
    assert_eq!(batch.jobs(), 1);
}

#[test]
fn a_batch_that_waits_at_once_moves_nothing() {
    let batch = batch(7, &[record(8, "unknown", 3)]);
    assert_eq!((batch.push.from, batch.push.to), (Offset(7), Offset(7)));
    assert_eq!(batch.waits_for, Some(Revision(3)));
}
