//! Unit tests of `flow`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::num::NonZeroU32;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn rate(jobs: u32, per: Duration) -> Rate {
    Rate { jobs: NonZeroU32::new(jobs).unwrap(), per }
}

fn limited(rate: Rate) -> Flow {
    let mut flow = Flow::default();
    flow.hear(Revision(1), false, Some(TypeOffer { rate: Some(rate), ..TypeOffer::default() }));
    flow
}

#[test]
fn a_burst_is_what_is_due_in_a_tenth_of_a_second() {
    let mut flow = limited(rate(500, Duration::from_secs(1)));
    let now = UnixMs(1_800_000_000_000);
    assert_eq!((flow.tokens(now), flow.next_token(now)), (50, None));
    flow.spend(50, now);
    assert_eq!((flow.tokens(now), flow.next_token(now)), (0, Some(UnixMs(now.0 + 2))));
    assert_eq!(flow.tokens(UnixMs(now.0 + 1)), 0);
    assert_eq!(flow.tokens(UnixMs(now.0 + 2)), 1);
    assert_eq!(flow.tokens(UnixMs(now.0 + 1_000_000)), 50, "a pause saves up no more than a burst");
}

#[test]
fn what_the_highest_revision_says_is_in_force() {
    let mut flow = limited(rate(1, Duration::from_secs(1)));
    flow.hear(Revision(7), true, None);
    flow.hear(Revision(6), false, Some(TypeOffer::default()));
    assert!(flow.paused);
    assert_eq!(flow.tokens(UnixMs(1)), 1, "the rate is that of before the pause");
    flow.hear(Revision(7), false, Some(TypeOffer::default()));
    assert!(!flow.paused);
    assert_eq!(flow.tokens(UnixMs(1)), u64::MAX);
}

#[test]
fn the_largest_weight_is_a_thousand() {
    let mut flow = Flow::default();
    let stride = flow.stride();
    for (weight, share) in [(2, 2), (16, 16), (5_000, 1_001)] {
        let terms = TypeOffer { weight: NonZeroU32::new(weight).unwrap(), ..TypeOffer::default() };
        flow.hear(Revision(1), false, Some(terms));
        assert_eq!(stride / flow.stride(), share);
    }
}

proptest! {
    /// In any span start at most `span / interval + burst` jobs, and whoever takes what there is when it is told to
    /// misses none.
    #[test]
    fn the_rate_is_kept_and_used(
        jobs in 1..2_000_u32,
        per_ms in 1..5_000_u64,
        pauses in prop::collection::vec(0..300_u64, 1..200),
    ) {
        let rate = rate(jobs, Duration::from_millis(per_ms));
        let mut flow = limited(rate);
        let begin = UnixMs(1_800_000_000_000);
        let (mut now, mut started) = (begin, 0);
        for pause in pauses {
            now = now.plus(Duration::from_millis(pause));
            let count = flow.tokens(now);
            flow.spend(count, now);
            started += count;
            let span = (now.0 - begin.0) as f64;
            prop_assert!(started as f64 <= span / rate.interval_ms() + f64::from(rate.burst()) + 0.01);
            let next = flow.next_token(now).unwrap();
            prop_assert!(flow.tokens(next) >= 1);
            prop_assert!(next.0 == now.0 + 1 || flow.tokens(UnixMs(next.0 - 1)) == 0);
        }
        // Ones that wait all the time lose at most a millisecond of the clock for each job.
        let (mut flow, mut now, mut started) = (limited(rate), begin, 0);
        for _ in 0..200 {
            let count = flow.tokens(now);
            flow.spend(count, now);
            started += count;
            now = flow.next_token(now).unwrap();
        }
        let due = (now.0 - begin.0) as f64 / (rate.interval_ms() + 1.0);
        prop_assert!(started as f64 + 1.0 >= due, "{started} of {due}");
    }
}
