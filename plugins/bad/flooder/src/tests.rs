//! The flood, and what stems it.

use wasmill_sdk::emit;
use wasmill_sdk::testing::Job;

use super::flooder;

#[test]
fn it_emits_as_much_as_it_was_asked_to() {
    let run = Job::default().run(flooder, r#"{"type": "t", "children": 3, "bytes": 2}"#);
    assert_eq!(run.result, Ok(br#"{"taken":3,"why":null}"#.to_vec()));
    assert!(run.children.iter().all(|child| child.payload == b"xx"));
}

#[test]
fn it_tells_what_stopped_it() {
    let job = Job { emit_error: Some(emit::Error::TooMany("64 at most".into())), ..Job::default() };
    let run = job.run(flooder, r#"{"type": "t", "children": 3}"#);
    assert_eq!(run.result, Ok(br#"{"taken":0,"why":"too many children: 64 at most"}"#.to_vec()));
}
