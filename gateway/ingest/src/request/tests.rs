//! Requests that are taken as they are, and every way to be refused.
#![allow(clippy::unwrap_used)]

use wasmill_http::Kind;
use wasmill_job::Priority;

use super::parse_line;

#[test]
fn the_payload_is_the_callers_bytes() {
    for payload in [
        "null",
        "\"<>&/é\\u00e9\\/\"",
        "1e400",
        "-0.0",
        "{\"a\":1,\"a\":2}",
        "12345678901234567890123",
        "{ \"a\" :\t[ 1 ,\r\n 2 ] }",
        "\"\\ud800\"",
        "[[[[[[[[]]]]]]]]",
    ] {
        let text = format!(" {{ \"payload\" :  {payload} , \"type\":\"a\" }} ");
        let request = parse_line(text.as_bytes()).unwrap();
        assert_eq!(request.payload.unwrap().get(), payload);
        assert_eq!(request.job_type, "a");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let text = format!("{{\"type\":\"a\",\"payload\":{deep}}}");
    assert_eq!(parse_line(text.as_bytes()).unwrap().payload.unwrap().get(), deep);
}

#[test]
fn only_the_type_must_be_there() {
    let request = parse_line(b"{\"type\":\"a\"}").unwrap();
    assert!(request.payload.is_none() && request.idempotency_key.is_none());
    let request = parse_line(b"{\"ty\\u0070e\":\"\\u0061\",\"idempotency_key\":null}").unwrap();
    assert!(request.job_type == "a" && request.idempotency_key.is_none());
    let request = parse_line(b"{\"type\":\"a\",\"idempotency_key\":\"k\\n\"}").unwrap();
    assert_eq!(request.idempotency_key.unwrap(), "k\n");
}

#[test]
fn a_priority_is_one_of_four() {
    for priority in Priority::FIRST_TO_LAST {
        let text = format!("{{\"type\":\"a\",\"priority\":\"{}\"}}", priority.as_str());
        assert_eq!(parse_line(text.as_bytes()).unwrap().priority, Some(priority));
    }
    assert_eq!(parse_line(b"{\"type\":\"a\",\"priority\":null}").unwrap().priority, None);
}

#[test]
fn everything_else_is_refused_with_its_reason_and_its_place() {
    use Kind::{InvalidField, MalformedJson, NotBuilt, UnknownField};
    for (text, kind, words, byte) in [
        ("", MalformedJson, "EOF", Some(0)),
        ("{", MalformedJson, "EOF", Some(0)),
        ("{\"type\":\"a\",}", MalformedJson, "trailing comma", Some(12)),
        ("{\"type\":\"a\"} {}", MalformedJson, "trailing characters", Some(13)),
        ("{\"type\":\"a\",\"payload\":tru}", MalformedJson, "expected ident", Some(25)),
        ("{\"type\":\"a\",\"payload\":01}", MalformedJson, "invalid number", Some(23)),
        ("[]", InvalidField, "expected a job", Some(0)),
        ("7", InvalidField, "expected a job", Some(0)),
        ("{}", InvalidField, "`type` is missing", None),
        ("{\"type\":7}", InvalidField, "expected a string", Some(8)),
        ("{\"type\":\"a\",\"idempotency_key\":[]}", InvalidField, "expected a string", Some(29)),
        ("{\"type\":\"a\",\"type\":\"b\"}", InvalidField, "`type` comes twice", Some(17)),
        ("{\"payload\":1,\"payload\":1}", InvalidField, "`payload` comes twice", Some(21)),
        ("{\"idempotency_key\":null,\"idempotency_key\":\"\"}", InvalidField, "comes twice", Some(40)),
        ("{\"priority\":null,\"priority\":\"low\"}", InvalidField, "`priority` comes twice", Some(26)),
        ("{\"priority\":1}", InvalidField, "1 is no priority; write \"low\", \"normal\"", Some(13)),
        ("{\"priority\":\"hihg\"}", InvalidField, "\"hihg\" is no priority", Some(18)),
        ("{\"run_at\":null}", NotBuilt, "`run_at` is not built yet", Some(8)),
        ("{\"payloda\":1}", UnknownField, "Did you mean `payload`?", Some(9)),
        ("{\"x\":1}", UnknownField, "There is no field `x`.", Some(3)),
    ] {
        let problem = parse_line(text.as_bytes()).unwrap_err().into_problem(text.as_bytes());
        assert_eq!(problem.kind(), kind, "{text}: {problem}");
        assert!(problem.detail().to_lowercase().contains(&words.to_lowercase()), "{text}: {problem}");
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(json["byte"].as_u64(), byte, "{text}: {json}");
    }
    for later in ["run_at", "delay_ms", "expires_at", "key", "headers"] {
        let text = format!("{{\"type\":\"a\",\"{later}\":1}}");
        assert_eq!(parse_line(text.as_bytes()).unwrap_err().into_problem(b"").kind(), NotBuilt);
    }
    let not_utf8 = b"{\"type\":\"a\",\"payload\":\"\xff\"}";
    assert_eq!(parse_line(not_utf8).unwrap_err().into_problem(not_utf8).kind(), MalformedJson);
}
