//! Unit tests of `store`.

#![allow(clippy::unwrap_used)]
use super::*;

#[test]
fn a_job_for_which_there_is_no_room_beside_others_is_told_so() {
    let problem = NotStored::Full.problem();
    assert_eq!((problem.kind(), problem.kind().status().as_u16()), (Kind::QueueFull, 503));
    assert_eq!(Kept::from(Admission::Full), Kept::Full);
    assert_eq!(Kept::from(Admission::Over), Kept::Over);
}
