//! Guests that no compiler would make: each way to break out of the contract, and what the world answers.

use std::time::Duration;

use wasmill_job::{Attempt, End, Limits, LogLevel, Stop};
use wasmill_sandbox::{Call, Interrupt, Permit};

use super::support::{PATIENCE, SANDBOX, job, limits, load, odd_guest, odd_module, output_of, run, stop_of};

/// A `handle` with this body.
fn handle(body: &str) -> String {
    format!(
        r#"(memory (export "memory") 1) (func (export "wasmill:job/handler@1.0.0#handle") (param i32 i32) (result i32) {body})"#
    )
}

#[test]
fn traps_are_named() {
    for (body, said) in [
        ("unreachable", "panicked or aborted"),
        ("(i32.div_u (i32.const 1) (i32.const 0))", "divided by zero"),
        ("(i32.load (i32.const 65536))", "outside its memory"),
        ("(i32.div_s (i32.const 0x80000000) (i32.const -1))", "trapped: integer overflow"),
        ("(drop (i32.trunc_f32_s (f32.const nan))) (i32.const 0)", "trapped: invalid conversion to integer"),
    ] {
        let outcome = run(&odd_guest(&handle(body)), "", &limits());
        let (stop, message) = stop_of(&outcome);
        assert_eq!(stop, Stop::Trap);
        assert!(message.contains(said), "{body}: {message}");
    }
}

#[test]
fn an_endless_recursion_is_named() {
    let guest = odd_guest(
        r#"(memory (export "memory") 1)
           (func $deeper (param i32) (result i32) (i32.add (call $deeper (local.get 0)) (i32.const 1)))
           (func (export "wasmill:job/handler@1.0.0#handle") (param i32 i32) (result i32) (call $deeper (i32.const 0)))"#,
    );
    let outcome = run(&guest, "", &limits());
    let (stop, message) = stop_of(&outcome);
    assert_eq!(stop, Stop::Trap);
    assert!(message.starts_with("the handler used up its call stack of 512 KiB"), "{message}");
}

#[test]
fn what_a_start_function_does_wrong_is_the_handlers_fault() {
    // A secret that it does not have: the one kind of call that needs no memory, which is not there yet.
    let guest = load(&odd_module(
        r#"(module
            (import "wasmill:job/secrets@1.0.0" "[resource-drop]secret" (func $drop (param i32)))
            (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
            (func $start (call $drop (i32.const 7)))
            (start $start)
            (func (export "wasmill:job/handler@1.0.0#handle") (param i32 i32) (result i32) (i32.const 16)))"#,
    ));
    let outcome = run(&guest, "", &limits());
    let (stop, message) = stop_of(&outcome);
    assert_eq!(stop, Stop::Trap, "{message}");
    assert!(message.starts_with("the handler broke the calling convention"), "{message}");
}

#[test]
fn answers_that_break_the_calling_convention_are_traps() {
    for (what, body) in [
        ("an answer outside its memory", "(i32.const -16)"),
        ("an answer at an odd address", "(i32.const 9)"),
        ("no such variant", "(i32.store8 (i32.const 16) (i32.const 7)) (i32.const 16)"),
        (
            "a list outside its memory",
            "(i32.store (i32.const 24) (i32.const 65000)) (i32.store (i32.const 28) (i32.const 1000)) (i32.const 16)",
        ),
        (
            "a list longer than an address",
            "(i32.store (i32.const 24) (i32.const 1)) (i32.store (i32.const 28) (i32.const -1)) (i32.const 16)",
        ),
    ] {
        let outcome = run(&odd_guest(&handle(body)), "", &limits());
        let (stop, message) = stop_of(&outcome);
        assert_eq!(stop, Stop::Trap, "{what}: {message}");
    }
}

#[test]
fn an_allocator_that_lies_harms_only_its_guest() {
    let guest = super::support::load(&super::support::odd_module(
        r#"(module
            (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65535))
            (func (export "wasmill:job/handler@1.0.0#handle") (param i32 i32) (result i32) (i32.const 16)))"#,
    ));
    let outcome = run(&guest, "a payload", &limits());
    assert_eq!(stop_of(&outcome).0, Stop::Trap, "{outcome:?}");
}

const LOG: &str = r#"(import "wasmill:job/log@1.0.0" "write" (func $log (param i32 i32 i32)))"#;

