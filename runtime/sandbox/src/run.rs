//! One attempt: a fresh instance, one call, and what came of it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use bytes::Bytes;
use wasmill_job::{Attempt, End, Job, Limits, Outcome, Stop, Usage};
use wasmtime::Store;

use crate::guest::Guest;
use crate::handler::Handler;
use crate::interrupt::Interrupt;
use crate::sandbox::Inner;
use crate::stop::{self, Stage};
use crate::text;
use crate::world::Failure;

/// A job, and which of its attempts this is.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub job: &'a Job,
    /// The first is 1.
    pub attempt: Attempt,
    /// Attempts in all, the first included.
    pub max_attempts: u32,
}

/// What a guest may hand over in one call to the host, in bytes, if its output limit is not larger: a log line, of
/// which the log keeps what it has room for, or the message of a failure.
const HAND_OVER_BYTES: u64 = 1 << 20;

/// How much of a failure's message is kept, in bytes.
const MESSAGE_BYTES: usize = 4 << 10;

/// Runs one attempt. Never panics: a fault of the host is an outcome too.
pub(crate) fn run(
    sandbox: &Inner,
    handler: &Handler,
    call: &Call<'_>,
    limits: &Limits,
    interrupt: &Interrupt,
) -> Outcome {
    let started = Instant::now();
    if interrupt.is_interrupted() {
        return outcome_of(stop::interrupted());
    }
    guarded(|| attempt(sandbox, handler, call, limits, interrupt, started))
}

fn attempt(
    sandbox: &Inner,
    handler: &Handler,
    call: &Call<'_>,
    limits: &Limits,
    interrupt: &Interrupt,
    started: Instant,
) -> Outcome {
    if !handler.is_of(&sandbox.engine) {
        return outcome_of(stop::stranger());
    }
    let limits = Limits { memory_bytes: limits.memory_bytes.min(sandbox.memory_bytes_max), ..*limits };
    let hand_over = limits.output_bytes.max(HAND_OVER_BYTES);
    let _ticking = sandbox.ticker.ticking();

    let mut store = Store::new(&sandbox.engine, Guest::new(call, &limits, interrupt, started));
    store.limiter(|guest| &mut guest.budget);
    store.set_hostcall_fuel(usize::try_from(hand_over).unwrap_or(usize::MAX));
    store.set_max_component_handles(0); // the world has no resources
    // Before the instance exists: its start function counts too.
    if sandbox.fuel
        && let Err(error) = store.set_fuel(limits.fuel)
    {
        return outcome_of(stop::host(&error));
    }
    store.epoch_deadline_callback(|store| store.data().tick());
    store.set_epoch_deadline(1);

    let ended = match handler.pre().instantiate(&mut store) {
        Err(error) => Err((Stage::Start, error)),
        Ok(instance) => {
            instance.call_handle(&mut store, &call.job.payload).map_err(|error| (Stage::Call, error))
        }
    };
    let fuel_left = store.get_fuel().unwrap_or(limits.fuel);
    // The instance is gone with the store, whatever it did.
    let guest = store.into_data();
    let end = match ended {
        Ok(answer) => end_of(answer, limits.output_bytes),
        Err((stage, error)) => stop::end_of(stage, &error, &guest.budget, &limits, hand_over),
    };
    let usage = Usage {
        fuel: limits.fuel.saturating_sub(fuel_left),
        wall_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        memory_peak_bytes: guest.budget.peak(),
    };
    let at_ms = guest.elapsed_ms();
    Outcome { end, logs: guest.journal.close(at_ms), usage }
}

/// What the guest answered.
fn end_of(answer: Result<Vec<u8>, Failure>, output_bytes: u64) -> End {
    match answer {
        Ok(output) if output.len() as u64 > output_bytes => {
            stop::output(Some(output.len() as u64), output_bytes)
        }
        Ok(output) => End::Done { output: Bytes::from(output) },
        Err(Failure::Retry(retry)) => End::Retry {
            message: text::escaped(&retry.message, MESSAGE_BYTES),
            after: retry.after_ms.map(Duration::from_millis),
        },
        Err(Failure::Reject(message)) => End::Rejected { message: text::escaped(&message, MESSAGE_BYTES) },
    }
}

/// A panic of the host ends the job and not the process.
fn guarded(attempt: impl FnOnce() -> Outcome) -> Outcome {
    // Nothing survives the attempt but the engine, which keeps its own order: the store and what is in it unwind.
    catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|panic| {
        let message = text_of(panic.as_ref());
        tracing::error!(panic = message, "the host panicked while a handler ran");
        outcome_of(End::Stopped { stop: Stop::Host, message: format!("the host failed: {message}") })
    })
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "a panic without a message"
    }
}

fn outcome_of(end: End) -> Outcome {
    Outcome { end, logs: Vec::new(), usage: Usage::default() }
}

#[cfg(test)]
mod tests;
