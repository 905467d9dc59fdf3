//! Each capability: that it works where it is granted, and that the refusal works where it is not.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU32;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use wasmill_egress::{Egress, EgressConfig};
use wasmill_job::{Attempt, End, Generation, Grants, Import, Limits, Outcome, Stop};
use wasmill_sandbox::{Call, Destination, Handler, Interrupt, Permit, PermitError, Sandbox, SandboxConfig};

use super::support::{PATIENCE, guest, job, limits, module, output_of, stop_of};

/// One with a way out.
static OUTWARD: LazyLock<Sandbox> = LazyLock::new(|| {
    let egress = Egress::new(EgressConfig::default()).unwrap();
    Sandbox::with_egress(SandboxConfig { instances: 8, ..SandboxConfig::default() }, egress).unwrap()
});

fn handler(name: &str) -> Handler {
    let artifact = OUTWARD.compile(&super::support::component(&module(name))).unwrap();
    OUTWARD.load(&artifact).unwrap()
}

const TOKEN: &str = "s3cr3t-of-the-service";

fn permit(grants: &Grants) -> Permit {
    let place = Destination {
        generation: Generation(2),
        partitions: NonZeroU32::new(4).unwrap(),
        payload_bytes_max: 10_000,
    };
    let known =
        move |job_type: &wasmill_job::JobType| job_type.as_str().starts_with("email.").then_some(place);
    Permit::new(
        &"test.type".parse().unwrap(),
        grants,
        |name| if name.as_str() == "TOKEN" { Ok(TOKEN.to_owned()) } else { Err("there is none".to_owned()) },
        Arc::new(known),
    )
    .unwrap()
}

fn run(name: &str, payload: &Value, grants: &Grants, limits: &Limits) -> Outcome {
    run_until(name, payload, grants, limits, &Interrupt::new())
}

fn run_until(
    name: &str,
    payload: &Value,
    grants: &Grants,
    limits: &Limits,
    interrupt: &Interrupt,
) -> Outcome {
    let job = job(payload.to_string());
    let permit = permit(grants);
    let call = Call { job: &job, attempt: Attempt(1), max_attempts: 3, permit: &permit };
    OUTWARD.run(&handler(name), &call, limits, interrupt)
}

fn answer(outcome: &Outcome) -> Value {
    serde_json::from_slice(output_of(outcome)).unwrap()
}

/// A service that answers each connection's first request with `response`, and tells what it was asked.
fn service(response: &'static str) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = channel();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let request = read_request(&connection);
            let _ = tell.send(request);
            let _ = connection.write_all(response.as_bytes());
        }
    });
    (address, told)
}

