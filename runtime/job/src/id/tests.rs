//! Unit tests of `id`.

#![allow(clippy::unwrap_used)]
use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn email() -> JobType {
    "email.welcome".parse().unwrap()
}

proptest! {
    #[test]
    fn an_id_carries_its_place(at: u32, random: u64, generation in 0..JobId::GENERATIONS_MAX, partition in 0..JobId::PARTITIONS_MAX) {
        let (generation, partition) = (Generation(generation), Partition(partition));
        let ordered = IdSource::default().next(UnixMs(u64::from(at)), random, generation, partition);
        let derived = JobId::derived(&email(), &random.to_string(), generation, partition);
        for (id, kind) in [(ordered, IdKind::Ordered), (derived, IdKind::Derived)] {
            prop_assert_eq!((id.generation(), id.partition(), id.kind()), (generation, partition, kind));
            prop_assert_eq!(id.to_string().parse::<JobId>().unwrap(), id);
            prop_assert_eq!(JobId::from_bytes(id.to_bytes()), id);
            prop_assert_eq!(JobId::unpack(id.pack(), generation), id);
        }
    }
}

#[test]
fn ordered_ids_never_repeat_and_sort_by_time() {
    let mut source = IdSource::default();
    let times = [5, 5, 5, 6, 4, 4, 7, 7];
    let ids: Vec<_> =
        times.iter().map(|&ms| source.next(UnixMs(ms), u64::MAX, Generation(0), Partition(0))).collect();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), times.len());
    assert!(ids.is_sorted(), "{ids:?}");
}

#[test]
fn derived_ids_depend_on_type_key_and_place_alone() {
    let id = |job_type: &str, key: &str, partition: u32| {
        JobId::derived(&job_type.parse().unwrap(), key, Generation(0), Partition(partition))
    };
    assert_eq!(id("a", "k", 1), id("a", "k", 1));
    assert_ne!(id("a", "k", 1), id("a", "k", 2));
    assert_ne!(id("a", "k", 1), id("b", "k", 1));
    assert_ne!(id("a", "bk", 1), id("ab", "k", 1));
    // Pinned: a stored id must be found again by a newer binary.
    assert_eq!(id("email.welcome", "order-17", 1).to_string(), PINNED);
}

const PINNED: &str = "1a3c5667-5b5e-8000-a001-35b0870f3af7";

#[test]
fn keys_spread_over_partitions() {
    let partitions = NonZeroU32::new(4).unwrap();
    let mut counts = [0; 4];
    for key in 0..4_000 {
        let partition = partition_of_key(&email(), &key.to_string(), partitions);
        counts[usize::try_from(partition.0).unwrap()] += 1;
    }
    assert!(counts.iter().all(|count| (900..1_100).contains(count)), "{counts:?}");
}

#[test]
fn other_uuids_are_no_job_ids() {
    for bad in ["", "x", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "00000000-0000-0000-0000-000000000000"] {
        assert!(bad.parse::<JobId>().is_err(), "{bad:?} was accepted");
    }
}

/// A parent whose id stays what it is.
fn parent() -> JobId {
    PINNED.parse().unwrap()
}

fn child(parent: JobId, job_type: &str, key: &ChildKey, partition: u32) -> JobId {
    JobId::child_of(parent, &job_type.parse().unwrap(), key, Generation(2), Partition(partition))
}

#[test]
fn ids_of_children_depend_on_parent_type_key_and_place_alone() {
    let (first, text) = (ChildKey::Number(0), ChildKey::Text("order-17".into()));
    let id = child(parent(), "email.receipt", &first, 3);
    assert_eq!(id, child(parent(), "email.receipt", &first, 3));
    assert_eq!((id.kind(), id.generation(), id.partition()), (IdKind::Derived, Generation(2), Partition(3)));
    let other = IdSource::default().next(UnixMs(5), 0, Generation(0), Partition(1));
    let others = [
        child(other, "email.receipt", &first, 3),
        child(parent(), "email", &first, 3),
        child(parent(), "email.receipt", &ChildKey::Number(1), 3),
        child(parent(), "email.receipt", &ChildKey::Text(String::new()), 3),
        child(parent(), "email.receipt", &ChildKey::Text("\0\0\0\0".into()), 3),
        child(parent(), "email.receipt", &text, 3),
        child(parent(), "email.receipt", &first, 4),
        child(id, "email.receipt", &first, 3),
    ];
    assert_eq!(others.iter().chain([&id]).collect::<HashSet<_>>().len(), others.len() + 1, "{others:?}");
    // Pinned: an attempt that a newer binary repeats must emit the same children.
    assert_eq!(id.to_string(), "b09efdca-841e-8002-a003-6499af6d9fc8");
    assert_eq!(
        child(parent(), "email.receipt", &text, 3).to_string(),
        "9eee009d-5cfc-8002-a003-d07c3a6776fc"
    );
}

#[test]
fn a_job_that_moves_has_one_id_in_each_place() {
    let eight = NonZeroU32::new(8).unwrap();
    let moved = parent().moved(Generation(65), eight);
    assert_eq!(moved, parent().moved(Generation(65), eight));
    assert_eq!((moved.kind(), moved.generation()), (IdKind::Derived, Generation(65)));
    let others = [
        parent(),
        parent().moved(Generation(66), eight),
        moved.moved(Generation(65), eight),
        child(parent(), "email.receipt", &ChildKey::Number(0), moved.partition().0),
    ];
    assert!(!others.contains(&moved), "{others:?}");
    // Pinned: a redrive that is repeated by a newer binary must not run twice.
    assert_eq!(moved.to_string(), "b0168c6a-bc95-8041-a005-f851489cc851");
}

#[test]
fn children_of_one_job_spread_over_partitions() {
    let partitions = NonZeroU32::new(4).unwrap();
    let mut counts = [0; 4];
    for number in 0..4_000 {
        let place = partition_of_child(parent(), &email(), &ChildKey::Number(number), partitions);
        counts[usize::try_from(place.0).unwrap()] += 1;
    }
    assert!(counts.iter().all(|count| (900..1_100).contains(count)), "{counts:?}");
    let key = ChildKey::Text("order-17".into());
    assert_eq!(partition_of_child(parent(), &email(), &key, partitions), Partition(0), "pinned");
}

proptest! {
    #[test]
    fn no_child_has_the_id_of_an_idempotency_key(job_type in "[a-z]{1,8}", key: String, number: u32) {
        let derived = JobId::derived(&job_type.parse().unwrap(), &key, Generation(2), Partition(3));
        prop_assert_ne!(child(parent(), &job_type, &ChildKey::Text(key), 3), derived);
        prop_assert_ne!(child(parent(), &job_type, &ChildKey::Number(number), 3), derived);
    }
}
