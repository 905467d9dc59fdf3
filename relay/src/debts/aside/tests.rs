//! Unit tests of `aside`.
#![allow(clippy::unwrap_used)]

use wasmill_job::{Partition, Topic};

use super::*;

fn place(partition: u32) -> TopicPartition {
    TopicPartition::new(Topic::dead(), Partition(partition))
}

#[test]
fn all_of_it_is_tried_again_at_once_after_twice_the_time_that_the_first_try_took() {
    let began = Instant::now();
    let after = |seconds| began + Duration::from_secs(seconds);
    let mut aside = Aside::default();
    aside.close(place(1));
    aside.put([DebtId(1)], began, after(10));
    // What comes to it later waits for no longer.
    aside.put([DebtId(2)], after(20), after(29));
    aside.try_again_at(after(29));
    assert!(aside.has(DebtId(1)) && aside.has(DebtId(2)) && aside.is_closed(&place(1)));
    assert!(!aside.has(DebtId(3)) && !aside.is_closed(&place(2)));
    aside.try_again_at(after(30));
    assert!(aside.is_empty() && !aside.has(DebtId(1)) && !aside.is_closed(&place(1)));
}

#[test]
fn a_try_that_fails_at_once_is_repeated_after_a_second() {
    let now = Instant::now();
    let mut aside = Aside::default();
    aside.put([DebtId(1)], now, now);
    aside.try_again_at(now + AT_LEAST - Duration::from_millis(1));
    assert!(!aside.is_empty());
    aside.try_again_at(now + AT_LEAST);
    assert!(aside.is_empty());
}

#[test]
fn only_so_many_are_left_alone() {
    let now = Instant::now();
    let mut aside = Aside::default();
    aside.put((0..1_000).map(DebtId), now, now);
    aside.put([DebtId(1_000)], now, now);
    assert_eq!(aside.len(), ASIDE_MAX);
    assert!(aside.has(DebtId(0)) && !aside.has(DebtId(1_000)));
}
