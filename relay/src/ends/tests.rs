//! Progress that may be committed, and progress of a queue that has forgotten.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::single_range_in_vec_init)]

use wasmill_job::{Attempt, Failure, FailureCode, Offset, UnixMs};

use super::*;
use crate::reading::tests::job;

fn progress(floor: u64, settled: &[std::ops::Range<u64>]) -> Progress {
    Progress { floor: Offset(floor), settled: settled.iter().cloned().collect(), ..Progress::default() }
}

#[test]
fn progress_covers_what_it_has_passed_or_holds_as_ranges() {
    let older = progress(4, &[6..8, 10..12]);
    assert!(covers(&older, &older));
    assert!(covers(&progress(12, &[]), &older));
    assert!(covers(&progress(9, &[10..14]), &older));
    assert!(covers(&progress(4, &[5..13]), &older));
}

#[test]
fn a_queue_that_was_lost_does_not_cover() {
    let older = progress(4, &[6..8]);
    assert!(!covers(&progress(0, &[]), &older));
    assert!(!covers(&progress(4, &[]), &older), "the ranges count, too");
    assert!(!covers(&progress(4, &[6..7]), &older));
    assert!(!covers(&progress(3, &[3..9]), &older));
}

#[test]
fn letters_and_copies_are_stored_as_well_as_anything_can_be() {
    let place = TopicPartition::new(Topic::from("wasmill.q.mail.1"), Partition(3));
    let origin = place.at(Offset(7));
    let letter = DeadLetter {
        job: Some(job("known", 1)),
        raw: None,
        failure: Failure::new(FailureCode::Rejected, "no such user"),
        attempts: Attempt(1),
        died_at: UnixMs(1),
        origin: origin.clone(),
    };
    let of = CopyOf { origin, attempts: Attempt(1), due_at: None };
    for record in [append_of(&letter).unwrap(), copy_at(&place, &job("known", 1), &of).unwrap()] {
        assert_eq!(record.durability, Durability::Quorum, "their offsets are settled by them");
    }
}
