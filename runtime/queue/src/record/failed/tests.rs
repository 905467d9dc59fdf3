//! Unit tests of `failed`.

#![allow(clippy::unwrap_used)]

use wasmill_job::{FailureCode, LogLevel, Usage};

use super::*;

fn line(message: String) -> LogLine {
    LogLine { level: LogLevel::Info, message, at_ms: 1 }
}

fn failed(message: &str, logs: Vec<LogLine>) -> FailedRow {
    let failure = Failure::new(FailureCode::Retry, message.to_owned());
    FailedRow { failure, last: LastRow { logs, usage: Usage::default(), ran: None } }
}

fn attempt(number: u32) -> EndedRow {
    EndedRow { attempt: Attempt(number), ended_at: UnixMs(u64::from(number)), failed: failed("no", vec![]) }
}

#[test]
fn a_small_one_is_kept_whole() {
    assert!(failed("it is not there", vec![line("looked".into()), line("again".into())]).short().is_none());
}

#[test]
fn of_a_large_one_the_beginning_of_its_message_and_the_end_of_its_log_are_kept() {
    let logs: Vec<_> = (0..100).map(|number| line(format!("line number {number:03}"))).collect();
    let short = failed(&"ä".repeat(1_000), logs.clone()).short().unwrap();
    assert_eq!(short.failure.message, format!("{}…", "ä".repeat(256)));
    assert_eq!(short.last.logs, logs[logs.len() - 512 / 15..]);
    // One line that is too long alone leaves nothing, and what stands before it is not shown without it.
    let torn = failed("no", vec![line("before".into()), line("x".repeat(600)), line("after".into())]);
    assert_eq!(torn.short().unwrap().last.logs, [line("after".into())]);
    assert!(short.to_bytes().len() < 1_500, "{} bytes", short.to_bytes().len());
}

#[test]
fn only_the_newest_are_kept() {
    let mut earlier = Vec::new();
    for number in 1..20 {
        earlier = AttemptsRow { last: attempt(number), earlier }.into_earlier();
        let kept: Vec<_> = earlier.iter().map(|row| row.attempt.0).collect();
        let first = number.saturating_sub(EARLIER_MAX as u32 - 1).max(1);
        assert_eq!(kept, (first..=number).collect::<Vec<_>>());
    }
}
