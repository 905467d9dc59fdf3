//! Patience is lost only with what waits and does not move.

use wasmill_job::UnixMs;
use wasmill_queue::Counts;

use super::Standstill;
use crate::lanes::LaneRow;

fn lane(wanted: u64, lag: u64) -> LaneRow {
    LaneRow {
        topic: "t".into(),
        partition: 3,
        wanted: Some(wanted),
        next: wanted + lag,
        lag,
        unsettled: lag,
        ..LaneRow::default()
    }
}

#[test]
fn a_lane_that_waits_and_does_not_move_stands_still() {
    let mut still = Standstill::default();
    still.note_lanes(UnixMs(0), &[lane(5, 9)]);
    still.note_lanes(UnixMs(29_000), &[lane(5, 12)]);
    assert_eq!(still.lanes(UnixMs(29_000)).count(), 0);
    assert_eq!(still.lanes(UnixMs(30_000)).collect::<Vec<_>>(), [("t", 3)]);
    // It moves again.
    still.note_lanes(UnixMs(31_000), &[lane(6, 11)]);
    assert_eq!(still.lanes(UnixMs(31_000)).count(), 0);
    still.note_lanes(UnixMs(99_000), &[lane(6, 0)]);
    assert_eq!(still.lanes(UnixMs(99_000)).count(), 0, "nothing waits in it");
}

#[test]
fn a_type_that_nobody_takes_stands_still_unless_it_may_not_run() {
    let name = "hello".parse().unwrap();
    let counts =
        [("hello".parse().unwrap(), Counts { pending: 1, completed: 4, ..Counts::default() })].into();
    let mut still = Standstill::default();
    for now in [0, 40_000] {
        still.note_types(UnixMs(now), &counts, &[&name].into());
    }
    assert_eq!(still.types(UnixMs(40_000)).collect::<Vec<_>>(), [&name]);
    still.note_types(UnixMs(41_000), &counts, &[].into());
    assert_eq!(still.types(UnixMs(99_000)).count(), 0);
}
