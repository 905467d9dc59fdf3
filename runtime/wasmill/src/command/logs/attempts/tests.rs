//! Tests of how an attempt is told.
#![allow(clippy::unwrap_used)]

use wasmill_job::{LogLevel, LogLine};

use super::*;

fn attempt() -> Attempt {
    let ended: Ended = serde_json::from_str(
        r#"{"attempts": [{"number": 17, "at_ms": 1718000000042, "type": "hello", "id": "x", "attempt": 2,
            "module": "hello@1.0.0", "result": "done", "run_us": 1234, "worker": "00ff00ff00ff00ff"}],
            "next": "c", "missed": 3}"#,
    )
    .unwrap();
    assert_eq!((ended.next.as_deref(), ended.missed), (Some("c"), 3));
    ended.attempts[0].clone()
}

#[test]
fn an_attempt_is_one_line() {
    assert_eq!(
        anstream::adapter::strip_str(&attempt().line()).to_string(),
        "2024-06-10T06:13:20.042Z x  attempt 2  hello@1.0.0  done  1.23 ms\n"
    );
}

#[test]
fn as_json_it_has_its_log_or_null() {
    let line = LogLine { level: LogLevel::Info, message: "hi".into(), at_ms: 1 };
    let read = |log: &LogOf| serde_json::from_str::<serde_json::Value>(&attempt().json(log)).unwrap();
    let told = read(&LogOf::Lines(vec![line]));
    assert_eq!((&told["result"], &told["logs"][0]["message"]), (&"done".into(), &"hi".into()));
    assert!(read(&LogOf::Forgotten)["logs"].is_null());
}
