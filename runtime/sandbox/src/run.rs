//! One attempt: a fresh instance, one call, and what came of it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::time::{ClockId, clock_gettime};
use wasmill_job::{Attempt, End, Job, Limits, Outcome, Stop, Usage};
use wasmtime::{CallHook, Error, Store};
use wasmtime_wasi::I32Exit;

use crate::capability::Permit;
use crate::capability::wasi::Wasi;
use crate::guest::{Guest, HANDLES_MAX};
use crate::handler::{Handler, Way};
use crate::interrupt::Interrupt;
use crate::sandbox::Inner;
use crate::stop::{self, Stage};
use crate::text;
use crate::world::Failure;

/// A job, which of its attempts this is, and what it may reach.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub job: &'a Job,
    /// The first is 1.
    pub attempt: Attempt,
    /// Attempts in all, the first included.
    pub max_attempts: u32,
    /// What its type may reach.
    pub permit: &'a Permit,
}

/// What a guest may hand over in one call to the host, in bytes, if its output limit is not larger: a log line, of
/// which the log keeps what it has room for, the message of a failure, or a child's payload.
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
        return Outcome::bare(stop::interrupted());
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
        return Outcome::bare(stop::stranger());
    }
    let limits = Limits { memory_bytes: limits.memory_bytes.min(sandbox.memory_bytes_max), ..*limits };
    let hand_over = limits.output_bytes.max(HAND_OVER_BYTES);
    let _ticking = sandbox.ticker.ticking();
    let cpu_began = cpu_time();

    let mut store =
        Store::new(&sandbox.engine, guest_of(sandbox, handler, call, &limits, interrupt, started));
    store.limiter(|guest| &mut guest.budget);
    store.set_hostcall_fuel(usize::try_from(hand_over).unwrap_or(usize::MAX));
    // More than the table has, so that the table is what says so.
    store.set_max_component_handles(2 * HANDLES_MAX);
    // Before the instance exists: its start function counts too.
    if sandbox.fuel
        && let Err(error) = store.set_fuel(limits.fuel)
    {
        return Outcome::bare(stop::host(&error));
    }
    store.epoch_deadline_callback(|store| store.data().tick());
    store.set_epoch_deadline(1);
    if handler.way().wasi().is_some() {
        // WASI's own functions do not count themselves.
        store.call_hook(|mut store, transition| match transition {
            CallHook::CallingHost => Ok(store.data_mut().meter.enter_host()?),
            _ => Ok(()),
        });
    }

    let ended = invoke(sandbox, handler, &mut store, &call.job.payload);
    let fuel = limits.fuel.saturating_sub(store.get_fuel().unwrap_or(limits.fuel));
    // The instance and its memory go first; what it left behind is ours.
    let guest = store.into_data();
    let end = match ended {
        Ok(answer) => end_of(answer, &guest, limits.output_bytes),
        Err((stage, error)) => {
            stop::end_of(stage.with_fuel_used(fuel), &error, &guest.budget, &limits, hand_over)
        }
    };
    let usage = Usage {
        fuel,
        wall_us: microseconds(started.elapsed()),
        memory_peak_bytes: guest.budget.peak(),
        cpu_us: microseconds(cpu_time().saturating_sub(cpu_began)),
        imports: guest.imports(),
    };
    close(guest, end, usage)
}

/// What the store knows of the guest, with its side of WASI if the module has one.
fn guest_of(
    sandbox: &Inner,
    handler: &Handler,
    call: &Call<'_>,
    limits: &Limits,
    interrupt: &Interrupt,
    started: Instant,
) -> Guest {
    let mut guest = Guest::new(call, limits, interrupt, sandbox.io.clone(), started);
    if let Some(kind) = handler.way().wasi() {
        guest.wasi = Some(Box::new(Wasi::new(kind, &guest, &call.job.payload, limits, started)));
    }
    guest
}

