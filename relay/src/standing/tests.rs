//! The least of all standings is what readiness sees.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use wasmill_job::{Partition, Topic};

use super::*;

fn lane(partition: u32) -> TopicPartition {
    TopicPartition::new(Topic::from("wasmill.q.mail.0"), Partition(partition))
}

#[test]
fn it_stands_where_its_last_lane_stands() {
    let standings = Standings::new();
    let seen = standings.subscribe();
    standings.expect([lane(0), lane(1)]);
    standings.reached(&lane(0), Standing::CaughtUp);
    assert_eq!(*seen.borrow(), Standing::Starting);
    standings.reached(&lane(1), Standing::Resumed);
    assert_eq!(*seen.borrow(), Standing::Resumed);
    standings.reached(&lane(1), Standing::CaughtUp);
    assert_eq!(*seen.borrow(), Standing::CaughtUp);
}

#[test]
fn it_never_falls() {
    let standings = Standings::new();
    let seen = standings.subscribe();
    standings.expect([lane(0)]);
    standings.reached(&lane(0), Standing::CaughtUp);
    standings.reached(&lane(0), Standing::Resumed);
    standings.reached(&lane(9), Standing::Starting);
    assert_eq!(*seen.borrow(), Standing::CaughtUp, "lanes that appear later do not count");
}

#[test]
fn a_relay_with_nothing_to_carry_stands_by() {
    let standings = Standings::new();
    let seen = standings.subscribe();
    standings.expect([]);
    assert_eq!(*seen.borrow(), Standing::CaughtUp);
}

#[test]
fn nobody_waits_for_a_lane_that_another_relay_has_now() {
    let standings = Standings::new();
    let seen = standings.subscribe();
    standings.expect([lane(0), lane(1)]);
    standings.reached(&lane(0), Standing::Resumed);
    standings.left(&lane(1));
    assert_eq!(*seen.borrow(), Standing::Resumed);
    standings.left(&lane(0));
    assert_eq!(*seen.borrow(), Standing::CaughtUp, "it stands by");
}
