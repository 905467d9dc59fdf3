//! A worker can stop what it started: a hung guest is stopped, really stopped.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use wasmill_job::{Limits, Stop};
use wasmill_sandbox::Interrupt;

use super::support::{PATIENCE, guest, limits, output_of, run, run_with, stop_of};

/// Nothing but an interrupt ends a guest that does not end by itself.
pub(super) fn endless() -> Limits {
    Limits { fuel: u64::MAX, timeout: Duration::MAX, host_calls: u64::MAX, ..limits() }
}

#[test]
fn a_running_guest_is_stopped() {
    for payload in ["", r#"{"calls":true}"#] {
        let spin = guest("spin");
        let interrupt = Interrupt::new();
        let (ended, outcome) = mpsc::channel();
        let of_thread = interrupt.clone();
        let running =
            thread::spawn(move || ended.send(run_with(&spin, payload, &endless(), &of_thread)).unwrap());
        assert!(outcome.recv_timeout(Duration::from_millis(50)).is_err(), "it ended by itself");
        interrupt.interrupt();
        let outcome = outcome.recv_timeout(PATIENCE).expect("it runs on");
        assert_eq!(stop_of(&outcome).0, Stop::Interrupted);
        running.join().unwrap();
    }
}

#[test]
fn an_interrupted_guest_does_not_start() {
    let interrupt = Interrupt::new();
    interrupt.interrupt();
    let outcome = run_with(&guest("hello"), "", &limits(), &interrupt);
    assert_eq!(stop_of(&outcome).0, Stop::Interrupted);
    assert_eq!(outcome.usage, wasmill_job::Usage::default());
}

#[test]
fn neighbours_do_not_notice() {
    let spin = guest("spin");
    let hello = guest("hello");
    let interrupt = Interrupt::new();
    thread::scope(|threads| {
        let hung: Vec<_> =
            (0..2).map(|_| threads.spawn(|| run_with(&spin, "", &endless(), &interrupt))).collect();
        let doomed = threads.spawn(|| {
            let memory = Limits { memory_bytes: 8 << 20, ..limits() };
            for _ in 0..50 {
                assert_eq!(stop_of(&run(&guest("trap"), "", &limits())).0, Stop::Trap);
                assert_eq!(stop_of(&run(&guest("hungry"), r#"{"trap":true}"#, &memory)).0, Stop::Memory);
            }
        });
        for _ in 0..500 {
            assert_eq!(
                output_of(&run(&hello, r#"{"name":"Ada"}"#, &limits())),
                br#"{"greeting":"Hello, Ada!"}"#
            );
        }
        doomed.join().unwrap();
        assert!(hung.iter().all(|hung| !hung.is_finished()));
        interrupt.interrupt();
        for hung in hung {
            assert_eq!(stop_of(&hung.join().unwrap()).0, Stop::Interrupted);
        }
    });
}
