//! The clock of running guests: one thread that moves the engine's epoch on every 10 ms while a guest runs, and
//! sleeps for good when none does, so that an idle worker costs nothing.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use wasmtime::Engine;

/// Owns the thread; it ends when this is dropped.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    clock: Option<JoinHandle<()>>,
}

/// While it lives, the clock ticks.
pub(crate) struct Ticking<'a>(&'a Shared);

#[derive(Default)]
struct Shared {
    /// Guests that run.
    running: AtomicUsize,
    /// The thread sleeps until somebody wakes it.
    asleep: AtomicBool,
    ended: AtomicBool,
}

/// Time between two ticks: how late a guest may be stopped. The same as Spin's.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Ticks without a guest before the thread sleeps, so that a stream of short jobs does not wake it for each.
const IDLE_TICKS: u32 = 100;

impl Ticker {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub(crate) fn start(engine: Engine) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        let clock =
            thread::Builder::new().name("sandbox-ticker".into()).spawn(move || of_thread.tick(&engine))?;
        Ok(Self { shared, clock: Some(clock) })
    }

    /// Says that a guest runs from now until the answer is dropped. Two atomic operations when the clock is awake.
    pub(crate) fn ticking(&self) -> Ticking<'_> {
        // Sequentially consistent, as is the thread's side: either it sees this guest before it sleeps, or this
        // sees that it sleeps.
        self.shared.running.fetch_add(1, Ordering::SeqCst);
        if self.shared.asleep.load(Ordering::SeqCst) {
            self.wake();
        }
        Ticking(&self.shared)
    }

    fn wake(&self) {
        if let Some(thread) = self.clock.as_ref().map(JoinHandle::thread) {
            Thread::unpark(thread);
        }
    }
}

impl Shared {
    fn tick(&self, engine: &Engine) {
        let mut idle = 0;
        while !self.ended.load(Ordering::SeqCst) {
            thread::park_timeout(TICK);
            engine.increment_epoch();
            idle = if self.is_idle() { idle + 1 } else { 0 };
            if idle >= IDLE_TICKS {
                self.sleep();
                idle = 0;
            }
        }
    }

    fn sleep(&self) {
        self.asleep.store(true, Ordering::SeqCst);
        while self.is_idle() && !self.ended.load(Ordering::SeqCst) {
            thread::park();
        }
        self.asleep.store(false, Ordering::SeqCst);
    }

    fn is_idle(&self) -> bool {
        self.running.load(Ordering::SeqCst) == 0
    }
}

impl Drop for Ticking<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.wake();
        if let Some(clock) = self.clock.take() {
            // It cannot panic: it only counts and sleeps.
            let _ = clock.join();
        }
    }
}

#[cfg(test)]
mod tests;
