//! What each call to the host costs a handler: one that calls a function many times, against the same one that calls it
//! never; and, where there is such a thing, what the same costs without Wasm, in the same run.
//!
//! `cargo bench --workspace --bench host-calls` prints the table. Of all rounds the best counts, because the machine may be busy
//! with something else. One thread.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench talks to a terminal and may fail"
)]

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::Rng;
use wasmill_egress::{Egress, EgressConfig};
use wasmill_job::{
    Attempt, Clock, End, Generation, Grants, IdSource, Job, Limits, Mode, Partition, Priority, Revision,
    Stamp, SystemClock, UnixMs,
};
use wasmill_sandbox::{
    Call, CheckLimits, Destination, Handler, Interrupt, Permit, Sandbox, SandboxConfig, check,
};
use wit_component::StringEncoding;
use wit_parser::Resolve;

/// A function of the host: what to import, and one call of it.
struct Function {
    name: &'static str,
    imports: &'static str,
    call: &'static str,
    /// How often it is called in one job.
    times: u32,
    /// The same on this machine, without Wasm.
    bare: Option<fn()>,
}

const ROUNDS: usize = 60;
const URL: &str = "http://127.0.0.1:";

/// Memory: 0 answers, 64 "region", 80 "TOKEN", 96 "email.receipt", 128 "GET", 144 the address. Strings from the host come
/// to 4096.
const FUNCTIONS: [Function; 9] = [
    Function {
        name: "context: attempt",
        imports: r#"(import "wasmill:job/context@1.0.0" "attempt" (func $f (result i32)))"#,
        call: "(drop (call $f))",
        times: 20_000,
        bare: None,
    },
    Function {
        name: "context: job-id",
        imports: r#"(import "wasmill:job/context@1.0.0" "job-id" (func $f (param i32)))"#,
        call: "(call $f (i32.const 0))",
        times: 10_000,
        bare: None,
    },
    Function {
        name: "log: write, 13 bytes",
        imports: r#"(import "wasmill:job/log@1.0.0" "write" (func $f (param i32 i32 i32)))"#,
        call: "(call $f (i32.const 1) (i32.const 96) (i32.const 13))",
        times: 5_000,
        bare: None,
    },
    Function {
        name: "config: get, 100 bytes",
        imports: r#"(import "wasmill:job/config@1.0.0" "get" (func $f (param i32 i32 i32)))"#,
        call: "(call $f (i32.const 64) (i32.const 6) (i32.const 0))",
        times: 10_000,
        bare: None,
    },
    Function {
        name: "secrets: get, reveal, drop",
        imports: r#"(import "wasmill:job/secrets@1.0.0" "get" (func $f (param i32 i32 i32)))
            (import "wasmill:job/secrets@1.0.0" "[method]secret.reveal" (func $reveal (param i32 i32)))
            (import "wasmill:job/secrets@1.0.0" "[resource-drop]secret" (func $drop (param i32)))"#,
        call: "(call $f (i32.const 80) (i32.const 5) (i32.const 0))
            (call $reveal (i32.load (i32.const 4)) (i32.const 16))
            (call $drop (i32.load (i32.const 4)))",
        times: 5_000,
        bare: None,
    },
    Function {
        name: "clock: now-ms",
        imports: r#"(import "wasmill:job/clock@1.0.0" "now-ms" (func $f (result i64)))"#,
        call: "(drop (call $f))",
        times: 20_000,
        bare: Some(|| {
            black_box(SystemClock.now());
        }),
    },
    Function {
        name: "random: number",
        imports: r#"(import "wasmill:job/random@1.0.0" "number" (func $f (result i64)))"#,
        call: "(drop (call $f))",
        times: 20_000,
        bare: Some(|| {
            black_box(rand::rng().next_u64());
        }),
    },
    Function {
        name: "emit: a child with 13 bytes",
        imports: r#"(import "wasmill:job/emit@1.0.0" "[constructor]child" (func $child (param i32 i32 i32 i32) (result i32)))
            (import "wasmill:job/emit@1.0.0" "submit" (func $f (param i32 i32)))"#,
        call: "(call $f (call $child (i32.const 96) (i32.const 13) (i32.const 96) (i32.const 13)) (i32.const 0))",
        times: 1_000,
        bare: None,
    },
    Function {
        name: "http: GET on this machine, 2 bytes back",
        imports: r#"(import "wasmill:job/http@1.0.0" "[constructor]request" (func $request (param i32 i32 i32 i32) (result i32)))
            (import "wasmill:job/http@1.0.0" "send" (func $f (param i32 i32)))
            (import "wasmill:job/http@1.0.0" "[resource-drop]response" (func $drop (param i32)))"#,
        call: "(call $f (call $request (i32.const 128) (i32.const 3) (i32.const 144) (i32.const 23)) (i32.const 0))
            (if (i32.load8_u (i32.const 0)) (then (unreachable)))
            (call $drop (i32.load (i32.const 4)))",
        times: 100,
        bare: None,
    },
];