fn log_guest(items: &str) -> wasmill_sandbox::Handler {
    super::support::load(&super::support::odd_module(&format!(
        r#"(module {LOG}
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
            (memory (export "memory") 1)
            {items})"#
    )))
}

#[test]
fn the_log_takes_text_and_levels_only() {
    let guest = log_guest(
        r#"(data (i32.const 64) "one\0d\0atwo\1b[2J")
           (func (export "wasmill:job/handler@1.0.0#handle") (param i32 i32) (result i32)
             (call $log (i32.const 2) (i32.const 64) (i32.const 12)) (i32.const 16))"#,
    );
    let outcome = run(&guest, "", &limits());
    assert_eq!(output_of(&outcome), b"");
    assert_eq!(outcome.logs.len(), 1);
    assert_eq!(
        (outcome.logs[0].level, outcome.logs[0].message.as_str()),
        (LogLevel::Warn, "one\\r\\ntwo\\u{1b}[2J")
    );

    for (what, call) in [
        ("no such level", "(call $log (i32.const 4) (i32.const 64) (i32.const 1))"),
        (
            "not UTF-8",
            "(i32.store8 (i32.const 64) (i32.const 255)) (call $log (i32.const 1) (i32.const 64) (i32.const 1))",
        ),
        ("outside its memory", "(call $log (i32.const 1) (i32.const 65530) (i32.const 10))"),
    ] {
        let guest = log_guest(&format!(
            r#"(func (export "wasmill:job/handler@1.0.0#handle") (param i32 i32) (result i32) {call} (i32.const 16))"#
        ));
        let outcome = run(&guest, "", &limits());
        assert_eq!(stop_of(&outcome).0, Stop::Trap, "{what}: {outcome:?}");
    }
}

/// Lines that come before a trap are the ones that explain it.
#[test]
fn lines_before_a_trap_are_kept() {
    let guest = log_guest(
        r#"(data (i32.const 64) "last words")
           (func (export "wasmill:job/handler@1.0.0#handle") (param i32 i32) (result i32)
             (call $log (i32.const 3) (i32.const 64) (i32.const 10)) unreachable)"#,
    );
    let outcome = run(&guest, "", &limits());
    assert_eq!(stop_of(&outcome).0, Stop::Trap);
    assert_eq!(outcome.logs[0].message, "last words");
}

#[test]
fn a_start_function_counts_too() {
    let guest = odd_guest(
        r#"(memory (export "memory") 1)
           (func $spin (loop (br 0))) (start $spin)
           (func (export "wasmill:job/handler@1.0.0#handle") (param i32 i32) (result i32) (i32.const 16))"#,
    );
    let by_fuel = run(&guest, "", &Limits { fuel: 1_000_000, timeout: PATIENCE, ..limits() });
    assert_eq!(stop_of(&by_fuel).0, Stop::Fuel);
    let by_time = run(&guest, "", &Limits { fuel: u64::MAX, timeout: Duration::from_millis(30), ..limits() });
    assert_eq!(stop_of(&by_time).0, Stop::Timeout);
}

#[test]
fn work_after_the_answer_counts_too() {
    let guest = odd_guest(&format!(
        r#"{} (func (export "cabi_post_wasmill:job/handler@1.0.0#handle") (param i32) (loop (br 0)))"#,
        handle("(i32.const 16)")
    ));
    let outcome = run(&guest, "", &Limits { fuel: 1_000_000, timeout: PATIENCE, ..limits() });
    assert_eq!(stop_of(&outcome).0, Stop::Fuel);
}

#[test]
fn tables_count_as_memory() {
    let guest = odd_guest(&format!(
        "(table $t 0 funcref) {}",
        // 8 bytes each: 80,000 have no room beside a page in 512 KiB, 40,000 do.
        handle(
            "(i32.store8 (i32.const 32) (i32.eq (table.grow $t (ref.null func) (i32.const 80000)) (i32.const -1)))
             (i32.store8 (i32.const 33) (i32.eq (table.grow $t (ref.null func) (i32.const 40000)) (i32.const -1)))
             (i32.store (i32.const 24) (i32.const 32)) (i32.store (i32.const 28) (i32.const 2)) (i32.const 16)"
        )
    ));
    let outcome = run(&guest, "", &Limits { memory_bytes: 512 << 10, ..limits() });
    assert_eq!(output_of(&outcome), [1, 0]);
    assert!(outcome.usage.memory_peak_bytes >= 65_536 + 320_000);
}