/// The call itself, in the way the module has to be called.
fn invoke(
    sandbox: &Inner,
    handler: &Handler,
    store: &mut Store<Guest>,
    payload: &[u8],
) -> Result<Answer, (Stage, Error)> {
    let start = |error| (Stage::Start, error);
    let call = |error| (Stage::Call, error);
    match handler.way() {
        Way::Plain(pre) => {
            let instance = pre.instantiate(&mut *store).map_err(start)?;
            let answer = instance.wasmill_job_handler().call_handle(store, payload).map_err(call)?;
            Ok(Answer::Handled(answer))
        }
        Way::Waiting(pre) => sandbox.io.wait(store.data().watch(), async move {
            let instance = pre.instantiate_async(&mut *store).await.map_err(start)?;
            let answer = instance.wasmill_job_handler().call_handle(store, payload).await.map_err(call)?;
            Ok(Answer::Handled(answer))
        }),
        Way::Program(pre) => sandbox.io.wait(store.data().watch(), async move {
            let instance = pre.instantiate_async(&mut *store).await.map_err(start)?;
            match instance.wasi_cli_run().call_run(store).await {
                Ok(ended) => Ok(Answer::Exited(u8::from(ended.is_err()))),
                Err(error) => match error.downcast_ref::<I32Exit>() {
                    // A program may exit with any number, of which a shell shows the last byte. One that is not zero in
                    // all but that byte has not succeeded.
                    Some(exit) if exit.0 == 0 => Ok(Answer::Exited(0)),
                    Some(exit) => Ok(Answer::Exited(exit.0.to_le_bytes()[0].max(1))),
                    None => Err(call(error)),
                },
            }
        }),
    }
}

/// What a guest said at its end.
enum Answer {
    Handled(Result<Vec<u8>, Failure>),
    Exited(u8),
}

/// The outcome, with everything that is kept of the guest.
fn close(mut guest: Guest, end: End, usage: Usage) -> Outcome {
    let at_ms = guest.elapsed_ms();
    if let Some(wasi) = guest.wasi.take() {
        wasi.tell(&mut guest.journal);
    }
    let end = end.map_message(|message| guest.journal.masked(message));
    let children = if matches!(end, End::Done { .. }) { guest.emitted.into_children() } else { Vec::new() };
    Outcome { end, children, logs: guest.journal.close(at_ms), usage }
}

/// What the guest answered.
fn end_of(answer: Answer, guest: &Guest, output_bytes: u64) -> End {
    match answer {
        Answer::Handled(answer) => handled(answer, output_bytes),
        Answer::Exited(code) => exited(code, guest, output_bytes),
    }
}

/// How a handler ended.
fn handled(answer: Result<Vec<u8>, Failure>, output_bytes: u64) -> End {
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

/// How a command program ended.
fn exited(code: u8, guest: &Guest, output_bytes: u64) -> End {
    let wasi = guest.wasi.as_ref();
    if code == 0 {
        return match wasi.and_then(|wasi| wasi.output.take()) {
            Some(output) => End::Done { output },
            None => stop::output(None, output_bytes),
        };
    }
    let message = wasi.and_then(|wasi| wasi.errors.last_line());
    let message = message.unwrap_or_else(|| "it wrote nothing to its standard error".to_owned());
    End::Exited { code, message: text::escaped(&message, MESSAGE_BYTES) }
}

/// A panic of the host ends the job and not the process.
fn guarded(attempt: impl FnOnce() -> Outcome) -> Outcome {
    // Nothing survives the attempt but the engine, which keeps its own order: the store and what is in it unwind.
    catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|panic| {
        let message = text_of(panic.as_ref());
        tracing::error!(panic = message, "the host panicked while a handler ran");
        Outcome::bare(End::Stopped { stop: Stop::Host, message: format!("the host failed: {message}") })
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

/// Time this thread has spent on a processor.
fn cpu_time() -> Duration {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    // Neither part is ever negative: it is a time since the thread began.
    Duration::new(u64::try_from(spent.tv_sec).unwrap_or(0), u32::try_from(spent.tv_nsec).unwrap_or(0))
}

fn microseconds(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
