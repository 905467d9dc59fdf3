//! What a copy of an old record says.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use wasmill_job::{Generation, IdSource, Partition, Topic};

use super::*;

fn view(state: State, attempts: u32, due_at: Option<UnixMs>) -> JobView {
    JobView {
        id: IdSource::default().next(UnixMs(1), 1, Generation(0), Partition(0)),
        job_type: "email.welcome".parse().unwrap(),
        state,
        attempts: Attempt(attempts),
        accepted_at: UnixMs(1),
        due_at,
        ended_at: None,
        last: None,
        earlier: Vec::new(),
    }
}

fn origin() -> Position {
    TopicPartition::new(Topic::from("wasmill.q.mail.0"), Partition(0)).at(Offset(3))
}

#[test]
fn a_job_that_waits_is_copied_with_its_attempts_and_its_time() {
    let due = Some(UnixMs(99));
    let copied = copy_of(origin(), Some(&view(State::Scheduled, 2, due))).unwrap();
    assert_eq!(copied, CopyOf { origin: origin(), attempts: Attempt(2), due_at: due });
    let copied = copy_of(origin(), Some(&view(State::Pending, 1, None))).unwrap();
    assert_eq!(copied, CopyOf { origin: origin(), attempts: Attempt(1), due_at: None });
}

#[test]
fn the_attempt_in_flight_does_not_count_yet() {
    assert_eq!(copy_of(origin(), Some(&view(State::InFlight, 1, None))).unwrap().attempts, Attempt(0));
}

#[test]
fn what_has_ended_is_settled_by_what_it_owes() {
    for state in [State::Completed, State::Cancelled, State::Dead] {
        assert_eq!(copy_of(origin(), Some(&view(state, 1, None))), None);
    }
    assert_eq!(copy_of(origin(), None), None);
}

#[test]
fn a_lane_that_goes_back_is_looked_at_again_from_there() {
    let mut refresh = Refresh { looked_to: Offset(900), ..Refresh::default() };
    refresh.resumed(Offset(1_000));
    assert_eq!(refresh.looked_to, Offset(900), "what lies ahead was not looked at yet");
    refresh.resumed(Offset(7));
    assert_eq!(refresh.looked_to, Offset(7));
}