/// The most that one instruction can do: a fill of all memory costs fuel by its size, so it cannot be repeated for
/// long between two looks at the clock.
#[test]
fn bulk_instructions_cost_by_their_size() {
    let guest = odd_guest(
        r#"(memory (export "memory") 1024)
           (func (export "wasmill:job/handler@1.0.0#handle") (param i32 i32) (result i32)
             (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 67108864)) (br 0)) (i32.const 16))"#,
    );
    let outcome = run(&guest, "", &Limits { fuel: 200_000_000, timeout: PATIENCE, ..limits() });
    assert_eq!(stop_of(&outcome).0, Stop::Fuel);
    assert!(outcome.usage.wall_us < 30_000_000);
}

#[test]
fn the_context_tells_about_the_job() {
    let import = |name: &str, signature: &str| {
        format!(r#"(import "wasmill:job/context@1.0.0" "{name}" (func ${name} {signature}))"#)
    };
    let module = |body: &str| {
        super::support::load(&super::support::odd_module(&format!(
            r#"(module {} {} {} {} {} {} {} {}
                (global $next (mut i32) (i32.const 4096))
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                    (global.get $next) (global.set $next (i32.add (global.get $next) (i32.const 256))))
                (memory (export "memory") 1)
                (func (export "wasmill:job/handler@1.0.0#handle") (param i32 i32) (result i32) {body}))"#,
            import("job-id", "(param i32)"),
            import("job-type", "(param i32)"),
            import("attempt", "(result i32)"),
            import("max-attempts", "(result i32)"),
            import("accepted-at-ms", "(result i64)"),
            import("deadline-left-ms", "(result i64)"),
            import("idempotency-key", "(param i32)"),
            import("traceparent", "(param i32)"),
        )))
    };
    let job = job("");
    let call = Call { job: &job, attempt: Attempt(2), max_attempts: 7, permit: &Permit::none() };
    let answer = |body: &str| {
        let outcome = SANDBOX.run(&module(body), &call, &limits(), &Interrupt::new());
        output_of(&outcome).to_vec()
    };
    let bytes = |value: &str, length: i32| {
        format!(
            "(i64.store (i32.const 64) {value}) (i32.store (i32.const 24) (i32.const 64))
             (i32.store (i32.const 28) (i32.const {length})) (i32.const 16)"
        )
    };
    // The answer at 16 is the case of the result, then at 24 and 28 the list's address and length. A text comes as
    // just that.
    assert_eq!(answer("(call $job-id (i32.const 24)) (i32.const 16)"), job.id.to_string().as_bytes());
    assert_eq!(answer("(call $job-type (i32.const 24)) (i32.const 16)"), b"test.type");
    assert_eq!(answer(&bytes("(i64.extend_i32_u (call $attempt))", 1)), [2]);
    assert_eq!(answer(&bytes("(i64.extend_i32_u (call $max-attempts))", 1)), [7]);
    assert_eq!(answer(&bytes("(call $accepted-at-ms)", 8)), job.accepted_at.0.to_le_bytes());
    let left = u64::from_le_bytes(answer(&bytes("(call $deadline-left-ms)", 8)).try_into().unwrap());
    assert!((1..=30_000).contains(&left), "{left}");
    // An option has its case in front.
    assert_eq!(answer("(call $idempotency-key (i32.const 20)) (i32.const 16)"), b"order-17");
    let none = "(i32.store8 (i32.const 64) (i32.const 9)) (call $traceparent (i32.const 64))";
    assert_eq!(answer(&format!("{none} {}", bytes("(i64.load (i32.const 64))", 1))), [0]);
}

#[test]
fn failures_keep_their_delay() {
    // retry { message: "", after-ms: some(1500) }, then reject "".
    let retry = odd_guest(&handle(
        "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store8 (i32.const 24) (i32.const 0))
         (i32.store8 (i32.const 40) (i32.const 1)) (i64.store (i32.const 48) (i64.const 1500)) (i32.const 16)",
    ));
    let outcome = run(&retry, "", &limits());
    let after = Some(Duration::from_millis(1500));
    assert_eq!(outcome.end, End::Retry { message: String::new(), after });
    let reject = odd_guest(&handle(
        "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store8 (i32.const 24) (i32.const 1)) (i32.const 16)",
    ));
    assert_eq!(run(&reject, "", &limits()).end, End::Rejected { message: String::new() });
}
