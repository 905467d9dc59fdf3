//! Greetings, named and not.
#![allow(clippy::unwrap_used)]

use wasmill_sdk::testing::Job;

use super::hello;

fn said(payload: &str) -> String {
    String::from_utf8(Job::default().run(hello, payload).result.unwrap()).unwrap()
}

#[test]
fn a_visitor_is_greeted_by_name() {
    assert_eq!(said(r#"{"name": "Ada", "from": "London"}"#), r#"{"greeting":"Hello, Ada!"}"#);
}

#[test]
fn without_a_name_the_world_is_greeted() {
    for payload in ["", "null", "{}"] {
        assert_eq!(said(payload), r#"{"greeting":"Hello, world!"}"#);
    }
}

#[test]
fn what_is_no_visitor_is_rejected() {
    let failure = Job::default().run(hello, r#"{"name": 1}"#).result.unwrap_err();
    assert!(failure.to_string().starts_with("reject: the payload does not decode"), "{failure}");
}
