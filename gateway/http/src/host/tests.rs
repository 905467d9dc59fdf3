//! Who may call, and from where.
#![allow(clippy::unwrap_used)]

use axum::http::{HeaderMap, Method, Uri};

use crate::{Hosts, Kind};

fn check(hosts: &Hosts, method: &Method, pairs: &[(&'static str, &str)]) -> Option<Kind> {
    let headers: HeaderMap =
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    hosts.check(method, &Uri::from_static("/v1/jobs"), &headers).err().map(|problem| problem.kind())
}

#[test]
fn only_names_of_this_gateway_are_answered() {
    let hosts = Hosts::with(["Mill.Example".to_owned()]);
    for called in
        ["localhost", "LOCALHOST:8420", "a.localhost:1", "127.0.0.1:8420", "[::1]:8420", "[::1]", "10.0.0.7"]
    {
        assert_eq!(check(&hosts, &Method::GET, &[("host", called)]), None, "{called}");
    }
    assert_eq!(check(&hosts, &Method::GET, &[("host", "mill.example:80")]), None);
    for called in
        ["evil.example", "evil.example:8420", "localhost.evil.example", "127.0.0.1.evil.example", ""]
    {
        assert_eq!(check(&hosts, &Method::GET, &[("host", called)]), Some(Kind::ForeignHost), "{called}");
    }
    assert_eq!(check(&hosts, &Method::GET, &[]), Some(Kind::ForeignHost));
}

#[test]
fn with_tokens_every_name_and_every_page_will_do() {
    let foreign =
        [("host", "mill.example"), ("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")];
    assert_eq!(check(&Hosts::any(), &Method::POST, &foreign), None);
}

#[test]
fn a_foreign_page_may_change_nothing() {
    let hosts = Hosts::local();
    let from = |pairs: &[(&'static str, &str)]| {
        let mut all = vec![("host", "localhost:8420")];
        all.extend_from_slice(pairs);
        check(&hosts, &Method::POST, &all)
    };
    assert_eq!(from(&[]), None);
    assert_eq!(from(&[("origin", "http://localhost:8420"), ("sec-fetch-site", "same-origin")]), None);
    for origin in ["http://localhost:3000", "http://evil.example", "null", "http://127.0.0.1:8420"] {
        assert_eq!(from(&[("origin", origin)]), Some(Kind::ForeignOrigin), "{origin}");
    }
    assert_eq!(from(&[("sec-fetch-site", "cross-site")]), Some(Kind::ForeignOrigin));
    assert_eq!(from(&[("sec-fetch-site", "same-site")]), Some(Kind::ForeignOrigin));
}
