//! Unit tests of `share`.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::{Generation, IdSource, Partition, UnixMs};

fn ids(count: usize) -> Vec<JobId> {
    let mut source = IdSource::default();
    (0..count).map(|_| source.next(UnixMs(1_767_225_600_000), 7, Generation(1), Partition(0))).collect()
}

#[test]
fn a_share_holds_about_as_many_ids_as_it_says() {
    let ids = ids(20_000);
    for percent in [1, 5, 50, 99] {
        let share = Percent::new(percent).unwrap();
        let held = ids.iter().filter(|id| share.holds(**id, "mode")).count();
        let expected = usize::try_from(percent).unwrap() * 200;
        assert!(held.abs_diff(expected) < 250, "{percent} % held {held} of 20,000");
    }
    assert!(ids.iter().all(|id| Percent::WHOLE.holds(*id, "mode")));
}

#[test]
fn a_share_that_grows_keeps_its_ids() {
    let (small, great) = (Percent::new(5).unwrap(), Percent::new(10).unwrap());
    assert!(ids(5_000).iter().all(|id| !small.holds(*id, "mode") || great.holds(*id, "mode")));
}

#[test]
fn an_id_falls_where_it_always_fell() {
    // Processes of different releases run side by side: this must not change.
    let id: JobId = "0190163d-8694-8001-8000-64c2f1a0b3d5".parse().unwrap();
    let found = id.place_in("mode");
    assert!((found - PLACE).abs() < 1e-12, "{found}");
}

/// Computed once.
const PLACE: f64 = 0.480_454_600_553_169_9;

#[test]
fn other_numbers_are_refused() {
    assert_eq!(Percent::new(0), Err(InvalidPercent(0)));
    assert_eq!(Percent::new(101).unwrap_err().to_string(), "101 is no share; it must lie between 1 and 100");
}
