//! Checking and compiling in a process of its own: a module that chokes a decoder or the compiler takes nothing from jobs but
//! one core for a while. Denial of service while compiling is no fault that wasmtime guards against, and some decoders recurse
//! as deep as a module tells them, so the process has limits.

use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::check::{CheckError, CheckLimits, Component, check};
use crate::config::SandboxConfig;
use crate::engine;

/// Why a checked module cannot be compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    #[error("the module does not compile: {0}")]
    Refused(String),
    #[error(
        "compiling the module {0}: it has parts that are far too complex for a compiler; split its largest functions"
    )]
    Limit(String),
    #[error("the compiler's process {0}")]
    Process(String),
}

/// Address space of the process. A Python interpreter with its library takes about a quarter of it.
const ADDRESS_SPACE_BYTES: u64 = 8 << 30;
/// Processor time of the process. That interpreter takes about 10 s.
const CPU_SECONDS: u64 = 120;
/// Wall time: on a machine that has other things to do.
const WALL: Duration = Duration::from_secs(300);
/// How often its end is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// What a compiled module may have: code is about five times its module.
const CODE_BYTES_MAX: u64 = 1 << 30;
const SIGXCPU: i32 = 24;
/// The stack of the check in its process: less than any thread has that repeats it here.
const CHECK_STACK_BYTES: usize = 1 << 20;

/// The whole life of a process that compiles one module for its parent: takes the module from standard input, under limits
/// that it sets itself, and writes the code to standard output. `config` is the parent's.
///
/// # Errors
/// When the module does not compile, or the parent is gone: the process should end with a failure; the parent has been told
/// why on standard error.
pub fn compile_for_parent(config: &SandboxConfig) -> Result<(), CompileError> {
    let failed = |error: io::Error| CompileError::Process(format!("failed: {error}"));
    let module = take_limited().map_err(failed)?;
    let refused = |error: wasmtime::Error| CompileError::Refused(format!("{error:#}"));
    let code =
        engine::compiler(config).and_then(|engine| engine.precompile_component(&module)).map_err(refused)?;
    let mut out = io::stdout().lock();
    out.write_all(&code).and_then(|()| out.flush()).map_err(failed)
}

/// The whole life of a process that checks one module for its parent, under limits that it sets itself. It says nothing: that
/// it ends in order is the answer.
///
/// # Errors
/// When the parent is gone, or the system gives no thread.
pub fn check_for_parent(limits: CheckLimits) -> io::Result<()> {
    let module = take_limited()?;
    let checking = thread::Builder::new().stack_size(CHECK_STACK_BYTES);
    let checking = checking.spawn(move || drop(check(&module, &limits)))?;
    checking.join().map_err(|_| io::Error::other("the check panicked"))
}

/// Checks an upload: first in a process of its own, which `program` starts in such a way that it calls [`check_for_parent`] and
/// nothing else, and which dies of what would kill this one; then here. For uploads of strangers. Cost: that of [`check()`]
/// twice, and a process.
///
/// # Errors
/// As [`check()`], and when the process died of it or cannot be started.
pub fn check_apart(upload: &[u8], limits: &CheckLimits, program: Command) -> Result<Component, CheckError> {
    // What is refused for its size is not read by anybody.
    if upload.len() as u64 <= limits.module_bytes {
        ask(program, upload).map_err(|error| match error {
            CompileError::Limit(_) => CheckError::Exhausting,
            CompileError::Process(reason) => CheckError::NotChecked { reason },
            CompileError::Refused(said) => CheckError::NotChecked { reason: format!("failed: {said}") },
        })?;
    }
    check(upload, limits)
}

/// Gives this process its limits, and takes the module from standard input.
fn take_limited() -> io::Result<Vec<u8>> {
    limit(Resource::As, ADDRESS_SPACE_BYTES)?;
    limit(Resource::Cpu, CPU_SECONDS)?;
    limit(Resource::Core, 0)?;
    let mut module = Vec::new();
    let most = CheckLimits::default().module_bytes.saturating_mul(2);
    io::stdin().lock().take(most).read_to_end(&mut module)?;
    Ok(module)
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}

/// What such a process answers to a module.
pub(crate) fn ask(mut program: Command, module: &[u8]) -> Result<Vec<u8>, CompileError> {
    let failed = |error: io::Error| CompileError::Process(format!("cannot be used: {error}"));
    program.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().map_err(failed)?;
    let (to, from, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(mut to), Some(from), Some(errors)) = (to, from, errors) else {
        return Err(CompileError::Process("has no standard streams".to_owned()));
    };
    thread::scope(|scope| {
        // A child that ends early closes its input: how it ended says more than this.
        scope.spawn(move || {
            let _ = to.write_all(module);
        });
        let code = scope.spawn(|| read(from, CODE_BYTES_MAX));
        let said = scope.spawn(|| read(errors, 4 << 10));
        let status = wait(&mut child).map_err(failed)?;
        let code = code.join().unwrap_or_else(|_| Ok(Vec::new())).map_err(failed)?;
        let said = said.join().unwrap_or_else(|_| Ok(Vec::new())).unwrap_or_default();
        match status {
            None => Err(CompileError::Limit(format!("took longer than {WALL:?}"))),
            Some(status) if status.success() => Ok(code),
            Some(status) => Err(why(status, String::from_utf8_lossy(&said).trim())),
        }
    })
}

fn read(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// How it ended; `None` when it had to be killed.
#[expect(
    clippy::disallowed_methods,
    reason = "the standard library waits for a process without a deadline only"
)]
fn wait(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let until = Instant::now() + WALL;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(LOOK_EVERY);
    }
}

fn why(status: ExitStatus, said: &str) -> CompileError {
    match status.signal() {
        Some(SIGXCPU) => CompileError::Limit(format!("took more than {CPU_SECONDS} s of processor time")),
        // What memory that cannot be had ends in.
        Some(signal) => {
            let gib = ADDRESS_SPACE_BYTES >> 30;
            CompileError::Limit(format!(
                "was ended by signal {signal}, perhaps for want of memory ({gib} GiB)"
            ))
        }
        None => CompileError::Refused(said.to_owned()),
    }
}
