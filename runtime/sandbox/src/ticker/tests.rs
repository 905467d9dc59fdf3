//! The clock ticks while a guest runs, sleeps when none does, and wakes for the next.
#![allow(clippy::unwrap_used)]

use std::time::Instant;

use wasmtime::{Config, Store, UpdateDeadline};

use super::*;

fn until(what: &str, reached: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !reached() {
        assert!(Instant::now() < deadline, "waited a minute for {what}");
        thread::yield_now();
    }
}

/// Spins in Wasm until the epoch has moved on.
fn run_for_a_tick(engine: &Engine) {
    let spin = wat::parse_str("(module (func (export \"spin\") (loop (br 0))))").unwrap();
    let module = wasmtime::Module::from_binary(engine, &spin).unwrap();
    let mut store = Store::new(engine, ());
    store.epoch_deadline_callback(|_| -> wasmtime::Result<UpdateDeadline> {
        Err(wasmtime::Error::msg("a tick"))
    });
    store.set_epoch_deadline(1);
    let instance = wasmtime::Instance::new(&mut store, &module, &[]).unwrap();
    let spin = instance.get_typed_func::<(), ()>(&mut store, "spin").unwrap();
    assert!(format!("{:#}", spin.call(&mut store, ()).unwrap_err()).contains("a tick"));
}

#[test]
fn it_sleeps_when_idle_and_wakes_for_a_guest() {
    let mut config = Config::new();
    config.epoch_interruption(true);
    let engine = Engine::new(&config).unwrap();
    let ticker = Ticker::start(engine.clone()).unwrap();
    for _ in 0..2 {
        until("the clock to sleep", || ticker.shared.asleep.load(Ordering::SeqCst));
        let ticking = ticker.ticking();
        run_for_a_tick(&engine);
        assert!(!ticker.shared.asleep.load(Ordering::SeqCst));
        drop(ticking);
    }
}

#[test]
fn it_ends_whether_it_ticks_or_sleeps() {
    let engine = Engine::default();
    drop(Ticker::start(engine.clone()).unwrap());
    let ticker = Ticker::start(engine.clone()).unwrap();
    until("the clock to sleep", || ticker.shared.asleep.load(Ordering::SeqCst));
    drop(ticker);
    let ticker = Ticker::start(engine).unwrap();
    let ticking = ticker.ticking();
    drop(ticking);
    drop(ticker);
}
