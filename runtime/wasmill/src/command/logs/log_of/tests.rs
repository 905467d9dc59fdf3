//! Tests of which attempt's log a job has.
#![allow(clippy::unwrap_used)]

use super::*;

fn view(state: &str, attempts: u32) -> JobView {
    let text = format!(
        r#"{{"id": "x", "type": "hello", "state": "{state}", "attempts": {attempts}, "accepted_at_ms": 0,
            "logs": [{{"level": "info", "message": "hi", "at_ms": 1}}]}}"#
    );
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_log_is_that_of_the_last_attempt_that_ended() {
    let of = |number, state, attempts| LogOf::attempt(number, view(state, attempts));
    for state in ["completed", "scheduled", "dead", "pending"] {
        assert!(matches!(of(2, state, 2), LogOf::Lines(lines) if lines.len() == 1), "{state}");
    }
    assert_eq!(of(1, "completed", 2), LogOf::Later);
    // The third runs: the log is that of the second.
    assert!(matches!(of(2, "in_flight", 3), LogOf::Lines(_)));
    assert_eq!(of(3, "in_flight", 3), LogOf::NotSettled);
    assert_eq!(of(1, "in_flight", 3), LogOf::Later);
}

#[test]
fn of_an_earlier_attempt_there_is_the_end() {
    let text = r#"{"id": "x", "type": "hello", "state": "completed", "attempts": 2, "accepted_at_ms": 0,
        "earlier": [{"attempt": 1, "ended_at_ms": 5, "error": {"code": "retry", "message": "busy"},
                     "logs": [{"level": "warn", "message": "late", "at_ms": 9}],
                     "usage": {"fuel": 1, "wall_us": 1, "memory_peak_bytes": 0}}]}"#;
    let log = LogOf::attempt(1, serde_json::from_str(text).unwrap());
    assert_eq!(log.lines().unwrap()[0].message, "late");
    let plain = anstream::adapter::strip_str(&log.render()).to_string();
    let why = "the job has begun another attempt since; of the log of this one the end is kept";
    assert_eq!(plain, format!("       9 ms warn  late\n  ({why})\n"));
}

#[test]
fn what_is_not_there_is_said_in_a_line() {
    let plain = |log: LogOf| anstream::adapter::strip_str(&log.render()).to_string();
    assert_eq!(plain(LogOf::attempt(1, view("completed", 1))), "       1 ms info  hi\n");
    assert_eq!(
        plain(LogOf::Later),
        "  (the job has begun another attempt since; the log of this one is gone)\n"
    );
    assert_eq!(plain(LogOf::Forgotten), "  (the job is forgotten, and its log with it)\n");
}
