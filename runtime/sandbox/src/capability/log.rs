//! Lines for the job's log: every handler's, without a grant. Linked by hand, because a text is looked at in the guest's
//! memory and copied only if there is room for it.

use wasmill_job::{Import, LogLevel};
use wasmtime::component::{Linker, WasmStr};
use wasmtime::{Result, StoreContextMut};

use crate::guest::Guest;
use crate::world::log;

/// The interface's name in the contract.
const NAME: &str = "wasmill:job/log@1.0.0";

pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> Result<()> {
    linker.instance(NAME)?.func_wrap("write", write)
}

fn write(mut store: StoreContextMut<'_, Guest>, (level, message): (log::Level, WasmStr)) -> Result<()> {
    let guest = store.data_mut();
    guest.meter.call(Import::Log, 0)?;
    let at_ms = guest.elapsed_ms();
    // Out of the store while the text is borrowed from the guest's memory in it.
    let mut journal = std::mem::take(&mut guest.journal);
    let written = if journal.has_room() {
        message.to_str(&store).map(|text| {
            journal.write(level.into(), &text, at_ms);
            text.len()
        })
    } else {
        journal.drop_line();
        Ok(0)
    };
    let guest = store.data_mut();
    guest.journal = journal;
    guest.meter.add_bytes(Import::Log, written?);
    Ok(())
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
