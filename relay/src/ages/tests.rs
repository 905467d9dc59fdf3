//! Ages of floors.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

fn at(seconds: u64) -> UnixMs {
    UnixMs(seconds * 1_000)
}

#[test]
fn the_age_is_that_of_the_last_sample_before_the_floor() {
    let mut ages = Ages::default();
    for offset in 0..100 {
        ages.note(Offset(offset), at(offset / 10));
    }
    assert_eq!(ages.of(Offset(0)), Some(at(0)));
    assert_eq!(ages.of(Offset(57)), Some(at(5)));
    assert_eq!(ages.of(Offset(30)), None, "what lies before it was forgotten");
    assert_eq!(ages.of(Offset(1_000)), Some(at(9)));
}

#[test]
fn a_floor_before_everything_noted_is_unknown() {
    let mut ages = Ages::default();
    assert_eq!(ages.of(Offset(3)), None);
    ages.note(Offset(5), at(1));
    assert_eq!(ages.of(Offset(4)), None);
    assert_eq!(ages.of(Offset(5)), Some(at(1)));
}

#[test]
fn a_long_backlog_keeps_its_ends() {
    let mut ages = Ages::default();
    for second in 0..20_000 {
        ages.note(Offset(second), at(second));
    }
    assert!(ages.0.len() <= SAMPLES_MAX);
    let told = ages.of(Offset(10_000)).unwrap();
    assert!(told <= at(10_000) && told >= at(9_900), "{told:?}");
}
