//! Records and what they mean, by hand.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;
use wasmill_catalog::{Flow, GenerationSpec, Handlers, QueueSpec, RouteMode, TypeSpec};
use wasmill_job::wire::{encode_cancel, encode_copy, encode_dead, encode_job};
use wasmill_job::{
    Cancel, Durability, Generation, IdSource, JobId, JobType, Limits, Mode, ModuleDigest, Offset, Partition,
    Path, RetryPolicy, Stamp, Topic,
};

use super::*;

const NOW: UnixMs = UnixMs(1_700_000_000_000);

fn mail() -> TopicPartition {
    TopicPartition::new(Topic::queue(&"mail".parse().unwrap(), Generation(0)), Partition(3))
}

fn dead() -> TopicPartition {
    TopicPartition::new(Topic::dead(), Partition(0))
}

pub(crate) fn catalog(revision: u64, types: &[&str]) -> Catalog {
    let queue: wasmill_job::QueueName = "mail".parse().unwrap();
    let spec = TypeSpec {
        owner: None,
        queue: queue.clone(),
        path: Path::Log,
        mode: RouteMode::Live,
        handlers: Handlers::one("hello@1".parse().unwrap(), ModuleDigest::of(b"hello")),
        limits: Limits::default(),
        retry: RetryPolicy::default(),
        flow: Flow::default(),
        grants: wasmill_job::Grants::default(),
        keep_result: Duration::from_secs(3_600),
        dedup_window: Duration::from_secs(77),
    };
    Catalog {
        revision: Revision(revision),
        queues: [(
            queue,
            QueueSpec::of(GenerationSpec::main(Generation(0), NonZeroU32::MIN), Durability::Quorum),
        )]
        .into(),
        types: types.iter().map(|name| (name.parse().unwrap(), spec.clone())).collect(),
        ..Catalog::default()
    }
}

pub(crate) fn job(job_type: &str, revision: u64) -> Job {
    Job {
        id: id(),
        job_type: job_type.parse::<JobType>().unwrap(),
        payload: Bytes::from_static(b"<payload>"),
        accepted_at: NOW,
        stamp: Stamp { revision: Revision(revision), path: Path::Log, mode: Mode::Live },
        priority: wasmill_job::Priority::Normal,
        idempotency_key: None,
        traceparent: None,
        redrives: 0,
        run_at: None,
        unknown: serde_json::Map::new(),
    }
}

fn id() -> JobId {
    IdSource::default().next(NOW, 7, Generation(0), Partition(3))
}

pub(crate) fn stored(offset: u64, value: Option<Bytes>) -> Stored {
    Stored { offset: Offset(offset), stored_at: NOW, key: None, value }
}

fn dead_letter(reading: Reading) -> DeadLetter {
    match reading {
        Reading::Dead { letter, ended: None } => *letter,
        other => panic!("expected a dead letter, found {other:?}"),
    }
}

#[test]
fn a_job_of_a_known_type_is_an_entry_with_its_types_dedup_window() {
    let record = stored(5, Some(encode_job(&job("email.welcome", 1)).unwrap()));
    match read(&mail(), &record, &catalog(1, &["email.welcome"]), NOW) {
        Reading::Entry(Entry::Job { offset, new: NewJob { job: found, dedup_window, record: kept, .. } }) => {
            assert_eq!(offset, Offset(5));
            assert_eq!(kept, record.value, "it is given on as it stands in the log");
            assert_eq!(found, job("email.welcome", 1));
            assert_eq!(dedup_window, Duration::from_secs(77));
        }
        other => panic!("expected a job, found {other:?}"),
    }
}

#[test]
fn a_known_type_does_not_wait_although_its_stamp_is_newer() {
    let record = stored(5, Some(encode_job(&job("email.welcome", 9)).unwrap()));
    let reading = read(&mail(), &record, &catalog(1, &["email.welcome"]), NOW);
    assert!(matches!(reading, Reading::Entry(Entry::Job { .. })), "{reading:?}");
}

#[test]
fn an_unknown_type_waits_for_a_catalog_as_new_as_its_stamp_and_is_dead_then() {
    let record = stored(5, Some(encode_job(&job("gone", 4)).unwrap()));
    let early = read(&mail(), &record, &catalog(3, &["email.welcome"]), NOW);
    assert!(matches!(early, Reading::Wait(Revision(4))), "{early:?}");

    for revision in [4, 5] {
        let letter = dead_letter(read(&mail(), &record, &catalog(revision, &["email.welcome"]), NOW));
        assert_eq!(letter.failure.code, FailureCode::UnknownType);
        assert!(letter.failure.message.contains("`gone`"), "{}", letter.failure.message);
        assert_eq!(letter.job, Some(job("gone", 4)), "whole, so that it can be redriven");
        assert_eq!(letter.origin, mail().at(Offset(5)));
        assert_eq!(letter.died_at, NOW);
    }
}

