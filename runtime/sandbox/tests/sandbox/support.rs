//! One sandbox for all tests, the guests of `plugins/`, and guests that no compiler would make.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use bytes::Bytes;
use wasmill_job::{
    Attempt, End, Generation, IdSource, Job, Limits, Mode, Outcome, Partition, Path, Revision, Stamp, Stop,
    UnixMs,
};
use wasmill_sandbox::{
    Call, CheckLimits, Component, Handler, Interrupt, Permit, Sandbox, SandboxConfig, check,
};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

pub(crate) static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    Sandbox::new(SandboxConfig { instances: 64, ..SandboxConfig::default() }).expect("a sandbox")
});

static LOADED: LazyLock<Mutex<HashMap<String, Handler>>> = LazyLock::new(Mutex::default);

/// The handler of a guest in `plugins/`, as `plugins/build` made it.
pub(crate) fn guest(name: &str) -> Handler {
    let mut loaded = LOADED.lock().unwrap();
    loaded.entry(name.to_owned()).or_insert_with(|| load(&module(name))).clone()
}

/// The bytes of that guest.
pub(crate) fn module(name: &str) -> Vec<u8> {
    let folder =
        std::env::var_os("WASMILL_GUESTS").map_or_else(|| plugins().join("target/guests"), PathBuf::from);
    let path = folder.join(format!("{name}.wasm"));
    std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run plugins/build first", path.display()))
}

pub(crate) fn plugins() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../plugins")
}

pub(crate) fn component(module: &[u8]) -> Component {
    check(module, &CheckLimits::default()).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn load(module: &[u8]) -> Handler {
    let artifact = SANDBOX.compile(&component(module)).unwrap_or_else(|error| panic!("{error}"));
    SANDBOX.load(&artifact).unwrap_or_else(|error| panic!("{error}"))
}

/// A core module in text, with the world it is for.
pub(crate) fn odd_module(text: &str) -> Vec<u8> {
    let mut module = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    let mut resolve = Resolve::default();
    let package = resolve.push_source("job.wit", include_str!("../../../../sdk/wit/job.wit")).unwrap();
    let world = resolve.select_world(&[package], Some("job-handler")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    module
}

/// A guest in text: `items` of a core module that exports `handle` and a memory; what every guest needs is added.
pub(crate) fn odd_guest(items: &str) -> Handler {
    load(&odd_module(&format!(
        r#"(module
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
            {items})"#
    )))
}

pub(crate) fn limits() -> Limits {
    Limits::default()
}

pub(crate) fn job(payload: impl Into<Bytes>) -> Job {
    Job {
        id: IdSource::default().next(UnixMs(1_767_225_600_000), 42, Generation(1), Partition(3)),
        job_type: "test.type".parse().unwrap(),
        payload: payload.into(),
        accepted_at: UnixMs(1_767_225_600_000),
        stamp: Stamp { revision: Revision(1), path: Path::Log, mode: Mode::Live },
        priority: wasmill_job::Priority::Normal,
        idempotency_key: Some("order-17".into()),
        traceparent: None,
        redrives: 0,
        run_at: None,
        unknown: serde_json::Map::new(),
    }
}

/// The first of three attempts, with a generous limit of time, so that only a test about time meets it.
pub(crate) fn run(handler: &Handler, payload: impl Into<Bytes>, limits: &Limits) -> Outcome {
    run_with(handler, payload, limits, &Interrupt::new())
}

pub(crate) fn run_with(
    handler: &Handler,
    payload: impl Into<Bytes>,
    limits: &Limits,
    interrupt: &Interrupt,
) -> Outcome {
    let job = job(payload);
    SANDBOX.run(
        handler,
        &Call { job: &job, attempt: Attempt(1), max_attempts: 3, permit: &Permit::none() },
        limits,
        interrupt,
    )
}

pub(crate) fn output_of(outcome: &Outcome) -> &[u8] {
    match &outcome.end {
        End::Done { output } => output,
        other => panic!("{other:?}, {:?}", outcome.logs),
    }
}

pub(crate) fn stop_of(outcome: &Outcome) -> (Stop, &str) {
    match &outcome.end {
        End::Stopped { stop, message } => (*stop, message),
        other => panic!("{other:?}"),
    }
}

/// Long enough for any machine, short enough for a person.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
