//! Command programs of WASI as handlers: payload in, result out, logs beside, and what their exit codes mean.

use std::sync::LazyLock;
use std::time::Duration;

use wasmill_job::{End, Import, Limits, LogLevel, Stop};
use wasmill_sandbox::{Handler, Speaks};

use super::support::{PATIENCE, component, limits, load, output_of, run, stop_of};

/// A program of WASI 0.1: `items` of a core module beside the calls that all of these use.
fn program(items: &str) -> Vec<u8> {
    wat::parse_str(format!(
        r#"(module
            (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
            (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_prestat_get" (func $preopened (param i32 i32) (result i32)))
            (memory (export "memory") 2)
            (data (i32.const 200) "line one\nline two\n")
            ;; Reads into 1024, at most 60000 bytes; how many stands at 8.
            (func $input (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 60000))
                (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8))))
            (func $print (param $to i32) (param $at i32) (param $bytes i32)
                (i32.store (i32.const 0) (local.get $at)) (i32.store (i32.const 4) (local.get $bytes))
                (drop (call $write (local.get $to) (i32.const 0) (i32.const 1) (i32.const 12))))
            {items})"#
    ))
    .unwrap()
}

/// Prints its input, and two lines to its standard error.
static CAT: LazyLock<Handler> = LazyLock::new(|| {
    load(&program(
        r#"(func (export "_start") (call $input)
            (call $print (i32.const 2) (i32.const 200) (i32.const 18))
            (call $print (i32.const 1) (i32.const 1024) (i32.load (i32.const 8))))"#,
    ))
});

/// Exits with the number that the first byte of its input is.
static EXIT: LazyLock<Handler> = LazyLock::new(|| {
    load(&program(
        r#"(func (export "_start") (call $input)
            (call $print (i32.const 2) (i32.const 200) (i32.const 18))
            (call $exit (i32.load8_u (i32.const 1024))))"#,
    ))
});

#[test]
fn the_payload_goes_in_and_the_result_comes_out() {
    assert_eq!(component(&program(r#"(func (export "_start"))"#)).speaks(), Speaks::Program);
    let outcome = run(&CAT, "any bytes\n", &limits());
    assert_eq!(output_of(&outcome), b"any bytes\n");
    let logs: Vec<_> = outcome.logs.iter().map(|line| (line.level, line.message.as_str())).collect();
    assert_eq!(logs, [(LogLevel::Warn, "line one"), (LogLevel::Warn, "line two")]);
    assert_eq!(output_of(&run(&CAT, "", &limits())), b"");
}

#[test]
fn exit_codes_are_told_apart() {
    assert_eq!(output_of(&run(&EXIT, "\0", &limits())), b"");
    for code in [1, 75, 127] {
        let End::Exited { code: found, message } = run(&EXIT, vec![code], &limits()).end else { panic!() };
        assert_eq!((found, message.as_str()), (code, "line two"));
    }
}

#[test]
fn a_result_that_is_too_large_is_told() {
    let outcome = run(&CAT, "x".repeat(1_000), &Limits { output_bytes: 999, ..limits() });
    assert_eq!(stop_of(&outcome).0, Stop::Output);
    assert_eq!(output_of(&run(&CAT, "x".repeat(999), &Limits { output_bytes: 999, ..limits() })).len(), 999);
}

#[test]
fn a_log_that_is_too_large_is_cut() {
    let outcome = run(&CAT, "", &Limits { log_bytes: 40, ..limits() });
    assert!(matches!(outcome.end, End::Done { .. }));
    assert_eq!(outcome.logs[0].message, "line one");
    assert!(outcome.logs.last().unwrap().message.contains("limit of 40 bytes"), "{:?}", outcome.logs);
}

#[test]
fn a_program_has_no_files_no_environment_and_a_time_that_stands() {
    let look = load(&program(
        r#"(func (export "_start")
            ;; 64: preopened, 68: variables, 72 and 80: the time twice, 88: random bytes.
            (i32.store (i32.const 64) (call $preopened (i32.const 3) (i32.const 96)))
            (drop (call $environ (i32.const 68) (i32.const 100)))
            (drop (call $time (i32.const 0) (i64.const 1) (i32.const 72)))
            (drop (call $time (i32.const 0) (i64.const 1) (i32.const 80)))
            (drop (call $random (i32.const 88) (i32.const 8)))
            (call $print (i32.const 1) (i32.const 64) (i32.const 32)))"#,
    ));
    let outcome = run(&look, "", &limits());
    let told = output_of(&outcome);
    let word = |at: usize| u32::from_le_bytes(told[at..at + 4].try_into().unwrap());
    let time = |at: usize| u64::from_le_bytes(told[at..at + 8].try_into().unwrap());
    assert_ne!(word(0), 0, "nothing is preopened");
    assert_eq!(word(4), 0, "no variables");
    assert_eq!(
        (time(8), time(16)),
        (1_767_225_600_000_000_000, 1_767_225_600_000_000_000),
        "the job's acceptance"
    );
    assert_ne!(told[24..], [0; 8], "random numbers are drawn");
    assert_eq!(output_of(&run(&look, "", &limits()))[24..], told[24..], "the same job draws the same");
    assert!(outcome.usage.imports.get(Import::Wasi).calls >= 4, "{:?}", outcome.usage);
}

/// A program that sleeps for an hour: the host waits, and no longer than the attempt may last.
#[test]
fn a_sleeping_program_is_woken_by_its_deadline() {
    let sleeper = load(
        &wat::parse_str(
            r#"(module
            (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "_start")
                ;; A subscription: a relative timeout of the monotonic clock, 3600 s.
                (i32.store8 (i32.const 8) (i32.const 0)) (i32.store (i32.const 16) (i32.const 1))
                (i64.store (i32.const 24) (i64.const 3600000000000))
                (drop (call $poll (i32.const 0) (i32.const 512) (i32.const 1) (i32.const 1024)))))"#,
        )
        .unwrap(),
    );
    let timeout = Duration::from_millis(200);
    let outcome = run(&sleeper, "", &Limits { timeout, ..limits() });
    assert_eq!(stop_of(&outcome).0, Stop::Timeout);
    assert!(outcome.usage.wall_us < 10_000_000, "{}", outcome.usage.wall_us);
}

#[test]
fn a_program_obeys_the_same_limits() {
    let spinner = load(&program(r#"(func (export "_start") (loop (br 0)))"#));
    let outcome = run(&spinner, "", &Limits { fuel: 1_000_000, timeout: PATIENCE, ..limits() });
    assert_eq!(stop_of(&outcome).0, Stop::Fuel);
    let timeout = Duration::from_millis(50);
    let outcome = run(&spinner, "", &Limits { fuel: u64::MAX, timeout, ..limits() });
    assert_eq!(stop_of(&outcome).0, Stop::Timeout);
    let trap = load(&program(r#"(func (export "_start") unreachable)"#));
    assert_eq!(stop_of(&run(&trap, "", &limits())).0, Stop::Trap);
    let chatter = load(&program(
        r#"(func (export "_start") (loop (drop (call $time (i32.const 0) (i64.const 1) (i32.const 72))) (br 0)))"#,
    ));
    let outcome =
        run(&chatter, "", &Limits { host_calls: 1_000, fuel: u64::MAX, timeout: PATIENCE, ..limits() });
    assert_eq!(stop_of(&outcome).0, Stop::Calls);
}
