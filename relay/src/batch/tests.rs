//! Runs of records and the steps they become.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use bytes::Bytes;
use wasmill_job::wire::{encode_copy, encode_job};
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

fn parked() -> TopicPartition {
    TopicPartition::new(Topic::parked(&"known".parse().unwrap()), Partition(3))
}

fn rooms(rooms: &[(&str, usize)]) -> BTreeMap<JobType, usize> {
    rooms.iter().map(|(name, room)| (name.parse().unwrap(), *room)).collect()
}

#[test]
fn the_first_jobs_of_a_type_have_the_room_and_the_others_are_parked() {
    let catalog = catalog(2, &["known", "other"]);
    let records: Vec<_> =
        (0..6).map(|offset| record(offset, if offset == 3 { "other" } else { "known" }, 1)).collect();
    let mut batch = Batch::read(&lane(), Offset(0), &records, &catalog, UnixMs(1));
    let over = batch.over(&rooms(&[("known", 2)]), &Progress::default());
    assert_eq!(over.keys().copied().collect::<Vec<_>>(), [2, 4, 5].map(Offset));
    let parking = &over[&Offset(4)];
    assert_eq!(parking.of.origin, lane().at(Offset(4)));
    assert_eq!((parking.of.attempts, parking.of.due_at), (Attempt(0), None));

    batch.park(&over.into_keys().collect());
    let parked = batch.push.entries.iter().filter(|entry| matches!(entry, Entry::Parked { .. }));
    assert_eq!(parked.map(Entry::offset).collect::<Vec<_>>(), [2, 4, 5].map(Offset));
    assert_eq!(batch.jobs(), 3);
    assert_eq!(batch.push.to, Offset(6), "it goes as far as before");
    assert!(
        batch.over(&rooms(&[("known", 2)]), &Progress::default()).is_empty(),
        "what is parked needs no room"
    );
}

#[test]
fn a_copy_that_is_parked_again_keeps_its_attempts_and_its_time() {
    let of = CopyOf { origin: parked().at(Offset(1)), attempts: Attempt(3), due_at: Some(UnixMs(9)) };
    let copy = stored(7, Some(encode_copy(&job("known", 1), &of).unwrap()));
    let batch = batch(7, &[copy]);
    let over = batch.over(&rooms(&[("known", 0)]), &Progress::default());
    let again = CopyOf { origin: lane().at(Offset(7)), ..of };
    assert_eq!(over[&Offset(7)], Parking { job: job("known", 1), of: again });
}

#[test]
fn the_last_record_is_the_one_passed() {
    let last = record(9, "known", 1);
    let passed = batch(3, &[record(5, "known", 1), last.clone()]).push.passed.unwrap();
    assert_eq!((passed.offset, passed.hash), (Offset(9), RecordHash::of(last.value.as_deref())));
    assert_eq!(batch(3, &[]).push.passed, None);
}

#[test]
fn what_is_settled_and_what_is_redriven_is_not_parked() {
    let redriven = Job { redrives: 1, ..job("known", 1) };
    let redriven = stored(1, Some(encode_job(&redriven).unwrap()));
    let batch = batch(0, &[record(0, "known", 1), redriven, record(2, "known", 1), record(3, "known", 1)]);
    let mut settled = Progress::default();
    settled.settle(Offset(2)..Offset(3));
    let over = batch.over(&rooms(&[("known", 0)]), &settled);
    assert_eq!(over.into_keys().collect::<Vec<_>>(), [0, 3].map(Offset));
}
