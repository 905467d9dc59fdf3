//! Keys from headers and bodies, and trace contexts.
#![allow(clippy::unwrap_used)]

use axum::http::HeaderMap;

use super::{choose_key, is_traceparent};

fn headers(key: &str) -> HeaderMap {
    [("idempotency-key".parse().unwrap(), key.parse().unwrap())].into_iter().collect()
}

#[test]
fn the_header_or_the_field_names_the_key() {
    assert_eq!(choose_key(&HeaderMap::new(), None).unwrap(), None);
    assert_eq!(choose_key(&HeaderMap::new(), Some("a")).unwrap(), Some("a"));
    assert_eq!(choose_key(&headers("a"), None).unwrap(), Some("a"));
    assert_eq!(choose_key(&headers("\"a b\""), None).unwrap(), Some("a b"));
    assert_eq!(choose_key(&headers("\"a\""), Some("a")).unwrap(), Some("a"));
}

#[test]
fn a_key_that_is_no_key_is_refused() {
    assert!(choose_key(&headers("a"), Some("b")).unwrap_err().detail().contains("differ"));
    assert!(choose_key(&headers("\"\""), None).unwrap_err().detail().contains("empty"));
    assert!(choose_key(&headers("é"), None).is_err());
    let long = choose_key(&HeaderMap::new(), Some(&"x".repeat(257))).unwrap_err();
    assert!(long.detail().contains("257") && long.detail().contains("256"), "{long}");
}

#[test]
fn a_trace_context_is_one_or_is_not() {
    assert!(is_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    for wrong in [
        "",
        "00",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
    ] {
        assert!(!is_traceparent(wrong), "{wrong}");
    }
}
