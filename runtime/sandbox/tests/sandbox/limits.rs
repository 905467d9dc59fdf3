//! Each limit, met by a guest that means it.

use std::time::{Duration, Instant};

use wasmill_job::{End, Limits, LogLevel, Stop};

use super::support::{PATIENCE, guest, limits, output_of, run, stop_of};

fn number(outcome: &wasmill_job::Outcome, field: &str) -> u64 {
    let output: serde_json::Value = serde_json::from_slice(output_of(outcome)).unwrap();
    output[field].as_u64().unwrap()
}

#[test]
fn spin_runs_out_of_fuel() {
    let outcome = run(&guest("spin"), "", &Limits { fuel: 5_000_000, timeout: PATIENCE, ..limits() });
    assert_eq!(stop_of(&outcome), (Stop::Fuel, "used up its fuel of 5000000 (about one per instruction)"));
    assert_eq!(outcome.usage.fuel, 5_000_000);
}

#[test]
fn spin_runs_out_of_time() {
    for payload in ["", r#"{"calls":true}"#] {
        let timeout = Duration::from_millis(100);
        let started = Instant::now();
        // A fast machine makes a million calls in that time.
        let endless = Limits { timeout, fuel: u64::MAX, host_calls: u64::MAX, ..limits() };
        let outcome = run(&guest("spin"), payload, &endless);
        assert_eq!(stop_of(&outcome), (Stop::Timeout, "stopped after its time limit of 100ms"));
        assert!(started.elapsed() >= timeout);
        assert!(outcome.usage.wall_us >= 100_000);
    }
}

#[test]
fn hungry_gets_what_it_may_and_no_more() {
    for megabytes in [2, 8, 64] {
        let memory_bytes = megabytes << 20;
        let outcome = run(&guest("hungry"), "", &Limits { memory_bytes, ..limits() });
        let had = number(&outcome, "bytes");
        assert!(had < memory_bytes && had + (2 << 20) > memory_bytes, "{had} of {memory_bytes}");
        assert!(outcome.usage.memory_peak_bytes <= memory_bytes);
        assert!(outcome.usage.memory_peak_bytes > had);
    }
}

#[test]
fn hungry_traps_when_it_cannot_do_without() {
    let outcome =
        run(&guest("hungry"), r#"{"trap":true,"touch":true}"#, &Limits { memory_bytes: 8 << 20, ..limits() });
    let (stop, message) = stop_of(&outcome);
    assert_eq!(stop, Stop::Memory);
    assert!(message.starts_with("gave up after it was refused memory: it wanted"), "{message}");
    assert!(message.ends_with("bytes in all, and 8388608 are allowed"), "{message}");
}

#[test]
fn a_module_that_begins_too_large_does_not_begin() {
    let outcome = run(&guest("hello"), "", &Limits { memory_bytes: 100_000, ..limits() });
    let (stop, message) = stop_of(&outcome);
    assert_eq!(stop, Stop::Memory, "{message}");
    assert!(message.ends_with("100000 are allowed"), "{message}");
}

#[test]
fn nobody_gets_more_than_the_sandbox_has() {
    // A limit above memory_bytes_max, which is 1 GiB.
    let outcome =
        run(&guest("hungry"), r#"{"at_most":2147483648}"#, &Limits { memory_bytes: 4 << 30, ..limits() });
    assert!(number(&outcome, "bytes") < 1 << 30);
}

#[test]
fn huge_may_answer_as_much_as_its_limit() {
    for limit in [0_u64, 1, 1_000, 1 << 20, 3 << 20] {
        let limits = Limits { output_bytes: limit, ..limits() };
        let exact = run(&guest("huge"), format!(r#"{{"bytes":{limit}}}"#), &limits);
        assert_eq!(output_of(&exact).len() as u64, limit);
        let more = run(&guest("huge"), format!(r#"{{"bytes":{}}}"#, limit + 1), &limits);
        let (stop, message) = stop_of(&more);
        assert_eq!(stop, Stop::Output);
        assert!(message.contains(&limit.to_string()), "{message}");
    }
}

/// What is far above the limit is not even copied out of the guest.
#[test]
fn huge_is_stopped_before_the_host_copies() {
    let outcome = run(&guest("huge"), r#"{"bytes":30000000}"#, &limits());
    let (stop, message) = stop_of(&outcome);
    assert_eq!(
        (stop, message),
        (Stop::Output, "the output, or a line for the log, has more than 1048576 bytes")
    );
}

#[test]
fn huge_messages_are_cut() {
    for kind in ["retry", "reject"] {
        let outcome = run(&guest("huge"), format!(r#"{{"bytes":100000,"as":"{kind}"}}"#), &limits());
        let (End::Retry { message, .. } | End::Rejected { message }) = outcome.end else { panic!() };
        assert_eq!(message, format!("{} …", "x".repeat(4096)));
    }
}

#[test]
fn chatty_is_kept_up_to_its_limit() {
    let limits = Limits { log_bytes: 10_000, ..limits() };
    let outcome = run(&guest("chatty"), r#"{"lines":100000,"bytes":80}"#, &limits);
    assert_eq!(output_of(&outcome), br#"{"lines":100000}"#, "too many lines are no reason to fail");
    let (notice, kept) = outcome.logs.split_last().unwrap();
    let text: usize = kept.iter().map(|line| line.message.len()).sum();
    assert!(text <= 10_000 && text + 24 * kept.len() <= 10_000 && text + 24 * kept.len() > 9_800, "{text}");
    assert_eq!(notice.level, LogLevel::Warn);
    let dropped = 100_000 - kept.len();
    assert_eq!(
        notice.message,
        format!("the log reached its limit of 10000 bytes: {dropped} more lines were dropped")
    );
}

#[test]
fn one_long_line_is_cut() {
    let limits = Limits { log_bytes: 1_000, ..limits() };
    let outcome = run(&guest("chatty"), r#"{"lines":1,"bytes":500000}"#, &limits);
    assert_eq!(outcome.logs.len(), 2);
    assert_eq!(outcome.logs[0].message, "x".repeat(976));
}

#[test]
fn a_line_beyond_any_measure_stops_the_handler() {
    let outcome = run(&guest("chatty"), r#"{"lines":1,"bytes":1048577}"#, &limits());
    assert_eq!(stop_of(&outcome).0, Stop::Output);
}

#[test]
fn trap_panics_and_its_log_says_why() {
    let outcome = run(&guest("trap"), r#"{"message":"no such \u001b[31mcolour"}"#, &limits());
    assert_eq!(stop_of(&outcome), (Stop::Trap, "the handler panicked or aborted; its log may say why"));
    let line = outcome.logs.last().unwrap();
    assert_eq!(line.level, LogLevel::Error);
    assert!(line.message.contains("no such \\u{1b}[31mcolour"), "{}", line.message);
}

#[test]
fn trap_overflows_its_stack_and_not_ours() {
    let outcome = run(&guest("trap"), r#"{"how":"stack"}"#, &limits());
    let (stop, message) = stop_of(&outcome);
    assert_eq!(stop, Stop::Trap);
    assert!(message.contains("call stack of 512 KiB") || message.contains("outside its memory"), "{message}");
}

#[test]
fn fuel_does_not_depend_on_the_machine() {
    let used = |payload: &str| run(&guest("hello"), payload.to_owned(), &limits()).usage.fuel;
    assert_eq!(used(r#"{"name":"Ada"}"#), used(r#"{"name":"Bob"}"#));
    assert!(used(r#"{"name":"Ada"}"#) > 100);
}
