//! Sums, refusals and the peak.
#![allow(clippy::unwrap_used)]

use wasmtime::ResourceLimiter;

use super::*;

#[test]
fn memories_and_tables_share_one_limit() {
    let mut budget = Budget::new(100_000);
    assert!(budget.memory_growing(0, 65_536, None).unwrap());
    assert!(budget.table_growing(0, 1_000, None).unwrap());
    assert_eq!(budget.peak(), 65_536 + 8_000);
    assert!(!budget.memory_growing(0, 65_536, None).unwrap());
    assert_eq!(budget.refusal(), Some(Refusal { wanted: 65_536 + 8_000 + 65_536, limit: 100_000 }));
    assert!(budget.table_growing(1_000, 1_001, None).unwrap());
}

#[test]
fn the_limit_itself_is_allowed() {
    let mut budget = Budget::new(65_536);
    assert!(budget.memory_growing(0, 65_536, None).unwrap());
    assert_eq!(budget.refusal(), None);
}

#[test]
fn what_the_module_forbids_itself_is_no_refusal_of_ours() {
    let mut budget = Budget::new(1 << 20);
    assert!(!budget.memory_growing(0, 131_072, Some(65_536)).unwrap());
    assert_eq!((budget.refusal(), budget.peak()), (None, 0));
}

#[test]
fn a_failed_growth_gives_nothing_back() {
    let mut budget = Budget::new(1 << 20);
    assert!(budget.memory_growing(0, 65_536, None).unwrap());
    for _ in 0..100 {
        budget.memory_grow_failed(wasmtime::Error::msg("never granted")).unwrap();
    }
    assert!(!budget.memory_growing(65_536, (1 << 20) + 65_536, None).unwrap());
    assert_eq!(budget.peak(), 65_536);
}

#[test]
fn sums_do_not_wrap() {
    let mut budget = Budget::new(u64::MAX - 1);
    assert!(!budget.table_growing(0, usize::MAX, None).unwrap());
    assert!(!budget.memory_growing(0, usize::MAX, None).unwrap());
}
