//! The calls, counted.

use wasmill_sdk::emit;
use wasmill_sdk::testing::{Http, Job, Response};

use super::greedy;

#[test]
fn it_calls_as_often_as_it_was_asked_to() {
    let run = Job::default().run(greedy, r#"{"call": "log", "rounds": 3, "bytes": 2}"#);
    assert_eq!(run.result, Ok(br#"{"refused":0}"#.to_vec()));
    assert_eq!(run.log.iter().filter(|line| line.message == "xx").count(), 3);
    let run = Job::default().run(greedy, r#"{"call": "context", "rounds": 3}"#);
    assert_eq!(run.result, Ok(br#"{"refused":0}"#.to_vec()));
    let run = Job::default().run(greedy, r#"{"call": "emit", "rounds": 3, "type": "t"}"#);
    assert_eq!(run.children.len(), 3);
    let http = Http::closure(|_| Ok(Response::status(500)));
    let run = Job::default()
        .with_http(http)
        .run(greedy, r#"{"call": "http", "rounds": 3, "url": "https://a.example"}"#);
    assert_eq!((run.result, run.requests.len()), (Ok(br#"{"refused":0}"#.to_vec()), 3));
}

#[test]
fn refusals_do_not_stop_it() {
    let run = Job::default().run(greedy, r#"{"call": "http", "rounds": 3, "url": "https://a.example"}"#);
    assert_eq!(run.result, Ok(br#"{"refused":3}"#.to_vec()));
    let job = Job { emit_error: Some(emit::Error::TooMany("no".into())), ..Job::default() };
    let run = job.run(greedy, r#"{"call": "emit", "rounds": 3, "type": "t"}"#);
    assert_eq!(run.result, Ok(br#"{"refused":3}"#.to_vec()));
}
