//! Which bodies a route takes.
#![allow(clippy::unwrap_used)]

use axum::http::HeaderMap;

use crate::media::{essence, require};

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

#[test]
fn parameters_and_case_do_not_matter() {
    let sent = headers(&[("content-type", "Application/JSON; charset=utf-8")]);
    assert_eq!(essence(&sent), "Application/JSON");
    assert_eq!(require(&sent, &["application/json"]), Ok(()));
}

#[test]
fn what_is_not_named_is_refused() {
    for sent in [
        headers(&[]),
        headers(&[("content-type", "text/plain")]),
        headers(&[("content-type", "application/x-www-form-urlencoded")]),
        headers(&[("content-type", "application/json"), ("content-encoding", "gzip")]),
    ] {
        assert_eq!(require(&sent, &["application/json"]).unwrap_err().status(), 415, "{sent:?}");
    }
}
