//! The world `wasmill:job/handler` from the host's side: the generated types of `sdk/wit/job.wit`, and what the
//! host answers.

use wasmill_job::LogLevel;
use wasmtime::component::{HasSelf, Linker, WasmStr};
use wasmtime::{Engine, Result, StoreContextMut};

use crate::guest::Guest;

pub(crate) use bindings::HandlerPre as InstancePre;
pub(crate) use bindings::wasmill::job::failures::Failure;
use bindings::wasmill::job::{context, log};

/// The contract, as it stands in `sdk/wit`.
pub(crate) const WIT: &str = include_str!("../../../sdk/wit/job.wit");

/// The world's name in it.
pub(crate) const WORLD: &str = "handler";

/// What every handler exports.
pub(crate) const EXPORT: &str = "handle";

/// The interface that is linked by hand: its texts are looked at in the guest's memory and copied only if there is
/// room for them.
const LOG: &str = "wasmill:job/log@0.1.0";

mod bindings {
    #![allow(unreachable_pub, reason = "generated")]
    wasmtime::component::bindgen!({ path: "../../sdk/wit", world: "handler" });
}

/// Everything a handler can reach.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    context::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    linker.instance(LOG)?.func_wrap("write", write)?;
    Ok(linker)
}

fn write(mut store: StoreContextMut<'_, Guest>, (level, message): (log::Level, WasmStr)) -> Result<()> {
    let at_ms = store.data().elapsed_ms();
    // Out of the store while the text is borrowed from the guest's memory in it.
    let mut journal = std::mem::take(&mut store.data_mut().journal);
    let written = if journal.has_room() {
        message.to_str(&store).map(|text| journal.write(level.into(), &text, at_ms))
    } else {
        journal.drop_line();
        Ok(())
    };
    store.data_mut().journal = journal;
    written
}

impl context::Host for Guest {
    fn job_id(&mut self) -> String {
        self.job.id.to_string()
    }

    fn job_type(&mut self) -> String {
        self.job.job_type.to_string()
    }

    fn attempt(&mut self) -> u32 {
        self.job.attempt
    }

    fn max_attempts(&mut self) -> u32 {
        self.job.max_attempts
    }

    fn accepted_at_ms(&mut self) -> u64 {
        self.job.accepted_at.0
    }

    fn deadline_left_ms(&mut self) -> u64 {
        self.left_ms()
    }

    fn idempotency_key(&mut self) -> Option<String> {
        self.job.idempotency_key.clone()
    }

    fn traceparent(&mut self) -> Option<String> {
        self.job.traceparent.clone()
    }
}

impl From<log::Level> for LogLevel {
    fn from(level: log::Level) -> Self {
        match level {
            log::Level::Debug => Self::Debug,
            log::Level::Info => Self::Info,
            log::Level::Warn => Self::Warn,
            log::Level::Error => Self::Error,
        }
    }
}
