//! Tests of what is known from looks.
#![allow(clippy::unwrap_used)]

use super::*;

/// A type with these counts: accepted, pending, completed, dead, retried.
pub(in crate::command::top) fn status(name: &str, counts: [u64; 5]) -> TypeStatus {
    let [accepted, pending, completed, dead, retried] = counts;
    let value = serde_json::json!({
        "type": name, "mode": "live", "accepted": accepted, "pending": pending, "scheduled": 1, "in_flight": 2,
        "completed": completed, "dead": dead, "retried": retried, "lost": 0,
    });
    serde_json::from_value(value).unwrap()
}

fn look(types: Vec<TypeStatus>) -> Look {
    let lanes = serde_json::from_str(
        r#"[{"topic": "wasmill.q.default.1", "partition": 0, "floor": 1, "wanted": 5, "next": 9, "lag": 4, "unsettled": 8},
            {"topic": "wasmill.q.default.1", "partition": 1, "floor": 0, "next": 3, "lag": 3, "unsettled": 3}]"#,
    );
    Look { types, lanes: Ok(lanes.unwrap()), workers: Ok(WorkerList::default()) }
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn rates_are_differences_over_the_time_between() {
    let mut board = Board::default();
    assert!(!board.is_seen());
    board.see(look(vec![status("mail", [100, 5, 90, 1, 10])]), SECOND);
    assert_eq!(board.sum().flow, Flow::default());
    board
        .see(look(vec![status("mail", [120, 7, 100, 2, 13]), status("bill", [50, 0, 50, 0, 0])]), SECOND * 3);
    let sum = board.sum();
    // The type that has come tells nothing about these two seconds.
    assert_eq!(sum.flow, Flow { accepted: 10.0, completed: 5.0, failed: 2.0 });
    assert_eq!((sum.pending, sum.scheduled, sum.in_flight, sum.dead, sum.lag), (7, 2, 4, 2, Some(7)));
    // A queue that was built anew.
    board.see(look(vec![status("mail", [0, 0, 0, 0, 0]), status("bill", [0, 0, 0, 0, 0])]), SECOND * 4);
    assert_eq!(board.sum().flow, Flow::default());
}

#[test]
fn trouble_leaves_the_numbers_and_ends_with_an_answer() {
    let mut board = Board::default();
    board.see(look(vec![status("mail", [100, 5, 90, 1, 10])]), SECOND);
    board.miss("no answer.".into());
    assert_eq!((board.trouble.as_deref(), board.sum().pending), (Some("no answer."), 5));
    assert_eq!(board.age(SECOND * 5), SECOND * 4);
    board.see(look(Vec::new()), SECOND * 6);
    assert_eq!((board.trouble, board.types.len()), (None, 0));
}

#[test]
fn without_lanes_there_is_no_lag() {
    let mut board = Board::default();
    board.see(Look { lanes: Ok(Vec::new()), ..look(Vec::new()) }, SECOND);
    assert_eq!(board.sum().lag, None);
    board.see(Look { lanes: Err("no".into()), ..look(Vec::new()) }, SECOND * 2);
    assert_eq!(board.sum().lag, None);
}

#[test]
fn what_was_completed_is_kept_for_five_minutes_in_buckets_of_three_seconds() {
    let mut board = Board::default();
    for second in 0..=400_u64 {
        let completed = if second < 395 { second * 10 } else { 3_940 };
        board.see(
            look(vec![status("mail", [0, 0, completed, 0, 0])]),
            SECOND * u32::try_from(second).unwrap(),
        );
    }
    let completed = board.completed();
    assert_eq!((completed.len(), completed[0], completed[BUCKETS - 1]), (BUCKETS, 10, 0));
}
