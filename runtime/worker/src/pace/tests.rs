//! How much to hold, for quick jobs and slow ones.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

const LEASE: Duration = Duration::from_secs(30);

fn pace_of(slots: usize, run: Duration) -> Pace {
    let mut pace = Pace::new(slots, LEASE);
    (0..200).for_each(|_| pace.ran(run));
    pace
}

#[test]
fn nothing_is_taken_ahead_while_nothing_is_known() {
    let pace = Pace::new(4, LEASE);
    assert_eq!(pace.hold(), 4);
    assert_eq!(pace.room(0), 4);
    assert_eq!(pace.room(3), 1);
    assert_eq!(pace.room(4), 0);
}

#[test]
fn quick_jobs_are_taken_by_the_hundred_and_half_a_hold_at_a_time() {
    let pace = pace_of(2, Duration::from_micros(30));
    assert_eq!(pace.hold(), HOLD_MAX);
    assert_eq!(pace.room(HOLD_MAX / 2 + 1), 0);
    assert_eq!(pace.room(HOLD_MAX / 2), HOLD_MAX / 2);
}

#[test]
fn about_twenty_milliseconds_of_work_are_held() {
    assert_eq!(pace_of(2, Duration::from_millis(1)).hold(), 2 * 20);
}

#[test]
fn slow_jobs_are_taken_when_a_slot_is_free() {
    let pace = pace_of(2, Duration::from_secs(3));
    assert_eq!(pace.hold(), 2);
    assert_eq!(pace.room(1), 1);
    assert_eq!(pace.room(2), 0);
}

#[test]
fn one_slow_job_is_noticed_at_once_and_many_quick_ones_slowly() {
    let mut pace = pace_of(2, Duration::from_micros(100));
    let before = pace.hold();
    pace.ran(Duration::from_secs(1));
    assert_eq!(pace.hold(), 2);
    pace.ran(Duration::from_micros(100));
    assert!(pace.hold() < before);
    (0..500).for_each(|_| pace.ran(Duration::from_micros(100)));
    assert!(pace.hold() > before / 2);
}

#[test]
fn a_job_that_has_not_ended_yet_can_say_that_it_is_slow() {
    let mut pace = pace_of(2, Duration::from_micros(100));
    pace.at_least(Duration::from_secs(1));
    assert_eq!(pace.hold(), 2);
}

#[test]
fn a_short_lease_bounds_what_is_held() {
    let mut pace = Pace::new(1, Duration::from_millis(160));
    pace.ran(Duration::from_millis(1));
    assert_eq!(pace.hold(), 10);
}

#[test]
fn more_slots_than_the_most_that_is_held_are_all_used() {
    assert_eq!(pace_of(1_000, Duration::from_micros(30)).hold(), 1_000);
    assert_eq!(Pace::new(0, LEASE).hold(), 1, "there is always a slot");
}

#[test]
fn a_run_that_took_no_time_is_no_division_by_zero() {
    assert_eq!(pace_of(2, Duration::ZERO).hold(), HOLD_MAX);
}
