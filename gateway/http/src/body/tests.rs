//! Bodies within their limit, beyond it, and in pieces.
#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use axum::body::Body;
use bytes::Bytes;

use crate::{Budget, Kind, read_body};

fn pieces(pieces: &[&'static str]) -> Body {
    let pieces: Vec<_> =
        pieces.iter().map(|piece| Ok::<_, Infallible>(Bytes::from_static(piece.as_bytes()))).collect();
    Body::from_stream(futures_util::stream::iter(pieces))
}

#[tokio::test]
async fn a_body_is_its_pieces_joined() {
    let mut hold = Budget::new(100).hold();
    for (sent, whole) in [
        (pieces(&[]), ""),
        (pieces(&["one"]), "one"),
        (pieces(&["one", "", "two", "three"]), "onetwothree"),
        (Body::from("whole"), "whole"),
    ] {
        assert_eq!(read_body(sent, 11, &mut hold).await.unwrap(), whole);
    }
}

#[tokio::test]
async fn a_body_beyond_its_limit_is_refused_with_both_sizes() {
    let mut hold = Budget::new(100).hold();
    let announced = read_body(Body::from("123456"), 5, &mut hold).await.unwrap_err();
    assert_eq!(announced.kind(), Kind::BodyTooLarge);
    assert!(
        announced.detail().contains("6 bytes") && announced.detail().contains("at most 5"),
        "{announced}"
    );
    let found = read_body(pieces(&["1234", "56"]), 5, &mut hold).await.unwrap_err();
    assert_eq!(found.kind(), Kind::BodyTooLarge);
}

#[tokio::test]
async fn a_body_that_does_not_fit_the_budget_is_refused_at_once() {
    let budget = Budget::new(10);
    let mut other = budget.hold();
    other.grow(8).unwrap();
    let refused = read_body(pieces(&["123"]), 5, &mut budget.hold()).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Busy);
    drop(other);
    assert_eq!(read_body(pieces(&["123"]), 5, &mut budget.hold()).await.unwrap(), "123");
}
