//! What retention may take, and what never.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use proptest::prelude::*;
use wasmill_job::{Offset, Partition, Topic, TopicPartition, UnixMs};

use super::{Candidate, Limits, decide};
use crate::embedded::chunk::ChunkHead;

const NOW: UnixMs = UnixMs(1_000_000);
const DAY: Duration = Duration::from_secs(86_400);

fn of(partition: u32) -> TopicPartition {
    TopicPartition::new(Topic::from("t"), Partition(partition))
}

/// A partition of chunks of ten offsets and a hundred bytes each, stored at these times.
fn candidate(partition: u32, floor: u64, stored_at: &[u64]) -> Candidate {
    let oldest = (0..).zip(stored_at).map(|(at, stored_at)| ChunkHead {
        first: Offset(at * 10),
        end: Offset(at * 10 + 10),
        stored_at: UnixMs(*stored_at),
        records: 10,
        footprint: 100,
    });
    Candidate { of: of(partition), floor: Offset(floor), oldest: oldest.collect() }
}

/// How many chunks of each partition go.
fn counts(candidates: Vec<Candidate>, age: Duration, bytes: u64) -> Vec<(u32, usize)> {
    let topic_bytes = candidates.iter().map(|candidate| candidate.oldest.len() as u64 * 100).sum();
    let drops = decide(candidates, topic_bytes, Limits { age, bytes }, NOW);
    drops.into_iter().map(|(of, heads)| (of.partition.0, heads.len())).collect()
}

#[test]
fn nothing_goes_within_the_limits() {
    assert_eq!(counts(vec![candidate(0, 100, &[1, 2, 3])], DAY, 300), []);
}

#[test]
fn what_is_too_old_goes_when_it_is_settled() {
    let age = Duration::from_millis(500_000);
    let stored_at = [0, 400_000, 499_999, 500_000, 900_000];
    assert_eq!(counts(vec![candidate(0, 50, &stored_at)], age, u64::MAX), [(0, 3)]);
    assert_eq!(counts(vec![candidate(0, 19, &stored_at)], age, u64::MAX), [(0, 1)]);
    assert_eq!(counts(vec![candidate(0, 9, &stored_at)], age, u64::MAX), []);
}

#[test]
fn what_is_too_much_goes_oldest_first_over_all_partitions() {
    let candidates = vec![candidate(0, 100, &[10, 40, 50]), candidate(1, 100, &[20, 30, 60])];
    assert_eq!(counts(candidates, DAY, 300), [(0, 1), (1, 2)]);
}

#[test]
fn the_floor_of_one_partition_does_not_hold_the_others() {
    let candidates = vec![candidate(0, 0, &[10, 20, 30]), candidate(1, 20, &[40, 50, 60])];
    assert_eq!(counts(candidates, DAY, 0), [(1, 2)]);
}

proptest! {
    #[test]
    fn an_unsettled_record_never_goes(
        partitions in prop::collection::vec((0_u64..60, prop::collection::vec(0_u64..1_000_000, 0..6)), 0..4),
        age_ms in 0_u64..1_000_000,
        bytes in 0_u64..1000,
    ) {
        let candidates: Vec<_> =
            (0..).zip(&partitions).map(|(at, (floor, times))| candidate(at, *floor, times)).collect();
        let limits = Limits { age: Duration::from_millis(age_ms), bytes };
        for (of, heads) in decide(candidates, 2400, limits, NOW) {
            let floor = partitions[of.partition.0 as usize].0;
            prop_assert!(heads.iter().all(|head| head.end.0 <= floor));
            prop_assert!((0..).zip(&heads).all(|(at, head)| head.first.0 == at * 10), "the oldest, without a hole");
        }
    }
}
