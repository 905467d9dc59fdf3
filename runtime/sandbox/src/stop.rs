//! Why the host ended a handler: from the engine's errors to a stable reason and a sentence for people.

use wasmill_job::{End, Limits, Stop};
use wasmtime::component::ResourceTableError;
use wasmtime::{Error, PoolConcurrencyLimitError, Trap};

use crate::budget::{Budget, Refusal};
use crate::engine::STACK_BYTES;
use crate::guest::{HANDLES_MAX, Halt};
use crate::text;

/// How far a guest had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Its instance was being made, and none of its own code had run.
    Start,
    /// Its instance was being made, and code of its own that belongs to that had run.
    Begun,
    /// Its handler had been called.
    Call,
}

impl Stage {
    /// The stage, when the guest has used so much fuel. Without fuel, whatever fails before the call is the host's fault.
    pub(crate) fn with_fuel_used(self, fuel: u64) -> Self {
        if self == Self::Start && fuel > 0 { Self::Begun } else { self }
    }
}

/// How much of an engine's error is kept, in bytes. It may quote names out of the module.
const ERROR_BYTES: usize = 1 << 10;

/// The only trace of the limit on what a guest hands over: its error has no public type. A test holds the text.
const HANDED_OVER_TOO_MUCH: &str = "fuel allocated for hostcalls has been exhausted";

/// Why a guest was stopped that ended with `error`.
pub(crate) fn end_of(stage: Stage, error: &Error, budget: &Budget, limits: &Limits, hand_over: u64) -> End {
    if let Some(halt) = error.downcast_ref::<Halt>() {
        return match halt {
            Halt::Timeout => {
                stopped(Stop::Timeout, format!("stopped after its time limit of {:?}", limits.timeout))
            }
            Halt::Interrupted => interrupted(),
            Halt::Calls => {
                let message = format!("called the host more often than {} times", limits.host_calls);
                stopped(Stop::Calls, message)
            }
            Halt::Memory => {
                memory(budget.refusal().unwrap_or(Refusal { wanted: 0, limit: limits.memory_bytes }))
            }
            Halt::Denied(import) => {
                let message =
                    format!("called `{import}`, which its route does not grant (grants.{import} = true)");
                stopped(Stop::Trap, message)
            }
        };
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref::<ResourceTableError>() {
        let message = format!(
            "holds more than {HANDLES_MAX} requests, responses and the like at once; drop what is done"
        );
        return stopped(Stop::Calls, message);
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return stopped(
            Stop::Host,
            "more handlers run at once than the sandbox has instances; give it as many instances as there are slots",
        );
    }
    match (error.downcast_ref::<Trap>(), budget.refusal(), stage) {
        (Some(Trap::OutOfFuel), ..) => {
            stopped(Stop::Fuel, format!("used up its fuel of {} (about one per instruction)", limits.fuel))
        }
        (Some(_), Some(refusal), _) | (None, Some(refusal), Stage::Start | Stage::Begun) => memory(refusal),
        (Some(trap), None, _) => stopped(Stop::Trap, reason_of(*trap)),
        (None, _, Stage::Start) => host(error),
        (None, _, Stage::Begun | Stage::Call) if format!("{error:#}").contains(HANDED_OVER_TOO_MUCH) => {
            output(None, hand_over)
        }
        (None, _, Stage::Begun | Stage::Call) => {
            stopped(Stop::Trap, format!("the handler broke the calling convention: {}", text_of(error)))
        }
    }
}

/// The claim was lost or the worker stops.
pub(crate) fn interrupted() -> End {
    stopped(Stop::Interrupted, "interrupted by the worker; the attempt does not count")
}

/// The handler belongs to another engine, whose types mean something else here.
pub(crate) fn stranger() -> End {
    stopped(Stop::Host, "the handler was loaded by another sandbox than the one that runs it")
}

/// The host could not do its part.
pub(crate) fn host(error: &Error) -> End {
    stopped(Stop::Host, format!("the handler could not be started: {}", text_of(error)))
}

/// An output that is larger than allowed, by how much if it was measured.
pub(crate) fn output(bytes: Option<u64>, limit: u64) -> End {
    stopped(
        Stop::Output,
        match bytes {
            Some(bytes) => format!("the output has {bytes} bytes; the limit is {limit}"),
            None => format!("the output, or a line for the log, has more than {limit} bytes"),
        },
    )
}

fn memory(Refusal { wanted, limit }: Refusal) -> End {
    stopped(
        Stop::Memory,
        format!(
            "gave up after it was refused memory: it wanted {wanted} bytes in all, and {limit} are allowed"
        ),
    )
}

fn reason_of(trap: Trap) -> String {
    match trap {
        Trap::UnreachableCodeReached => "the handler panicked or aborted; its log may say why".into(),
        Trap::StackOverflow => format!(
            "the handler used up its call stack of {} KiB; is there a recursion without an end?",
            STACK_BYTES >> 10
        ),
        Trap::MemoryOutOfBounds => "the handler read or wrote outside its memory".into(),
        Trap::IntegerDivisionByZero => "the handler divided by zero".into(),
        other => format!("the handler trapped: {}", other.to_string().trim_start_matches("wasm trap: ")),
    }
}

fn text_of(error: &Error) -> String {
    text::escaped(&format!("{error:#}"), ERROR_BYTES)
}

fn stopped(stop: Stop, message: impl Into<String>) -> End {
    End::Stopped { stop, message: message.into() }
}