#[test]
fn what_cannot_be_decoded_is_kept_as_it_is_under_its_position() {
    for value in [
        Bytes::from_static(b"not a record"),
        Bytes::from_static(b"{\"v\":99,\"kind\":\"job\"}\n"),
        Bytes::new(),
    ] {
        let letter = dead_letter(read(&mail(), &stored(8, Some(value.clone())), &catalog(1, &[]), NOW));
        assert_eq!(letter.failure.code, FailureCode::Undecodable);
        assert_eq!(letter.raw, Some(value));
        assert_eq!(letter.job, None);
        assert_eq!(letter.key(), "wasmill.q.mail.0/3/8");
    }
}

#[test]
fn a_record_without_a_value_is_not_skipped_in_silence() {
    let letter = dead_letter(read(&mail(), &stored(8, None), &catalog(1, &[]), NOW));
    assert_eq!(letter.failure.code, FailureCode::Undecodable);
    assert_eq!(letter.origin, mail().at(Offset(8)));
}

#[test]
fn a_cancellation_needs_no_type() {
    let cancel = Cancel { id: id(), job_type: "gone".parse().unwrap(), at: NOW };
    let record = stored(6, Some(encode_cancel(&cancel).unwrap()));
    match read(&mail(), &record, &catalog(1, &[]), NOW) {
        Reading::Entry(Entry::Cancel { offset: Offset(6), cancel: found }) => assert_eq!(found, cancel),
        other => panic!("expected a cancellation, found {other:?}"),
    }
}

#[test]
fn dead_letters_and_their_tombstones_are_shown_and_hidden() {
    let failure = Failure::new(FailureCode::Rejected, "no such user");
    let letter = letter(Some(job("email.welcome", 1)), None, failure, mail().at(Offset(2)), NOW);
    let record = stored(1, Some(encode_dead(&letter).unwrap()));
    match read(&dead(), &record, &catalog(1, &[]), NOW) {
        Reading::Entry(Entry::Dead { offset: Offset(1), letter: found }) => assert_eq!(*found, letter),
        other => panic!("expected a dead letter, found {other:?}"),
    }

    let tombstone = Stored { key: Some(Bytes::from(letter.key())), ..stored(2, None) };
    match read(&dead(), &tombstone, &catalog(1, &[]), NOW) {
        Reading::Entry(Entry::Undead { offset: Offset(2), key }) => assert_eq!(key, letter.key()),
        other => panic!("expected the end of a dead letter, found {other:?}"),
    }
}

#[test]
fn an_undecodable_dead_letter_is_shown_and_not_appended_again() {
    match read(&dead(), &stored(4, Some(Bytes::from_static(b"?"))), &catalog(1, &[]), NOW) {
        Reading::Entry(Entry::Dead { offset: Offset(4), letter }) => {
            assert_eq!(letter.failure.code, FailureCode::Undecodable);
            assert_eq!(letter.raw, Some(Bytes::from_static(b"?")));
        }
        other => panic!("expected a dead letter, found {other:?}"),
    }
}

fn copy(of: Position) -> Stored {
    let of = CopyOf { origin: of, attempts: Attempt(2), due_at: None };
    stored(4, Some(encode_copy(&job("email.welcome", 1), &of).unwrap()))
}

#[test]
fn a_job_appended_again_is_given_to_the_queue_whatever_became_of_its_type() {
    for types in [&["email.welcome"][..], &[]] {
        let reading = read(&mail(), &copy(mail().at(Offset(1))), &catalog(1, types), NOW);
        assert!(matches!(reading, Reading::Entry(Entry::Copy { offset: Offset(4), .. })), "{reading:?}");
    }
}

#[test]
fn a_parked_job_whose_type_is_gone_is_dead_and_the_queue_is_told() {
    let parked = TopicPartition::new(Topic::parked(&"email.welcome".parse().unwrap()), Partition(3));
    let reading = read(&parked, &copy(mail().at(Offset(1))), &catalog(1, &["email.welcome"]), NOW);
    assert!(matches!(reading, Reading::Entry(Entry::Copy { .. })), "{reading:?}");

    match read(&parked, &copy(mail().at(Offset(1))), &catalog(1, &[]), NOW) {
        Reading::Dead { letter, ended: Some(Entry::Ended { offset: Offset(4), origin, .. }) } => {
            assert_eq!(letter.attempts, Attempt(2));
            assert_eq!(letter.origin, parked.at(Offset(4)));
            assert_eq!(origin, mail().at(Offset(1)));
        }
        other => panic!("expected a dead letter and its end, found {other:?}"),
    }
}

#[test]
fn what_is_written_to_both_is_counted_and_dropped() {
    let mut both = job("email.welcome", 1);
    both.stamp.path = Path::Both;
    let record = stored(5, Some(encode_job(&both).unwrap()));
    assert!(matches!(read(&mail(), &record, &catalog(1, &["email.welcome"]), NOW), Reading::Dropped));
}
