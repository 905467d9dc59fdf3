//! Every handler in `plugins/` runs here, by name; one that is added without a line here fails the tests.

use std::collections::BTreeSet;

use wasmill_job::{Attempt, End, Outcome, Stop};
use wasmill_sandbox::{Call, Interrupt, Permit};

use super::support::{SANDBOX, component, guest, job, limits, module, plugins, run, stop_of};

type Expectation = fn(&Outcome) -> bool;

fn is_done(outcome: &Outcome, output: &[u8]) -> bool {
    matches!(&outcome.end, End::Done { output: found } if found == output)
}

/// A guest, a payload, and what becomes of it.
const GUESTS: &[(&str, &[u8], Expectation)] = &[
    ("hello", br#"{"name":"Ada"}"#, |outcome| is_done(outcome, br#"{"greeting":"Hello, Ada!"}"#)),
    ("noop", b"\x00\xff any bytes", |outcome| is_done(outcome, b"")),
    (
        "unfurl",
        br#"{"html":"<title>A &amp; B</title>"}"#,
        |outcome| matches!(&outcome.end, End::Done { output } if output.starts_with(br#"{"title":"A & B""#)),
    ),
    (
        "thumbnail",
        PIXEL,
        |outcome| matches!(&outcome.end, End::Done { output } if output.starts_with(b"\x89PNG")),
    ),
    ("chatty", br#"{"lines":3,"bytes":2}"#, |outcome| {
        outcome.logs.iter().filter(|line| line.message == "xx").count() == 3
    }),
    ("flaky", br#"{"failures":2,"after_ms":1500}"#, |outcome| {
        matches!(&outcome.end, End::Retry { message, after: Some(after) }
            if message == "attempt 1 of 2 that fail" && after.as_millis() == 1500)
    }),
    ("huge", br#"{"bytes":5}"#, |outcome| is_done(outcome, b"xxxxx")),
    ("hungry", br#"{"at_most":1048576}"#, |outcome| is_done(outcome, br#"{"bytes":1048576}"#)),
    // What these need is granted in `capabilities.rs`.
    ("notify", br#"{"subject":"a","text":"b"}"#, |outcome| matches!(outcome.end, End::Rejected { .. })),
    ("fanout", br#"{"children":0,"type":"t"}"#, |outcome| is_done(outcome, br#"{"ids":[]}"#)),
    ("sampler", b"", |outcome| stop_of(outcome).0 == Stop::Trap),
    ("greedy", br#"{"call":"context","rounds":3}"#, |outcome| is_done(outcome, br#"{"refused":0}"#)),
    ("flooder", br#"{"type":"t","children":0}"#, |outcome| is_done(outcome, br#"{"taken":0,"why":null}"#)),
    ("reject", br#"{"message":"no"}"#, |outcome| outcome.end == End::Rejected { message: "no".into() }),
    ("spin", b"", |outcome| stop_of(outcome).0 == Stop::Fuel),
    ("trap", b"", |outcome| stop_of(outcome).0 == Stop::Trap),
];

/// A PNG of one grey pixel.
const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cch\0\0\0\x82\0\x81w\xcdr\xb6\0\0\0\0IEND\xaeB`\x82";

#[test]
fn every_guest_does_what_it_is_for() {
    for (name, payload, expected) in GUESTS {
        let limits = wasmill_job::Limits { fuel: 1_000_000_000, ..limits() };
        let outcome = run(&guest(name), *payload, &limits);
        assert!(expected(&outcome), "{name}: {outcome:?}");
    }
}

#[test]
fn every_folder_is_a_guest_of_these_tests() {
    let folders = [plugins(), plugins().join("bad")].into_iter().flat_map(|folder| {
        std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.join("Cargo.toml").exists())
    });
    let found: BTreeSet<_> =
        folders.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    let tested: BTreeSet<_> = GUESTS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(found, tested);
}

#[test]
fn flaky_succeeds_at_the_attempt_it_is_told() {
    let job = job(r#"{"failures":2}"#);
    let call = Call { job: &job, attempt: Attempt(3), max_attempts: 3, permit: &Permit::none() };
    let outcome = SANDBOX.run(&guest("flaky"), &call, &limits(), &Interrupt::new());
    assert!(is_done(&outcome, br#"{"attempt":3}"#), "{outcome:?}");
}

/// Handlers that ask for nothing get nothing: the imports are those that are called.
#[test]
fn imports_are_what_is_called() {
    assert_eq!(component(&module("flaky")).imports(), ["wasmill:job/context@1.0.0", "wasmill:job/log@1.0.0"]);
    assert_eq!(component(&module("hello")).imports(), ["wasmill:job/log@1.0.0"], "for its panics");
}
