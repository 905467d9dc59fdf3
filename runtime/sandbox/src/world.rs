//! The world `wasmill:job/job-handler` from the host's side: the generated types of `sdk/wit/job.wit`, and the linkers.
//! What the host answers stands in [`crate::capability`].

use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Engine, Result};

use crate::capability;
use crate::guest::Guest;

pub(crate) use bindings::JobHandlerPre as PlainPre;
pub(crate) use bindings::wasmill::job::failures::Failure;
pub(crate) use bindings::wasmill::job::{clock, config, context, emit, http, log, random, secrets};
pub(crate) use waiting::JobHandlerPre as WaitingPre;
pub(crate) use wasmtime_wasi::p2::bindings::CommandPre as ProgramPre;

/// The contract, as it stands in `sdk/wit`.
pub(crate) const WIT: &str = include_str!("../../../sdk/wit/job.wit");

/// The world's name in it.
pub(crate) const WORLD: &str = "job-handler";

/// What every handler exports.
pub(crate) const HANDLER: &str = "wasmill:job/handler@1.0.0";

/// What a command program exports, up to its version: every release of 0.2 is the same to us.
pub(crate) const PROGRAM: &str = "wasi:cli/run@0.2.";

mod bindings {
    #![allow(unreachable_pub, reason = "generated")]
    wasmtime::component::bindgen!({
        path: "../../sdk/wit",
        world: "job-handler",
        imports: { default: trappable },
        with: {
            "wasmill:job/secrets.secret": crate::capability::secrets::Secret,
            "wasmill:job/http.request": crate::capability::http::Request,
            "wasmill:job/http.response": crate::capability::http::Response,
            "wasmill:job/emit.child": crate::capability::emit::Draft,
        },
    });
}

/// The same exports, called in a way that can wait: for guests of WASI, whose calls may.
mod waiting {
    #![allow(unreachable_pub, reason = "generated")]
    wasmtime::component::bindgen!({
        path: "../../sdk/wit",
        world: "job-handler",
        imports: { default: trappable },
        exports: { default: async },
        with: {
            "wasmill:job/context": super::bindings::wasmill::job::context,
            "wasmill:job/log": super::bindings::wasmill::job::log,
            "wasmill:job/config": super::bindings::wasmill::job::config,
            "wasmill:job/secrets": super::bindings::wasmill::job::secrets,
            "wasmill:job/http": super::bindings::wasmill::job::http,
            "wasmill:job/emit": super::bindings::wasmill::job::emit,
            "wasmill:job/clock": super::bindings::wasmill::job::clock,
            "wasmill:job/random": super::bindings::wasmill::job::random,
            "wasmill:job/failures": super::bindings::wasmill::job::failures,
        },
    });
}

/// What guests can reach, by the way in which they are called.
pub(crate) struct Linkers {
    /// The contract alone. Nothing in it needs a stack of its own for the guest.
    pub(crate) plain: Linker<Guest>,
    /// The contract and WASI.
    pub(crate) waiting: Linker<Guest>,
}

impl Linkers {
    pub(crate) fn new(engine: &Engine) -> Result<Self> {
        let mut plain = Linker::new(engine);
        add_contract(&mut plain)?;
        let mut waiting = Linker::new(engine);
        add_contract(&mut waiting)?;
        capability::wasi::add_to_linker(&mut waiting)?;
        Ok(Self { plain, waiting })
    }
}

fn add_contract(linker: &mut Linker<Guest>) -> Result<()> {
    context::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    capability::add_log_to_linker(linker)?;
    config::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    secrets::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    http::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    emit::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    clock::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    random::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)
}
