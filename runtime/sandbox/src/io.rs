//! Where guests wait: a small runtime for their HTTP calls and WASI's streams and timers. Started when the first needs it.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use tokio::runtime::{Builder, Handle, Runtime};
use wasmill_egress::Egress;
use wasmtime::Error;

use crate::guest::{Halt, Watch};
use crate::stop::Stage;
use crate::ticker::TICK;

/// The runtime, and the gate for calls. Its one thread moves bytes; guests run on the threads of their callers. Cheap to
/// clone.
#[derive(Clone)]
pub(crate) struct Io(Arc<Inside>);

struct Inside {
    runtime: OnceLock<Option<Runtime>>,
    egress: Option<Egress>,
}

impl Io {
    pub(crate) fn new(egress: Option<Egress>) -> Self {
        Self(Arc::new(Inside { runtime: OnceLock::new(), egress }))
    }

    /// The way out, where there is one.
    pub(crate) fn egress(&self) -> Option<&Egress> {
        self.0.egress.as_ref()
    }

    /// The runtime, for tasks of its own.
    pub(crate) fn handle(&self) -> Option<&Handle> {
        let start = || {
            let built =
                Builder::new_multi_thread().worker_threads(1).thread_name("sandbox-io").enable_all().build();
            built.inspect_err(|error| tracing::error!("handlers cannot wait for anything: {error}")).ok()
        };
        self.0.runtime.get_or_init(start).as_ref().map(Runtime::handle)
    }

    /// Runs a guest that may wait, on this thread, until it ends or must end. Must not be called inside a runtime.
    pub(crate) fn wait<T>(
        &self,
        watch: Watch,
        guest: impl Future<Output = Result<T, (Stage, Error)>>,
    ) -> Result<T, (Stage, Error)> {
        let Some(handle) = self.handle() else {
            return Err((Stage::Start, Error::msg("the system gives no thread to wait on")));
        };
        handle.block_on(async {
            tokio::select! {
                biased;
                ended = guest => ended,
                halt = must_end(watch) => Err((Stage::Call, halt.into())),
            }
        })
    }
}

/// Looks at the clock while the guest waits. While it runs, its own code does.
async fn must_end(watch: Watch) -> Halt {
    loop {
        if let Err(halt) = watch.look() {
            return halt;
        }
        tokio::time::sleep(TICK).await;
    }
}
