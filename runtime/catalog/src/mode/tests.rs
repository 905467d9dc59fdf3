//! Unit tests of `mode`.

#![allow(clippy::unwrap_used)]
use wasmill_job::{Generation, IdSource, Partition, UnixMs};

use super::*;

#[test]
fn a_part_of_the_ids_is_live_and_the_others_are_shadow() {
    let mut source = IdSource::default();
    let mut live = 0;
    let (five, fifty) = (Percent::new(5).unwrap(), Percent::new(50).unwrap());
    for _ in 0..10_000 {
        let id = source.next(UnixMs(1_767_225_600_000), 7, Generation(1), Partition(0));
        let mode = RouteMode::Part(five).of(id).unwrap();
        live += usize::from(mode == Mode::Live);
        // A share that grows only switches on.
        assert!(mode == Mode::Shadow || RouteMode::Part(fifty).of(id) == Some(Mode::Live));
    }
    assert!(live.abs_diff(500) < 120, "{live} of 10,000");
}

#[test]
fn off_stamps_nothing() {
    let id = "0190163d-8694-8001-8000-64c2f1a0b3d5".parse().unwrap();
    assert_eq!(RouteMode::Off.of(id), None);
    assert_eq!(
        [RouteMode::Live, RouteMode::Paused].map(|mode| mode.of(id)),
        [Some(Mode::Live), Some(Mode::Paused)]
    );
}
