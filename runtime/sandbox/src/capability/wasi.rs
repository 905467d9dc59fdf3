//! WASI for the libraries of toolchains: what Python, JavaScript and C link against whether they use it or not. No files,
//! no arguments, no environment, no sockets; standard output and error are lines of the job's log, or a command
//! program's result; time stands still and randomness follows from the job's id unless the route grants them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use rand::SeedableRng;
use rand::rngs::StdRng;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWrite;
use wasmill_job::{JobId, Limits, LogLevel, UnixMs};
use wasmtime::Result;
use wasmtime::component::Linker;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi::{
    HostMonotonicClock, HostWallClock, I32Exit, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView,
};

use crate::check::exit;
use crate::guest::{Guest, milliseconds};
use crate::journal::Journal;

/// One guest's side of WASI.
pub(crate) struct Wasi {
    kind: Kind,
    ctx: WasiCtx,
    pub(crate) output: Console,
    pub(crate) errors: Console,
}

/// What a stream was given, up to its limit. Clones share it.
#[derive(Clone)]
pub(crate) struct Console(Arc<Mutex<Written>>);

#[derive(Default)]
struct Written {
    bytes: BytesMut,
    /// Where lines begin that were written at another time than those before: (offset, milliseconds).
    moments: Vec<(usize, u64)>,
    limit: usize,
    overflown: bool,
    started: Option<Instant>,
}

/// How a guest of WASI is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It exports a handler; what it prints goes to the log.
    Handler,
    /// It is a command program: the payload is its input, and what it prints is the result.
    Program,
}

/// What one call may draw: nobody needs a megabyte of randomness at once.
const RANDOM_BYTES_MAX: u64 = 1 << 20;
/// What one write may hand over: as much as WASI's own streams take.
const WRITE_BYTES_MAX: usize = 64 << 10;

/// Everything of WASI that is linked. All of it is inert but streams, polls, clocks and randomness.
pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    super::wasi_http::add_to_linker(linker)?;
    linker.instance(exit::INTERFACE)?.func_wrap(exit::FUNCTION, |_, (code,): (u32,)| -> Result<()> {
        Err(I32Exit(code.cast_signed()).into())
    })
}

impl Wasi {
    /// For an attempt at this job.
    pub(crate) fn new(kind: Kind, guest: &Guest, payload: &Bytes, limits: &Limits, started: Instant) -> Self {
        let printed = if kind == Kind::Program { limits.output_bytes } else { limits.log_bytes };
        let [output, errors] = [printed, limits.log_bytes].map(|limit| Console::new(limit, started));
        let mut builder = WasiCtxBuilder::new();
        builder
            .stdout(output.clone())
            .stderr(errors.clone())
            .max_random_size(RANDOM_BYTES_MAX)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        if kind == Kind::Program {
            builder.stdin(MemoryInputPipe::new(payload.clone()));
        }
        let grants = guest.permit.grants();
        if !grants.clock {
            builder.wall_clock(Still(guest.job.accepted_at)).monotonic_clock(Still(UnixMs(0)));
        }
        if !grants.random {
            let [secure, insecure, seed] =
                ["secure", "insecure", "seed"].map(|use_| seed_of(guest.job.id, use_));
            let mut start = [0; 16];
            start.copy_from_slice(&seed[..16]);
            builder
                .secure_random(StdRng::from_seed(secure))
                .insecure_random(StdRng::from_seed(insecure))
                .insecure_random_seed(u128::from_le_bytes(start));
        }
        Self { kind, ctx: builder.build(), output, errors }
    }

    /// Puts what was printed into the job's log.
    pub(crate) fn tell(&self, journal: &mut Journal) {
        if self.kind == Kind::Handler {
            self.output.lines(|line, at_ms| journal.write(LogLevel::Info, line, at_ms));
        }
        self.errors.lines(|line, at_ms| journal.write(LogLevel::Warn, line, at_ms));
    }
}

/// The same for each attempt at a job, and another for each job.
fn seed_of(job: JobId, purpose: &str) -> [u8; 32] {
    Sha256::new().chain_update(purpose).chain_update(job.to_bytes()).finalize().into()
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let Self { wasi, table, .. } = self;
        // Guests whose linker has WASI are given one; for others nothing calls this.
        let wasi = wasi.get_or_insert_with(|| Box::new(Wasi::nothing()));
        WasiCtxView { ctx: &mut wasi.ctx, table }
    }
}

impl Wasi {
    fn nothing() -> Self {
        let console = || Console::new(0, Instant::now());
        Self { kind: Kind::Handler, ctx: WasiCtxBuilder::new().build(), output: console(), errors: console() }
    }
}

/// A clock that stands.
struct Still(UnixMs);

impl HostWallClock for Still {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.0.0)
    }
}

impl HostMonotonicClock for Still {
    fn resolution(&self) -> u64 {
        1_000_000
    }

    fn now(&self) -> u64 {
        self.0.0
    }
}

impl Console {
    fn new(limit: u64, started: Instant) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Self(Arc::new(Mutex::new(Written { limit, started: Some(started), ..Written::default() })))
    }

    fn written<T>(&self, look: impl FnOnce(&mut Written) -> T) -> T {
        // Nothing panics while it is held; and if it did, what was written would still be right.
        look(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Everything, or `None` when there was more than the limit.
    pub(crate) fn take(&self) -> Option<Bytes> {
        self.written(|written| (!written.overflown).then(|| written.bytes.split().freeze()))
    }

    /// The last line with text in it, for a program that ended badly.
    pub(crate) fn last_line(&self) -> Option<String> {
        self.written(|written| {
            let text = String::from_utf8_lossy(&written.bytes);
            text.lines().rev().find(|line| !line.trim().is_empty()).map(str::to_owned)
        })
    }

    /// Hands the lines over, with the time at which each was written.
    pub(crate) fn lines(&self, mut line: impl FnMut(&str, u64)) {
        self.written(|written| {
            let mut moments = written.moments.iter().peekable();
            let (mut offset, mut at_ms) = (0, 0);
            for bytes in written.bytes.split_inclusive(|byte| *byte == b'\n') {
                while let Some((_, moment)) = moments.next_if(|(from, _)| *from <= offset) {
                    at_ms = *moment;
                }
                line(String::from_utf8_lossy(bytes).trim_end_matches(['\n', '\r']), at_ms);
                offset += bytes.len();
            }
            if written.overflown {
                line("more was written than the log has room for", at_ms);
            }
        });
    }

    fn push(&self, bytes: &[u8]) {
        self.written(|written| {
            let room = written.limit.saturating_sub(written.bytes.len());
            written.overflown |= bytes.len() > room;
            let kept = &bytes[..bytes.len().min(room)];
            let at_ms = written.started.map_or(0, |started| milliseconds(started.elapsed()));
            if !kept.is_empty() && written.moments.last().is_none_or(|(_, moment)| *moment != at_ms) {
                written.moments.push((written.bytes.len(), at_ms));
            }
            written.bytes.extend_from_slice(kept);
        });
    }
}

impl IsTerminal for Console {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Console {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only newer versions of WASI than those that are linked ask for this.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Console {
    async fn ready(&mut self) {}
}

impl OutputStream for Console {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}
