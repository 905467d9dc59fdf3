//! The host's side of the contract: a handler that calls every function of the host in any order, with any arguments and
//! any memory behind them, ends in one of the ways a handler may end, within its limits. A panic, or an end that says that
//! the host itself is at fault, is a finding.
#![no_main]

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::{Corpus, fuzz_target};
use wasm_smith::{Config, Module};
use wasmill_job::{
    Attempt, End, Generation, Grants, Job, JobId, Limits, Mode, Partition, Path, Priority, Revision, Stamp,
    Stop, UnixMs,
};
use wasmill_sandbox::{Call, CheckLimits, Destination, Interrupt, Permit, Sandbox, SandboxConfig, check};

mod contract;
mod panics;

/// What stays from one module to the next.
struct Mill {
    sandbox: Sandbox,
    job: Job,
    /// Everything that can be granted.
    permit: Permit,
    limits: Limits,
}

fuzz_target!(
    init: panics::end_the_process_when_they_are_ours(),
    |data: &[u8]| -> Corpus {
        match module(&mut Unstructured::new(data)) {
            Ok(upload) => run(&upload),
            Err(_) => Corpus::Reject,
        }
    }
);

/// A module of the shape of a handler, made of the engine's bytes.
fn module(bytes: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut config: Config = bytes.arbitrary()?;
    config.module_shape = Some(contract::shape());
    config.memory64_enabled = false;
    config.threads_enabled = false;
    config.shared_everything_threads_enabled = false;
    config.relaxed_simd_enabled = false;
    config.exceptions_enabled = false;
    config.gc_enabled = false;
    config.custom_page_sizes_enabled = false;
    config.wide_arithmetic_enabled = false;
    config.max_memory32_bytes = 4 << 20;
    config.max_table_elements = 1_000;
    config.table_max_size_required = true;
    // Traps of arithmetic end most handlers before they call anything.
    config.disallow_traps = bytes.arbitrary()?;
    Ok(contract::with_contract(Module::new(config, bytes)?.to_bytes()))
}

fn run(upload: &[u8]) -> Corpus {
    static MILL: OnceLock<Mill> = OnceLock::new();
    let Mill { sandbox, job, permit, limits } = MILL.get_or_init(Mill::new);
    let Ok(component) = check(upload, &CheckLimits::default()) else { return Corpus::Reject };
    let Ok(artifact) = sandbox.compile(&component) else { return Corpus::Reject };
    let Ok(handler) = sandbox.load(&artifact) else { return Corpus::Reject };
    let call = Call { job, attempt: Attempt(1), max_attempts: 3, permit };
    let outcome = sandbox.run(&handler, &call, limits, &Interrupt::new());
    match &outcome.end {
        End::Stopped { stop: Stop::Host, message } => panic!("the host is at fault: {message}"),
        End::Done { output } => assert!(output.len() as u64 <= limits.output_bytes),
        _ => assert!(outcome.children.is_empty(), "only a job that is done has children"),
    }
    assert!(outcome.children.len() as u64 <= u64::from(limits.children));
    assert!(outcome.usage.memory_peak_bytes <= limits.memory_bytes);
    // The one that was too many is counted, and was not made.
    assert!(outcome.usage.imports.calls() <= limits.host_calls + 1);
    let logged: usize = outcome.logs.iter().map(|line| line.message.len()).sum();
    // The limit, and the sentence that says that there would have been more.
    assert!(logged as u64 <= limits.log_bytes + 1_024);
    Corpus::Keep
}

impl Mill {
    fn new() -> Self {
        let config = SandboxConfig { instances: 1, ..SandboxConfig::default() };
        let sandbox = Sandbox::new(config).expect("a sandbox");
        let job_type = "fuzz".parse().expect("a job type");
        let grants = Grants {
            // Nobody listens there.
            http: vec!["http://127.0.0.1:1".into()],
            secrets: ["TOKEN".parse().expect("a secret's name")].into(),
            config: BTreeMap::from([("region".into(), "eu".into())]),
            emit: vec!["*".parse().expect("a pattern")],
            clock: true,
            random: true,
        };
        let place = Destination {
            generation: Generation(0),
            partitions: std::num::NonZeroU32::MIN,
            payload_bytes_max: 1_024,
        };
        let permit = Permit::new(&job_type, &grants, |_| Ok("s3cr3t".into()), Arc::new(move |_| Some(place)))
            .expect("a permit");
        let job = Job {
            id: JobId::derived(&job_type, "fuzz", Generation(0), Partition(0)),
            job_type,
            payload: bytes::Bytes::from_static(b"{\"a\":1}"),
            accepted_at: UnixMs(1_767_225_600_000),
            stamp: Stamp { revision: Revision(1), path: Path::Log, mode: Mode::Live },
            priority: Priority::Normal,
            idempotency_key: Some("fuzz".into()),
            traceparent: None,
            redrives: 0,
            run_at: None,
            unknown: Default::default(),
        };
        let limits = Limits {
            memory_bytes: 8 << 20,
            timeout: Duration::from_secs(1),
            fuel: 200_000,
            output_bytes: 64 << 10,
            log_bytes: 4 << 10,
            host_calls: 1_000,
            children: 5,
            ..Limits::default()
        };
        Self { sandbox, job, permit, limits }
    }
}
