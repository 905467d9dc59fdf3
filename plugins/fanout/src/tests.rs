//! The children, and that a failure has none.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use wasmill_sdk::testing::{Job, Run};
use wasmill_sdk::{Failure, emit};

use super::fanout;

fn run(payload: &str) -> Run {
    Job::default().run(fanout, payload)
}

#[test]
fn it_emits_what_it_was_asked_to() {
    let run = run(r#"{"children": 2, "type": "t", "keyed": true, "delay_ms": 5}"#);
    let [first, second] = &run.children[..] else { panic!("{:?}", run.children) };
    assert_eq!((&first.payload[..], &second.payload[..]), (&br#"{"number":0}"#[..], &br#"{"number":1}"#[..]));
    assert_eq!((first.key.as_deref(), second.key.as_deref()), (Some("0"), Some("1")));
    assert_eq!((first.job_type.as_str(), first.delay), ("t", Duration::from_millis(5)));
    let ids = format!(r#"{{"ids":["{}","{}"]}}"#, first.id, second.id);
    assert_eq!(run.result, Ok(ids.into_bytes()));
}

#[test]
fn a_payload_passes_through() {
    let run = run(r#"{"children": 1, "type": "t", "payload": ["a", 1]}"#);
    assert_eq!(run.children[0].payload, br#"["a",1]"#);
    assert_eq!(run.children[0].key, None);
}

#[test]
fn a_failure_publishes_none() {
    let run = run(r#"{"children": 2, "type": "t", "fail": true}"#);
    assert_eq!(run.result, Err(Failure::retry("2 children were emitted and shall not be")));
    assert_eq!(run.children, []);
}

#[test]
fn a_refused_child_is_a_reject() {
    let job = Job { emit_error: Some(emit::Error::Denied("no".into())), ..Job::default() };
    let failure = job.run(fanout, r#"{"children": 1, "type": "t"}"#).result.unwrap_err();
    assert_eq!(failure, Failure::reject("the child is not allowed: no"));
}
