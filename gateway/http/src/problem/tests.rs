//! The shape of a problem document.
#![allow(clippy::unwrap_used)]

use axum::response::IntoResponse;

use crate::{Kind, Problem};

#[test]
fn a_problem_is_a_document_with_its_extension_members() {
    let problem = Problem::new(Kind::UnknownType, "There is no `emial`.").with("near", vec!["email"]);
    let json = serde_json::to_value(&problem).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "type": "urn:wasmill:problem:unknown-type", "title": "There is no such job type", "status": 404,
            "detail": "There is no `emial`.", "near": ["email"],
        })
    );
}

#[test]
fn its_answer_carries_status_media_type_and_when_to_come_back() {
    let response = Problem::new(Kind::Busy, "Too much at once.").retry_after(1).into_response();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers()["retry-after"], "1");
}
