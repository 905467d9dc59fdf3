//! A fresh instance for each job: nothing of one is seen by the next.

use std::sync::Arc;
use std::thread;

use wasmill_job::{Attempt, Stop};
use wasmill_sandbox::{Call, Handler, Interrupt, PagemapScan, Permit, Sandbox, SandboxConfig, Tuning};

use super::interrupts::endless;
use super::support::{component, guest, job, limits, odd_guest, odd_module, output_of, run, stop_of};

/// Writes the payload over its memory and answers what stood at the same place before.
const PALIMPSEST: &str = r#"
    (memory (export "memory") 40)
    (data (i32.const 8) "fresh")
    (global $before (mut i32) (i32.const 0))
    (func (export "wasmill:job/handler@1.0.0#handle") (param $at i32) (param $len i32) (result i32)
        ;; A page nobody has written before, a byte of the image, and a global: all must be as they were.
        (i32.store8 (i32.const 524288) (i32.add (i32.load8_u (i32.const 2097152)) (i32.const 48)))
        (i32.store8 (i32.const 524289) (i32.load8_u (i32.const 8)))
        (i32.store8 (i32.const 524290) (i32.add (global.get $before) (i32.const 48)))
        (i32.store8 (i32.const 524291) (i32.add (i32.load8_u (i32.const 65536)) (i32.const 48)))
        (i32.store8 (i32.const 2097152) (i32.const 9))
        (i32.store8 (i32.const 65536) (i32.const 9))
        (i32.store8 (i32.const 8) (i32.const 88))
        (global.set $before (i32.const 9))
        (i32.store (i32.const 16) (i32.const 0))
        (i32.store (i32.const 24) (i32.const 524288))
        (i32.store (i32.const 28) (i32.const 4))
        (i32.const 16))"#;

#[test]
fn memory_and_globals_are_fresh() {
    let palimpsest = odd_guest(PALIMPSEST);
    for _ in 0..200 {
        assert_eq!(output_of(&run(&palimpsest, "x", &limits())), b"0f00");
    }
}

#[test]
fn memory_is_fresh_however_slots_are_reset() {
    let module = odd_module(&format!(
        r#"(module (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)) {PALIMPSEST})"#
    ));
    for keep_resident_bytes in [0, 64 << 10, 1 << 20, 8 << 20] {
        for pagemap_scan in [PagemapScan::Off, PagemapScan::On] {
            let tuning = Tuning { keep_resident_bytes, ..Tuning::default() };
            let config = SandboxConfig { instances: 1, pagemap_scan, tuning, ..SandboxConfig::default() };
            let sandbox = Sandbox::new(config).unwrap();
            let handler = sandbox.load(&sandbox.compile(&component(&module)).unwrap()).unwrap();
            let job = job("x");
            let call = Call { job: &job, attempt: Attempt(1), max_attempts: 1, permit: &Permit::none() };
            for _ in 0..50 {
                let outcome = sandbox.run(&handler, &call, &limits(), &Interrupt::new());
                assert_eq!(output_of(&outcome), b"0f00", "{keep_resident_bytes} {pagemap_scan:?}");
            }
        }
    }
}

#[test]
fn more_at_once_than_instances_is_said_and_does_no_harm() {
    let sandbox = Sandbox::new(SandboxConfig { instances: 1, ..SandboxConfig::default() }).unwrap();
    let load = |module: &[u8]| sandbox.load(&sandbox.compile(&component(module)).unwrap()).unwrap();
    let (spin, hello) = (load(&super::support::module("spin")), load(&super::support::module("hello")));
    let run = |handler: &Handler, interrupt: &Interrupt| {
        let job = job("");
        let call = Call { job: &job, attempt: Attempt(1), max_attempts: 1, permit: &Permit::none() };
        sandbox.run(handler, &call, &endless(), interrupt)
    };
    let interrupt = Interrupt::new();
    thread::scope(|threads| {
        // While the other has the only instance, it is this one that is refused: it tries until it runs.
        let hung = threads.spawn(|| while stop_of(&run(&spin, &interrupt)).0 == Stop::Host {});
        // Until the only instance is taken.
        let refused = loop {
            let outcome = run(&hello, &Interrupt::new());
            if let wasmill_job::End::Stopped { .. } = outcome.end {
                break outcome;
            }
        };
        let (stop, message) = stop_of(&refused);
        assert_eq!(stop, Stop::Host);
        assert!(message.contains("as many instances as there are slots"), "{message}");
        interrupt.interrupt();
        hung.join().unwrap();
    });
    assert_eq!(output_of(&run(&hello, &Interrupt::new())), br#"{"greeting":"Hello, world!"}"#);
}

#[test]
fn a_handler_of_another_sandbox_is_refused() {
    let other = Sandbox::new(SandboxConfig { instances: 1, ..SandboxConfig::default() }).unwrap();
    let (job, hello) = (job(""), guest("hello"));
    let call = Call { job: &job, attempt: Attempt(1), max_attempts: 1, permit: &Permit::none() };
    let outcome = other.run(&hello, &call, &limits(), &Interrupt::new());
    assert_eq!(
        stop_of(&outcome),
        (Stop::Host, "the handler was loaded by another sandbox than the one that runs it")
    );
}

#[test]
fn many_threads_share_a_sandbox() {
    let hello = Arc::new(guest("hello"));
    let threads: Vec<_> = (0..16)
        .map(|number| {
            let hello = Arc::clone(&hello);
            thread::spawn(move || {
                for _ in 0..50 {
                    let payload = format!(r#"{{"name":"{number}"}}"#);
                    let outcome = run(&hello, payload, &limits());
                    assert_eq!(
                        output_of(&outcome),
                        format!(r#"{{"greeting":"Hello, {number}!"}}"#).as_bytes()
                    );
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}
