//! Tests of addresses, queries and problem documents.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

fn refusal(url: &str) -> String {
    Server::new(url).unwrap_err().to_string()
}

#[test]
fn only_plain_http_addresses_are_taken() {
    assert!(refusal("https://mill").contains("through a tunnel"));
    assert!(refusal("mill:8420").contains("does not begin with http://"));
    assert!(refusal("http://").contains("not a URL"));
    assert_eq!(Server::new("http://[::1]:8420/").unwrap().address(), "http://[::1]:8420");
}

#[test]
fn queries_are_encoded() {
    assert_eq!(
        Call::get("/v1/dead").query("type", "a.b").query("after", "q/1 &").path,
        "/v1/dead?type=a%2Eb&after=q%2F1%20%26"
    );
}

#[test]
fn a_problem_document_becomes_a_sentence() {
    let body = r#"{"type":"about:blank","title":"unknown type","status":404,"detail":"no job type `a`; did you mean `b`?"}"#;
    let answer = Answer { status: StatusCode::NOT_FOUND, body: body.into() };
    assert_eq!(answer.refusal().to_string(), "no job type `a`; did you mean `b`?");
}

#[test]
fn a_refusal_for_want_of_a_token_says_where_tokens_go() {
    let right_missing =
        r#"{"type":"urn:wasmill:problem:right-missing","status":403,"title":"x","detail":"No."}"#;
    let foreign = r#"{"type":"urn:wasmill:problem:foreign-host","status":403,"title":"x","detail":"No."}"#;
    for (status, body, advised) in [
        (StatusCode::UNAUTHORIZED, "nonsense", true),
        (StatusCode::FORBIDDEN, right_missing, true),
        (StatusCode::FORBIDDEN, foreign, false),
    ] {
        let said = Answer { status, body: body.into() }.refusal().to_string();
        assert_eq!(said.contains("WASMILL_TOKEN") && said.contains("--token-file"), advised, "{said}");
    }
}

#[test]
fn an_answer_that_is_no_problem_document_still_tells_its_status() {
    let answer = Answer { status: StatusCode::BAD_GATEWAY, body: "<html>".into() };
    assert_eq!(answer.refusal().to_string(), "bad gateway (502)");
}
