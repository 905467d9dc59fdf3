//! Unit tests of `usage`.

#![allow(clippy::unwrap_used)]
use super::*;

#[test]
fn the_name_of_the_process_may_hold_anything() {
    let stat = "17 (a) b (c) R 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 1 0 12350 99";
    assert_eq!(cpu_seconds(stat), Some(3.0));
    assert_eq!(started_seconds(stat, "cpu 1 2\nbtime 1700000000\n"), Some(1_700_000_123.5));
    assert_eq!(cpu_seconds("17 (wasmill"), None);
    assert_eq!(cpu_seconds("17 (wasmill) R 1"), None);
}

#[test]
fn resident_memory_is_in_kibibytes() {
    assert_eq!(resident_bytes("Name:\twasmill\nVmRSS:\t    2048 kB\nThreads:\t1\n"), Some(2 << 20));
    assert_eq!(resident_bytes("Name:\twasmill\n"), None);
}

#[cfg(target_os = "linux")]
#[test]
fn this_process_uses_something() {
    let usage = Usage::of_this_process();
    assert!(usage.started_seconds.unwrap() > 1e9);
    assert!(usage.cpu_seconds.is_some());
    assert!(usage.resident_bytes.unwrap() > 1 << 16);
    assert!(usage.open_fds.unwrap() >= 3);
}

#[test]
fn the_page_has_a_type_per_line_and_leaves_out_what_is_unknown() {
    let mut page = String::new();
    let usage = Usage {
        started_seconds: Some(2.5),
        cpu_seconds: Some(1.5),
        resident_bytes: None,
        open_fds: Some(12),
    };
    render_usage(&mut page, &usage);
    let expected = "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds 2.5\n\n\
                    # TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 1.5\n\n\
                    # TYPE process_open_fds gauge\nprocess_open_fds 12\n\n";
    assert_eq!(page, expected);
}