fn read_request(connection: &TcpStream) -> String {
    let mut reader = BufReader::new(connection);
    let (mut request, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        request += &line;
        if line == "\r\n" || line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    request + &String::from_utf8(body).unwrap()
}

fn to(address: SocketAddr) -> Grants {
    Grants {
        http: vec![format!("http://{address}")],
        secrets: ["TOKEN".parse().unwrap()].into(),
        config: [("endpoint".into(), format!("http://{address}/hook"))].into(),
        ..Grants::default()
    }
}

fn message() -> Value {
    json!({"subject": "hello", "text": "world"})
}

#[test]
fn a_granted_call_goes_out_with_a_secret_that_the_handler_never_saw() {
    let (address, asked) = service("HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok");
    let outcome = run("notify", &message(), &to(address), &limits());
    assert_eq!(answer(&outcome), json!({"status": 201}));
    let request = asked.recv().unwrap().to_ascii_lowercase();
    assert!(request.starts_with("post /hook http/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("authorization: bearer {TOKEN}\r\n")), "{request}");
    assert!(request.contains("idempotency-key: "), "{request}");
    assert!(!format!("{outcome:?}").contains(TOKEN), "neither in the log nor in the output");
    let used = outcome.usage.imports;
    assert!(used.get(Import::Http).calls >= 1 && used.get(Import::Http).wall_us > 0, "{used:?}");
    assert!(used.get(Import::Http).bytes > 10, "{used:?}");
    assert_eq!(used.get(Import::Config).calls, 1);
    assert_eq!(used.get(Import::Secrets).calls, 1, "got, never revealed");
    assert!(outcome.usage.cpu_us > 0);
}

#[test]
fn what_a_service_answers_decides_between_retry_and_reject() {
    let (address, _asked) = service("HTTP/1.1 503 Unavailable\r\ncontent-length: 0\r\n\r\n");
    assert!(matches!(run("notify", &message(), &to(address), &limits()).end, End::Retry { .. }));
    let (address, _asked) = service("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    assert!(matches!(run("notify", &message(), &to(address), &limits()).end, End::Rejected { .. }));
}

#[test]
fn a_call_that_is_not_granted_is_not_made() {
    let (address, asked) = service("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    // Nothing at all, another port, another scheme.
    for rule in [None, Some("http://127.0.0.1:1"), Some(&*format!("https://{address}"))] {
        let grants = Grants { http: rule.map(str::to_owned).into_iter().collect(), ..to(address) };
        let outcome = run("notify", &message(), &grants, &limits());
        let End::Rejected { message } = &outcome.end else { panic!("{rule:?}: {outcome:?}") };
        assert!(message.contains("not allowed"), "{rule:?}: {message}");
    }
    assert!(asked.try_recv().is_err());
}

#[test]
fn a_secret_that_is_not_granted_is_not_there() {
    let (address, _asked) = service("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let grants = Grants { secrets: std::collections::BTreeSet::new(), ..to(address) };
    let outcome = run("notify", &message(), &grants, &limits());
    assert!(matches!(&outcome.end, End::Rejected { message } if message.contains("TOKEN")), "{outcome:?}");
}

#[test]
fn a_secret_that_the_worker_lacks_is_found_before_anything_runs() {
    let grants = Grants { secrets: ["MISSING".parse().unwrap()].into(), ..Grants::default() };
    let refused = Permit::new(
        &"test.type".parse().unwrap(),
        &grants,
        |_| Err("there is none".to_owned()),
        Arc::new(|_| None),
    );
    assert!(matches!(refused, Err(PermitError::Secret { .. })));
}

/// A service that never answers: neither the deadline nor an interrupt waits for it.
#[test]
fn a_call_that_hangs_ends_with_the_attempt() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let grants = to(listener.local_addr().unwrap());
    let timeout = Duration::from_millis(300);
    let outcome = run("notify", &message(), &grants, &Limits { timeout, ..limits() });
    assert_eq!(stop_of(&outcome).0, Stop::Timeout);
    assert!(outcome.usage.wall_us < 10_000_000, "{}", outcome.usage.wall_us);

    let interrupt = Interrupt::new();
    let raise = interrupt.clone();
    // The first has the connection of the call before.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let grants = to(listener.local_addr().unwrap());
    let raising = thread::spawn(move || {
        // As soon as the call is under way. The connection stays open until that is over.
        let connection = listener.accept().unwrap();
        raise.interrupt();
        connection
    });
    let outcome =
        run_until("notify", &message(), &grants, &Limits { timeout: PATIENCE, ..limits() }, &interrupt);
    drop(raising.join().unwrap());
    assert_eq!(stop_of(&outcome).0, Stop::Interrupted);
}

#[test]
fn calls_and_bytes_of_an_attempt_are_limited() {
    let (address, asked) = service("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let payload = json!({"call": "http", "url": format!("http://{address}/"), "rounds": 8});
    let outcome = run("greedy", &payload, &to(address), &Limits { http_calls: 3, ..limits() });
    assert_eq!(answer(&outcome), json!({"refused": 5}));
    assert_eq!(asked.try_iter().count(), 3);

    let payload = json!({"call": "http", "url": format!("http://{address}/"), "rounds": 4, "bytes": 1000});
    let outcome = run("greedy", &payload, &to(address), &Limits { http_bytes: 3_000, ..limits() });
    assert_eq!(answer(&outcome), json!({"refused": 2}));
}

#[test]
fn a_guest_that_calls_without_end_is_stopped_by_the_limit_of_calls() {
    for call in ["log", "context"] {
        let limits = Limits { host_calls: 5_000, timeout: PATIENCE, fuel: u64::MAX, ..limits() };
        let outcome = run("greedy", &json!({"call": call}), &Grants::default(), &limits);
        let (stop, message) = stop_of(&outcome);
        assert_eq!((stop, message), (Stop::Calls, "called the host more often than 5000 times"), "{call}");
        assert_eq!(outcome.usage.imports.calls(), 5_001);
    }
}

fn may_emit() -> Grants {
    Grants { emit: vec!["email.*".parse().unwrap()], ..Grants::default() }
}

#[test]
fn children_come_along_when_the_job_is_done_and_only_then() {
    let payload = json!({"children": 3, "type": "email.receipt", "delay_ms": 1500});
    let outcome = run("fanout", &payload, &may_emit(), &limits());
    let ids: Vec<_> = outcome.children.iter().map(|child| child.id.to_string()).collect();
    assert_eq!(answer(&outcome), json!({ "ids": ids }));
    assert_eq!(outcome.children[2].payload.as_ref(), br#"{"number":2}"#);
    assert_eq!(outcome.children[0].delay, Duration::from_millis(1500));
    assert_eq!(outcome.children[0].id.generation(), Generation(2));

    let failing = json!({"children": 3, "type": "email.receipt", "fail": true});
    let outcome = run("fanout", &failing, &may_emit(), &limits());
    assert!(matches!(outcome.end, End::Retry { .. }));
    assert_eq!(outcome.children, []);
}

#[test]
fn a_repeated_attempt_makes_the_same_children() {
    let payload = json!({"children": 5, "type": "email.receipt"});
    let keyed = json!({"children": 5, "type": "email.receipt", "keyed": true});
    for payload in [payload, keyed] {
        let job = job(payload.to_string());
        let permit = permit(&may_emit());
        let ids = [1, 2].map(|attempt| {
            let call = Call { job: &job, attempt: Attempt(attempt), max_attempts: 3, permit: &permit };
            let outcome = OUTWARD.run(&handler("fanout"), &call, &limits(), &Interrupt::new());
            let mut ids: Vec<_> = outcome.children.iter().map(|child| child.id).collect();
            ids.sort();
            ids.dedup();
            ids
        });
        assert_eq!(ids[0], ids[1]);
        assert_eq!(ids[0].len(), 5);
    }
}

#[test]
fn children_beyond_the_grant_or_the_limits_are_refused() {
    for (payload, grants, limits, why) in [
        (
            json!({"type": "email.receipt", "children": 2}),
            Grants::default(),
            limits(),
            "grants.emit does not name",
        ),
        (json!({"type": "other.type", "children": 2}), may_emit(), limits(), "grants.emit does not name"),
        (json!({"type": "no type", "children": 2}), may_emit(), limits(), "contains ` `"),
        (
            json!({"type": "email.receipt", "children": 2, "bytes": 10_001}),
            may_emit(),
            limits(),
            "payload has 10001 bytes; `email.receipt` takes 10000",
        ),
    ] {
        let outcome = run("flooder", &payload, &grants, &limits);
        let answer = answer(&outcome);
        assert_eq!(answer["taken"], 0, "{payload}");
        assert!(answer["why"].as_str().unwrap().contains(why), "{payload}: {answer}");
        assert_eq!(outcome.children, []);
    }
    let outcome = run(
        "flooder",
        &json!({"type": "email.receipt", "children": 50}),
        &may_emit(),
        &Limits { children: 7, ..limits() },
    );
    assert_eq!(answer(&outcome)["taken"], 7);
    assert_eq!(outcome.children.len(), 7);
    // What the host keeps for a guest counts as its memory.
    let outcome = run(
        "flooder",
        &json!({"type": "email.receipt", "children": 1_000, "bytes": 9_000}),
        &may_emit(),
        &Limits { memory_bytes: 3 << 20, ..limits() },
    );
    assert_eq!(stop_of(&outcome).0, Stop::Memory);
}

#[test]
fn time_and_chance_are_there_where_they_are_granted() {
    let grants = Grants { clock: true, random: true, ..Grants::default() };
    let first = answer(&run("sampler", &json!({"bytes": 16}), &grants, &limits()));
    let second = answer(&run("sampler", &json!({"bytes": 16}), &grants, &limits()));
    assert!(first["now_ms"].as_u64().unwrap() > 1_700_000_000_000, "{first}");
    assert_eq!(first["bytes"].as_str().unwrap().len(), 32);
    for drawn in ["number", "bytes", "asked"] {
        assert_ne!(first[drawn], second[drawn], "{drawn}");
    }
    let lacks: Vec<_> = permit(&Grants::default()).lacks(&handler("sampler")).collect();
    assert_eq!(lacks, [Import::Clock, Import::Random]);
    let outcome = run("sampler", &json!(null), &Grants::default(), &limits());
    let (stop, message) = stop_of(&outcome);
    assert_eq!(stop, Stop::Trap);
    assert!(message.contains("which its route does not grant (grants.clock = true)"), "{message}");
}

#[test]
fn a_sandbox_without_a_way_out_makes_no_calls() {
    let outcome = {
        let job = job(message().to_string());
        let permit = permit(&to("127.0.0.1:9".parse().unwrap()));
        let call = Call { job: &job, attempt: Attempt(1), max_attempts: 3, permit: &permit };
        super::support::SANDBOX.run(&guest("notify"), &call, &limits(), &Interrupt::new())
    };
    assert!(
        matches!(&outcome.end, End::Rejected { message } if message.contains("makes no HTTP calls")),
        "{outcome:?}"
    );
}
