//! Events that can be jobs, and those that cannot.
#![allow(clippy::unwrap_used)]

use axum::http::HeaderMap;
use wasmill_http::Kind;

use super::{Event, read_event, refuse_structured};

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

const PLAIN: [(&str, &str); 3] =
    [("ce-specversion", "1.0"), ("ce-type", "thumbnail"), ("ce-source", "/camera/%C3%A9")];

#[test]
fn attributes_become_type_and_key() {
    let plain = Event { job_type: "thumbnail".into(), key: None, traceparent: None };
    assert_eq!(read_event(&headers(&PLAIN)).unwrap(), plain);
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let more =
        [("ce-id", "7"), ("ce-time", "2026-01-01T00:00:00Z"), ("ce-traceparent", trace), ("host", "x")];
    let all: Vec<_> = PLAIN.into_iter().chain(more).collect();
    let event = read_event(&headers(&all)).unwrap();
    assert_eq!(event, Event { key: Some("/camera/é 7".into()), traceparent: Some(trace.into()), ..plain });
}

#[test]
fn what_is_missing_wrong_or_not_carried_is_refused() {
    let with = |name: &'static str, value: &'static str| {
        let mut pairs: Vec<_> = PLAIN.into_iter().filter(|(other, _)| *other != name).collect();
        if !value.is_empty() {
            pairs.push((name, value));
        }
        read_event(&headers(&pairs)).unwrap_err()
    };
    for (name, value) in [
        ("ce-specversion", "0.3"),
        ("ce-type", ""),
        ("ce-source", ""),
        ("ce-source", "%FF"),
        ("ce-id", &*Box::leak("x".repeat(300).into_boxed_str())),
    ] {
        let problem = with(name, value);
        assert_eq!(problem.kind(), Kind::InvalidEvent, "{name}: {problem}");
        assert!(problem.detail().contains(name) || name == "ce-id", "{problem}");
    }
    let unknown = with("ce-sourc", "x");
    assert_eq!(unknown.kind(), Kind::NotBuilt);
    assert!(unknown.detail().contains("Did you mean `ce-source`"), "{unknown}");
}

#[test]
fn structured_mode_is_refused_with_a_hint() {
    assert!(refuse_structured(&headers(&[("content-type", "application/json")])).is_ok());
    let refused =
        refuse_structured(&headers(&[("content-type", "application/cloudevents+json; charset=utf-8")]));
    assert_eq!(refused.unwrap_err().kind(), Kind::UnsupportedMediaType);
}