fn main() {
    let address = service();
    let egress = Egress::new(EgressConfig::default()).unwrap();
    let config = SandboxConfig { instances: 1, memory_bytes_max: 1 << 30, ..SandboxConfig::default() };
    let sandbox = Sandbox::with_egress(config, egress).unwrap();
    let permit = permit(address);
    println!("calls to the host, best of {ROUNDS} rounds\n");
    println!("{:<44} {:>12} {:>14}", "", "per call", "without Wasm");
    for function in &FUNCTIONS {
        let [never, often] = [0, function.times].map(|times| load(&sandbox, function, times, address));
        let took = |handler: &Handler| {
            let round = |_| run(&sandbox, handler, &permit);
            (0..ROUNDS).map(round).min().unwrap()
        };
        let (base, all) = (took(&never), took(&often));
        let each = all.saturating_sub(base) / function.times;
        let bare = match function.bare {
            Some(bare) => nanos(best(bare)),
            None if function.name.starts_with("http") => nanos(bare_round_trip(address)),
            None => String::new(),
        };
        println!("{:<44} {:>12} {:>14}", function.name, nanos(each), bare);
    }
}

/// A handler that makes the call so often.
fn load(sandbox: &Sandbox, function: &Function, times: u32, address: SocketAddr) -> Handler {
    let Function { imports, call, .. } = function;
    let url = format!("{URL}{:05}/", address.port());
    assert!(url.len() <= 23, "{url}");
    let text = format!(
        r#"(module {imports}
            (memory (export "memory") 64)
            (data (i32.const 64) "region") (data (i32.const 80) "TOKEN") (data (i32.const 96) "email.receipt")
            (data (i32.const 128) "GET") (data (i32.const 144) "{url}")
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
            (func (export "wasmill:job/handler@1.0.0#handle") (param i32 i32) (result i32)
                (local $left i32) (local.set $left (i32.const {times}))
                (block $done (loop $again
                    (br_if $done (i32.eqz (local.get $left)))
                    {call}
                    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                    (br $again)))
                (i32.const 1024)))"#
    );
    let mut module = wat::parse_str(text).unwrap();
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk/wit")).unwrap();
    let world = resolve.select_world(&[package], Some("job-handler")).unwrap();
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
        .unwrap();
    let component = check(&module, &CheckLimits::default()).unwrap();
    sandbox.load(&sandbox.compile(&component).unwrap()).unwrap()
}

fn run(sandbox: &Sandbox, handler: &Handler, permit: &Permit) -> Duration {
    let job = job();
    let call = Call { job: &job, attempt: Attempt(1), max_attempts: 10, permit };
    let limits = Limits {
        memory_bytes: 1 << 30,
        host_calls: u64::MAX,
        log_bytes: 64 << 20,
        http_calls: u32::MAX,
        http_bytes: u64::MAX,
        children: u32::MAX,
        ..Limits::default()
    };
    let started = Instant::now();
    let outcome = sandbox.run(handler, &call, &limits, &Interrupt::new());
    let took = started.elapsed();
    assert!(matches!(outcome.end, End::Done { .. }), "{:?}", outcome.end);
    took
}

fn permit(address: SocketAddr) -> Permit {
    let grants = Grants {
        http: vec![format!("http://{address}")],
        secrets: ["TOKEN".parse().unwrap()].into(),
        config: [("region".into(), "x".repeat(100))].into(),
        emit: vec!["email.*".parse().unwrap()],
        clock: true,
        random: true,
    };
    let place = Destination {
        generation: Generation(1),
        partitions: NonZeroU32::new(4).unwrap(),
        payload_bytes_max: 1_024,
    };
    let secret = |_: &_| Ok("s3cr3t-of-the-service".to_owned());
    Permit::new(&"bench".parse().unwrap(), &grants, secret, Arc::new(move |_| Some(place))).unwrap()
}

/// A service that answers every request on each connection.
fn service() -> SocketAddr {
    // A port of five digits: the address stands in the guests' memory.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            std::thread::spawn(move || serve(connection.unwrap()));
        }
    });
    address
}

fn serve(mut connection: TcpStream) {
    connection.set_nodelay(true).unwrap();
    let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
    while let Some(Ok(line)) = lines.next() {
        let is_end = line.is_empty();
        if is_end && connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").is_err() {
            return;
        }
    }
}

/// One request on an open connection, written and read by hand.
fn bare_round_trip(address: SocketAddr) -> Duration {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_nodelay(true).unwrap();
    let mut answers = BufReader::new(connection.try_clone().unwrap());
    let mut once = || {
        let started = Instant::now();
        connection.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            answers.read_line(&mut line).unwrap();
        }
        std::io::Read::read_exact(&mut answers, &mut [0; 2]).unwrap();
        started.elapsed()
    };
    let mut took: Vec<_> = (0..1_000).map(|_| once()).collect();
    took.sort_unstable();
    took[500]
}

/// The same without Wasm, of many.
fn best(bare: fn()) -> Duration {
    const TIMES: u32 = 100_000;
    let round = |_| {
        let started = Instant::now();
        (0..TIMES).for_each(|_| bare());
        started.elapsed() / TIMES
    };
    (0..5).map(round).min().unwrap()
}

fn job() -> Job {
    Job {
        id: IdSource::default().next(UnixMs(1), 42, Generation(1), Partition(3)),
        job_type: "bench".parse().unwrap(),
        payload: "{}".into(),
        accepted_at: UnixMs(1),
        stamp: Stamp { revision: Revision(1), path: wasmill_job::Path::Log, mode: Mode::Live },
        priority: Priority::Normal,
        idempotency_key: None,
        traceparent: None,
        redrives: 0,
        run_at: None,
        unknown: serde_json::Map::new(),
    }
}

fn nanos(time: Duration) -> String {
    match time.as_nanos() {
        nanos if nanos < 10_000 => format!("{nanos} ns"),
        nanos => format!("{:.1} µs", nanos as f64 / 1e3),
    }
}
