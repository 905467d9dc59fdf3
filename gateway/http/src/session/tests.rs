//! What a cookie opens, what is set in one, and where signing in leads.
#![allow(clippy::unwrap_used)]

use super::*;

fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &str)| {
        (axum::http::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
    };
    all.iter().map(pair).collect()
}

#[test]
fn pages_are_below_the_console_and_nowhere_else() {
    for page in ["/console", "/console/", "/console/jobs/{type}/{id}"] {
        assert!(is_page(page), "{page}");
    }
    for other in ["/", "/consoles", "/v1/console", "/v1/jobs", "/metrics", "console"] {
        assert!(!is_page(other), "{other}");
    }
}

#[test]
fn a_session_is_one_cookie_and_no_header() {
    for (cookie, wanted) in [
        ("wm_session=wm_a", Some("wm_a")),
        ("other=1; wm_session=wm_a; more=2", Some("wm_a")),
        ("wm_session=wm_a; wm_session=wm_b", None),
        ("wm_session=", None),
        ("xwm_session=wm_a", None),
    ] {
        assert_eq!(session(&headers(&[("cookie", cookie)])), wanted, "{cookie}");
    }
    assert_eq!(session(&headers(&[("cookie", "wm_session=wm_a"), ("cookie", "wm_session=wm_b")])), None);
    assert_eq!(session(&headers(&[("cookie", "wm_session=wm_a"), ("authorization", "Bearer x")])), None);
    assert_eq!(session(&headers(&[])), None);
}

#[test]
fn the_cookie_is_for_pages_and_not_for_scripts() {
    let plain = open_session("wm_a", &headers(&[])).unwrap();
    assert_eq!(plain.to_str().unwrap(), "wm_session=wm_a; Path=/console; HttpOnly; SameSite=Strict");
    assert!(!format!("{plain:?}").contains("wm_a"));
    for (proto, is_secure) in [
        ("https", true),
        ("HTTPS", true),
        ("https, http", true),
        ("http", false),
        ("http, https", false),
        ("", false),
    ] {
        let cookie = open_session("wm_a", &headers(&[("x-forwarded-proto", proto)])).unwrap();
        assert_eq!(cookie.to_str().unwrap().ends_with("; Secure"), is_secure, "{proto}");
    }
    for text in ["", "a b", "a;b", "a,b", "a\"b", "a\\b", "a\nb", "é"] {
        assert_eq!(open_session(text, &headers(&[])), None, "{text:?}");
    }
    let made = crate::new_token();
    let sent = open_session(&made, &headers(&[])).unwrap();
    let sent = sent.to_str().unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(session(&headers(&[("cookie", &sent)])), Some(made.as_str()));
    assert!(close_session().to_str().unwrap().starts_with("wm_session=; Path=/console; Max-Age=0"));
}

#[test]
fn signing_in_leads_to_our_pages_only() {
    for ours in
        ["/console", "/console/jobs?state=dead&type=a%2Fb", "/console/types/a..b", "/console?x=//evil"]
    {
        assert_eq!(page_after(ours), ours);
    }
    let long = format!("/console/{}", "x".repeat(3_000));
    for other in [
        "",
        "/",
        "//evil.example",
        "https://evil.example/console",
        "/v1/status",
        "/console@evil.example",
        "/consoles",
        "/console/../v1/status",
        "/console/%2E%2e/v1",
        "/console/./x",
        "/console/..",
        "/console/\\evil",
        "/console/a b",
        "/console/a\r\nset-cookie: x=1",
        "/console/sign-in?next=/console",
        &long,
    ] {
        assert_eq!(page_after(other), "/console", "{other}");
    }
}

#[test]
fn the_way_back_is_taken_along_whole() {
    for (uri, wanted) in [
        ("/console", "/console/sign-in"),
        (
            "/console/jobs?type=a%20b&state=x",
            "/console/sign-in?next=/console/jobs%3Ftype%3Da%2520b%26state%3Dx",
        ),
        ("/console/../v1", "/console/sign-in"),
    ] {
        assert_eq!(sign_in_address(&uri.parse().unwrap()), wanted);
    }
}
