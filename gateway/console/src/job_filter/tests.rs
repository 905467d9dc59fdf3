//! Moments and errors that are looked for.
#![allow(clippy::unwrap_used)]

use wasmill_job::{Failure, FailureCode, UnixMs};

use super::JobFilter;

#[test]
fn moments_are_from_one_on_and_before_the_other() {
    let filter = JobFilter::new(Some(10), Some(20), None).unwrap();
    let held: Vec<_> = [9, 10, 19, 20].into_iter().filter(|at| filter.holds_at(UnixMs(*at))).collect();
    assert_eq!(held, [10, 19]);
    assert!(JobFilter::new(None, None, None).unwrap().holds_at(UnixMs(0)));
    assert!(JobFilter::new(Some(20), Some(20), None).is_err());
    assert!(JobFilter::new(None, Some(0), None).is_err());
}

#[test]
fn errors_are_compared_without_case_by_message_and_code() {
    let failure = Failure::new(FailureCode::Trap, "Index 17 out of Range");
    for (text, holds) in [("out OF range", true), ("trap", true), ("TRAP", true), ("timeout", false)] {
        let filter = JobFilter::new(None, None, Some(text)).unwrap();
        assert_eq!(filter.holds_error(Some(&failure)), holds, "{text}");
        assert!(filter.wants_error() && !filter.holds_error(None));
    }
    let none = JobFilter::new(None, None, Some("")).unwrap();
    assert!(!none.wants_error() && none.holds_error(None));
}
