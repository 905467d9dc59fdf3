//! Unit tests of `policy`.

#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;

#[test]
fn the_pause_doubles_up_to_the_maximum() {
    let backoff = Backoff::new(Duration::from_secs(1), 2.0, Duration::from_secs(10), 0.0).unwrap();
    let pauses: Vec<_> = (1..=6).map(|n| backoff.pause(Attempt(n), 0.5).as_secs()).collect();
    assert_eq!(pauses, [1, 2, 4, 8, 10, 10]);
}

#[test]
fn jitter_moves_the_pause_both_ways() {
    let backoff = Backoff::new(Duration::from_secs(10), 1.0, Duration::from_secs(10), 0.2).unwrap();
    let pause = |jitter| backoff.pause(Attempt(1), jitter).as_millis();
    assert_eq!((pause(0.0), pause(0.5), pause(1.0)), (8_000, 10_000, 12_000));
}

#[test]
fn no_invalid_backoff_can_exist() {
    let second = Duration::from_secs(1);
    assert!(Backoff::new(second, 0.9, second, 0.0).is_err());
    assert!(Backoff::new(second, f64::NAN, second, 0.0).is_err());
    assert!(Backoff::new(second, f64::INFINITY, second, 0.0).is_err());
    assert!(Backoff::new(second, 1.0, second, 1.1).is_err());
    assert!(Backoff::new(second, 1.0, second, f64::NAN).is_err());
    assert!(Backoff::new(second, 1.0, Duration::ZERO, 0.0).is_err());
}

proptest! {
    #[test]
    fn a_pause_never_exceeds_the_maximum_by_more_than_its_jitter(
        first_ms in 0_u64..10_000_000, more_ms in 0_u64..10_000_000, factor in 1.0..1e9, jitter in 0.0..=1.0,
        attempt: u32, chance in 0.0..=1.0,
    ) {
        let max = Duration::from_millis(first_ms + more_ms);
        let backoff = Backoff::new(Duration::from_millis(first_ms), factor, max, jitter).unwrap();
        prop_assert!(backoff.pause(Attempt(attempt), chance) <= max * 2);
    }
}
