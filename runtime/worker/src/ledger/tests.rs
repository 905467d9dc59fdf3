//! Claims held, renewed, lost and expired.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use wasmill_job::{Generation, IdSource, Partition, UnixMs};
use wasmill_queue::{Token, WorkerId};

use super::*;

fn claim(claim: u64) -> ClaimRef {
    let id = IdSource::default().next(UnixMs(1), claim, Generation(0), Partition(0));
    ClaimRef { id, token: Token { worker: WorkerId(1), claim } }
}

fn hold(ledger: &Ledger, number: u64, until: Instant) -> Interrupt {
    let interrupt = Interrupt::new();
    ledger.hold([(claim(number), interrupt.clone())], until);
    interrupt
}

#[test]
fn a_lost_claim_interrupts_its_job_and_no_other() {
    let (ledger, now) = (Ledger::default(), Instant::now());
    let (lost, kept) = (hold(&ledger, 1, now), hold(&ledger, 2, now));
    ledger.renewed(&[claim(1), claim(2)], &[claim(1), claim(99)], now);
    assert!(lost.is_interrupted());
    assert!(!kept.is_interrupted());
}

#[test]
fn a_lease_that_nobody_renewed_interrupts_when_it_has_surely_run_out() {
    let (ledger, now) = (Ledger::default(), Instant::now());
    let lease = Duration::from_secs(30);
    let (first, second) = (hold(&ledger, 1, now + lease), hold(&ledger, 2, now + lease * 2));
    assert_eq!(ledger.expire(now), Some(now + lease), "the next one to run out");
    assert!(!first.is_interrupted());
    assert_eq!(ledger.expire(now + lease), Some(now + lease * 2));
    assert!(first.is_interrupted());
    assert!(!second.is_interrupted());
}

#[test]
fn a_renewed_lease_lasts_longer() {
    let (ledger, now) = (Ledger::default(), Instant::now());
    let lease = Duration::from_secs(30);
    let interrupt = hold(&ledger, 1, now + lease);
    ledger.renewed(&[claim(1)], &[], now + lease * 2);
    ledger.expire(now + lease);
    assert!(!interrupt.is_interrupted());
}

#[test]
fn what_is_settled_is_neither_renewed_nor_interrupted() {
    let (ledger, now) = (Ledger::default(), Instant::now());
    let interrupt = hold(&ledger, 1, now);
    ledger.settled([claim(1)]);
    assert_eq!(ledger.claims(), []);
    assert_eq!(ledger.expire(now), None);
    assert!(!interrupt.is_interrupted());
}

#[test]
fn a_drain_interrupts_every_job() {
    let (ledger, now) = (Ledger::default(), Instant::now());
    let held = [hold(&ledger, 1, now), hold(&ledger, 2, now)];
    ledger.interrupt_all();
    assert!(held.iter().all(Interrupt::is_interrupted));
}

#[tokio::test]
async fn too_many_unanswered_settlements_hold_up_the_next_take() {
    let (ledger, now) = (std::sync::Arc::new(Ledger::default()), Instant::now());
    ledger.hold((0..HELD_MAX as u64).map(|number| (claim(number), Interrupt::new())), now);
    let waiting = tokio::spawn({
        let ledger = std::sync::Arc::clone(&ledger);
        async move { ledger.eased().await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    ledger.settled([claim(0)]);
    waiting.await.unwrap();
}
