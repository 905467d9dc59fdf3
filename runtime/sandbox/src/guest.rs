//! What the host knows of one running guest: the job it asks about, its budget, its log, and when it must end.

use std::fmt;
use std::time::{Duration, Instant};

use wasmill_egress::Allowance;
use wasmill_job::{Import, Imports, JobId, JobType, Limits, UnixMs};
use wasmtime::UpdateDeadline;
use wasmtime::component::ResourceTable;

use crate::budget::Budget;
use crate::capability::wasi::Wasi;
use crate::capability::{Emitted, Outbound, Permit, WasiHttp};
use crate::interrupt::Interrupt;
use crate::io::Io;
use crate::journal::Journal;
use crate::meter::Meter;
use crate::run::Call;

/// One attempt while it runs; the data of its store.
pub(crate) struct Guest {
    pub(crate) job: Facts,
    pub(crate) budget: Budget,
    pub(crate) journal: Journal,
    pub(crate) meter: Meter,
    pub(crate) permit: Permit,
    /// What the guest has handles of.
    pub(crate) table: ResourceTable,
    pub(crate) emitted: Emitted,
    pub(crate) children_max: u32,
    /// What it may still send and receive by HTTP.
    pub(crate) http: Outbound,
    /// Where its calls are made.
    pub(crate) io: Io,
    /// For guests of WASI.
    pub(crate) wasi: Option<Box<Wasi>>,
    pub(crate) wasi_http: Option<Box<WasiHttp>>,
    started: Instant,
    timeout: Duration,
    interrupt: Interrupt,
}

/// Handles that a guest may hold at once: requests, responses, secrets, children, streams.
pub(crate) const HANDLES_MAX: usize = 1_000;

/// What a guest may ask about its job.
pub(crate) struct Facts {
    pub(crate) id: JobId,
    pub(crate) job_type: JobType,
    pub(crate) attempt: u32,
    pub(crate) max_attempts: u32,
    pub(crate) accepted_at: UnixMs,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) traceparent: Option<String>,
}

/// Why the host ended a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    Timeout,
    Interrupted,
    /// One call to the host too many.
    Calls,
    /// The host would have to keep more for it than it may have memory.
    Memory,
    /// It called what its route does not grant, though it was told so before.
    Denied(&'static str),
}

impl Guest {
    pub(crate) fn new(
        call: &Call<'_>,
        limits: &Limits,
        interrupt: &Interrupt,
        io: Io,
        started: Instant,
    ) -> Self {
        let job = call.job;
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES_MAX);
        Self {
            job: Facts {
                id: job.id,
                job_type: job.job_type.clone(),
                attempt: call.attempt.0,
                max_attempts: call.max_attempts,
                accepted_at: job.accepted_at,
                idempotency_key: job.idempotency_key.clone(),
                traceparent: job.traceparent.clone(),
            },
            budget: Budget::new(limits.memory_bytes),
            journal: Journal::new(limits.log_bytes),
            meter: Meter::new(limits.host_calls),
            permit: call.permit.clone(),
            table,
            emitted: Emitted::default(),
            children_max: limits.children,
            http: Outbound::new(Allowance::new(limits.http_calls, limits.http_bytes)),
            io,
            wasi: None,
            wasi_http: None,
            started,
            timeout: limits.timeout,
            interrupt: interrupt.clone(),
        }
    }

    /// Time since the attempt began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The same in whole milliseconds.
    pub(crate) fn elapsed_ms(&self) -> u64 {
        milliseconds(self.elapsed())
    }

    /// Time until the clock ends it.
    pub(crate) fn left(&self) -> Duration {
        self.timeout.saturating_sub(self.elapsed())
    }

    /// The same in whole milliseconds.
    pub(crate) fn left_ms(&self) -> u64 {
        milliseconds(self.left())
    }

    /// What it has called, by import.
    pub(crate) fn imports(&self) -> Imports {
        let mut imports = self.meter.imports();
        let beside = self.http.usage();
        let http = imports.get_mut(Import::Http);
        http.calls += beside.calls;
        http.bytes += beside.bytes;
        http.wall_us += beside.wall_us;
        imports
    }

    /// The deadline and the interrupt, for whoever watches them while the store is lent out.
    pub(crate) fn watch(&self) -> Watch {
        Watch { started: self.started, timeout: self.timeout, interrupt: self.interrupt.clone() }
    }

    /// What the clock says to it at each tick.
    pub(crate) fn tick(&self) -> wasmtime::Result<UpdateDeadline> {
        self.watch().look()?;
        Ok(UpdateDeadline::Continue(1))
    }

    /// The host keeps so many bytes for the guest from now on. They count as its memory.
    ///
    /// # Errors
    /// When it may not have as many: the guest is to be stopped.
    pub(crate) fn hold(&mut self, bytes: usize) -> Result<(), Halt> {
        if self.budget.hold(bytes as u64) { Ok(()) } else { Err(Halt::Memory) }
    }
}

/// When a guest must end.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    started: Instant,
    timeout: Duration,
    interrupt: Interrupt,
}

impl Watch {
    /// Time until the clock ends it.
    pub(crate) fn left(&self) -> Duration {
        self.timeout.saturating_sub(self.started.elapsed())
    }

    /// # Errors
    /// When it must end now.
    pub(crate) fn look(&self) -> Result<(), Halt> {
        if self.interrupt.is_interrupted() {
            return Err(Halt::Interrupted);
        }
        if self.started.elapsed() >= self.timeout { Err(Halt::Timeout) } else { Ok(()) }
    }
}

pub(crate) fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "past its wall-clock limit",
            Self::Interrupted => "interrupted",
            Self::Calls => "called the host too often",
            Self::Memory => "kept too much with the host",
            Self::Denied(_) => "called what is not granted",
        })
    }
}

impl std::error::Error for Halt {}
