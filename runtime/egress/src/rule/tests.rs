//! Rules that are, rules that are none, and what they cover.

use proptest::prelude::*;

use super::*;
use crate::target::Target;

fn rule(text: &str) -> Rule {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn covers(rule_text: &str, url: &str) -> bool {
    rule(rule_text).covers(Target::parse(url).unwrap().origin())
}

#[test]
fn rules_are_shown_in_their_shortest_form() {
    for (text, shown) in [
        ("https://api.example.com", "https://api.example.com"),
        ("HTTPS://API.example.com.:443", "https://api.example.com"),
        ("https://*.example.com", "https://*.example.com"),
        ("http://10.0.0.7:8080", "http://10.0.0.7:8080"),
        ("http://[::1]:80", "http://[::1]"),
        ("PUT,POST,PUT https://hooks.example.com:8443", "POST,PUT https://hooks.example.com:8443"),
        ("GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS http://a", "http://a"),
        ("http://billing.internal:8080 private", "http://billing.internal:8080 private"),
        ("GET https://bücher.example private", "GET https://xn--bcher-kva.example private"),
    ] {
        assert_eq!(rule(text).to_string(), shown);
        assert_eq!(rule(shown), rule(text));
    }
}

#[test]
fn every_bad_rule_is_told_why() {
    for (text, reason) in [
        ("", "begins with"),
        ("api.example.com", "begins with"),
        ("ftp://api.example.com", "begins with"),
        ("*", "begins with"),
        ("https://*", "only for the labels"),
        ("https://*:443", "only for the labels"),
        ("https://*.com", "too wide"),
        ("https://*.", "cannot be read"),
        ("https://a.*.example.com", "only for the labels"),
        ("https://api*.example.com", "only for the labels"),
        ("https://*.*.example.com", "only for the labels"),
        ("https://*.10.0.0.1", "only before names"),
        ("https://api.example.com/", "no path"),
        ("https://api.example.com/v1", "no path"),
        ("https://api.example.com?", "no path"),
        ("https://api.example.com:", "port is missing"),
        ("https://api.example.com:0", "between 1 and 65535"),
        ("https://api.example.com:99999", "port"),
        ("https://user@api.example.com", "no user"),
        ("https://api.example.com@evil.com", "no user"),
        ("https://api%2eexample.com", "percent-encoded"),
        ("https://api.exa\tmple.com", "no control character"),
        ("https://api.example.com\n", "no control character"),
        ("https://api.example.com\\", "no backslash"),
        ("https://api..example.com", "labels"),
        ("http://2130706433", "write the address as `127.0.0.1`"),
        ("http://0x7f.1:80", "write the address as `127.0.0.1`"),
        ("http://0177.0.0.1", "write the address as `127.0.0.1`"),
        ("http://[0:0::1]", "write the address as `[::1]`"),
        ("http://[::ffff:127.0.0.1]", "write the address as"),
        ("http://[::ffff:7f00:1]", "write the address as"),
        ("http://169.254.169.254", "which no rule can grant"),
        ("http://169.254.170.2", "which no rule can grant"),
        ("http://[fd00:ec2::254]", "which no rule can grant"),
        ("http://0.0.0.0", "which no rule can grant"),
        ("http://[64:ff9b::7f00:1]", "which no rule can grant"),
        ("http://localhost:8080", "name `127.0.0.1`"),
        ("http://a.localhost private", "name `127.0.0.1`"),
        ("http://10.0.0.7 private", "needs no `private`"),
        ("http://a.example Private", "is not a method"),
        ("get https://api.example.com", "is not a method"),
        ("CONNECT https://api.example.com", "is not a method"),
        (",GET https://api.example.com", "is not a method"),
        ("GET, PUT https://api.example.com", "write it as"),
        ("GET  https://api.example.com", "write it as"),
        (" https://api.example.com", "is not a method"),
        ("GET https://a.example private private", "write it as"),
    ] {
        let error = text.parse::<Rule>().expect_err(text);
        assert!(error.reason.contains(reason), "{text:?}: {error}");
        assert!(!error.to_string().contains(['\n', '\t']), "{error}");
    }
}

#[test]
fn an_error_does_not_repeat_a_password() {
    let error = "https://user:s3cr3t@api.example.com".parse::<Rule>().unwrap_err();
    assert_eq!(error.rule, "https://…@api.example.com");
}

#[test]
fn a_name_covers_itself_alone() {
    let name = "https://api.example.com";
    for url in [
        "https://api.example.com/a?b",
        "https://API.example.com.",
        "https://api.example.com:443",
        "https://api。example.com",
    ] {
        assert!(covers(name, url), "{url}");
    }
    for url in [
        "http://api.example.com",
        "http://api.example.com:443",
        "https://api.example.com:444",
        "https://api.example.com.evil.com",
        "https://evil-api.example.com",
        "https://a.api.example.com",
        "https://example.com",
        "https://api.example.co",
        "https://evil.com/api.example.com",
        "https://evil.com#api.example.com",
        "https://xn--pi-6kc.example.com",
        "https://аpi.example.com", // a Cyrillic а
    ] {
        assert!(!covers(name, url), "{url}");
    }
}

#[test]
fn a_wildcard_covers_what_is_below_and_not_the_name_itself() {
    let below = "https://*.example.com";
    for url in ["https://a.example.com", "https://a.b.example.com", "https://A.example.com."] {
        assert!(covers(below, url), "{url}");
    }
    for url in [
        "https://example.com",
        "https://evilexample.com",
        "https://a.example.com.evil.com",
        "http://a.example.com",
        "https://127.0.0.1",
    ] {
        assert!(!covers(below, url), "{url}");
    }
}

#[test]
fn an_address_is_covered_by_itself_alone() {
    assert!(covers("http://127.0.0.1", "http://2130706433"), "it is the same address");
    assert!(!covers("http://127.0.0.1", "http://[::ffff:127.0.0.1]"));
    assert!(!covers("http://127.0.0.1", "http://127.0.0.2"));
    assert!(!covers("http://a.example", "http://127.0.0.1"));
}

proptest! {
    #[test]
    fn garbage_never_panics(text in ".*", tail in "\\PC*") {
        let _ = text.parse::<Rule>();
        let _ = format!("https://{tail}").parse::<Rule>();
        let _ = format!("GET https://{tail} private").parse::<Rule>();
    }

    #[test]
    fn display_parses_to_the_same_rule(
        methods in "((GET|PUT|POST)(,(GET|PATCH))? )?", below in "(\\*\\.)?", host in "[a-zA-Z0-9.-]{1,20}",
        port in "(:[0-9]{1,5})?", private in "( private)?",
    ) {
        if let Ok(rule) = format!("{methods}https://{below}{host}{port}{private}").parse::<Rule>() {
            prop_assert_eq!(rule.to_string().parse::<Rule>().unwrap(), rule);
        }
    }
}
