//! Rates of counts that grow, and of counts that begin anew.

use std::time::Duration;

use wasmill_queue::Counts;

use super::{Flow, per_second};

#[test]
fn what_happened_is_the_difference() {
    let before = Counts { accepted: 10, completed: 4, retried: 1, lost: 0, dead: 2, ..Counts::default() };
    let after = Counts { accepted: 15, completed: 8, retried: 3, lost: 1, dead: 3, ..Counts::default() };
    assert_eq!(Flow::between(before, after), Flow { accepted: 5, completed: 4, failed: 4, died: 1 });
}

#[test]
fn a_queue_that_was_built_anew_gives_nothing() {
    let before = Counts { accepted: 10, completed: 4, dead: 2, ..Counts::default() };
    assert_eq!(Flow::between(before, Counts::default()), Flow::default());
}

#[test]
fn a_type_that_has_just_come_gives_its_first_jobs() {
    let (hello, counts) = ("hello".parse().unwrap(), Counts { accepted: 7, ..Counts::default() });
    let after = [(hello, counts)].into();
    let flow = Flow { accepted: 7, ..Flow::default() };
    assert_eq!(Flow::of_types(&[].into(), &after), [("hello".parse().unwrap(), flow)].into());
    assert!(Flow::of_types(&after, &after).is_empty());
}

#[test]
fn nothing_in_no_time_is_nothing() {
    assert!(per_second(5, Duration::ZERO).abs() < f64::EPSILON);
    assert!((per_second(5, Duration::from_secs(2)) - 2.5).abs() < 1e-9);
}
