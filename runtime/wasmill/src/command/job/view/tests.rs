//! Tests of what people see of a job.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

fn view(json: &str) -> JobView {
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_completed_job_reads_well() {
    let shown = view(
        r#"{"id": "0190163d-8694-8001-8000-64c2f1a0b3d5", "type": "hello", "state": "completed", "attempts": 2,
            "accepted_at_ms": 1718000000000, "ended_at_ms": 1718000000042, "output": {"n": 1e400},
            "logs": [{"level": "warn", "message": "slow", "at_ms": 7}],
            "usage": {"fuel": 12345, "wall_us": 80, "memory_peak_bytes": 131072, "cpu_us": 61,
                      "imports": {"log": {"calls": 1, "bytes": 4, "wall_us": 0},
                                  "http": {"calls": 2, "bytes": 2048, "wall_us": 84000}}}}"#,
    );
    let plain = anstream::adapter::strip_str(&shown.render()).to_string();
    let expected = "\
job       0190163d-8694-8001-8000-64c2f1a0b3d5
type      hello
state     completed
attempts  2
accepted  2024-06-10T06:13:20.000Z
ended     2024-06-10T06:13:20.042Z (42 ms after it was accepted)
used      80 µs (processor 61 µs), fuel 12345, peak memory 128.0 KiB
called    log 1 (4 B), http 2 (2.0 KiB, waited 84 ms)
output    {\"n\": 1e400}
logs of the last attempt
       7 ms warn  slow
";
    assert_eq!(plain, expected);
}

#[test]
fn earlier_attempts_follow_the_last_one_the_newest_first() {
    let attempt = |number: u32, message: &str| {
        format!(
            r#"{{"attempt": {number}, "ended_at_ms": {}, "module": "hello@1.0.0",
                 "error": {{"code": "retry", "message": "{message}"}},
                 "logs": [{{"level": "info", "message": "tried", "at_ms": 2}}],
                 "usage": {{"fuel": 1, "wall_us": 3000, "memory_peak_bytes": 0}}}}"#,
            1718000000000_u64 + u64::from(number)
        )
    };
    let shown = view(&format!(
        r#"{{"id": "x", "type": "hello", "state": "completed", "attempts": 4, "accepted_at_ms": 1718000000000,
             "earlier": [{}, {}]}}"#,
        attempt(1, "not yet"),
        attempt(3, "still not"),
    ));
    let plain = anstream::adapter::strip_str(&shown.render()).to_string();
    let expected = "\
job       x
type      hello
state     completed
attempts  4
accepted  2024-06-10T06:13:20.000Z
attempt 3 of hello@1.0.0 failed at 2024-06-10T06:13:20.003Z after 3.00 ms
  retry: still not
       2 ms info  tried
attempt 1 of hello@1.0.0 failed at 2024-06-10T06:13:20.001Z after 3.00 ms
  retry: not yet
       2 ms info  tried
";
    assert_eq!(plain, expected);
}

#[test]
fn a_shadow_job_says_that_it_did_not_run_and_another_one_what_ran() {
    let base = r#""id": "x", "type": "hello", "state": "completed", "attempts": 1, "accepted_at_ms": 0,
                  "output_base64": "", "usage": {"fuel": 0, "wall_us": 0, "memory_peak_bytes": 0}"#;
    let shadow = view(&format!("{{{base}, \"mode\": \"shadow\"}}")).render();
    assert!(shadow.contains("without being executed") && !shadow.contains("output"), "{shadow}");
    let ran = view(&format!("{{{base}, \"module\": \"hello@1.0.0\"}}")).render();
    assert!(ran.contains("hello@1.0.0") && ran.contains("output"), "{ran}");
}

#[test]
fn output_that_is_no_json_is_given_byte_for_byte() {
    let base = r#""id": "x", "type": "hello", "state": "completed", "attempts": 1, "accepted_at_ms": 0"#;
    let shown = view(&format!("{{{base}, \"output_base64\": \"/wA=\"}}"));
    assert_eq!(shown.output().unwrap().unwrap(), [0xff, 0]);
    assert!(shown.render().contains("2 bytes that are not JSON"));
    assert!(view(&format!("{{{base}}}")).output().unwrap().is_none());
}

#[test]
fn a_moment_beyond_all_calendars_does_not_panic() {
    assert_eq!(moment(u64::MAX), "18446744073709551615 ms");
}
