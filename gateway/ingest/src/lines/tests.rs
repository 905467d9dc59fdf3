//! Lines in pieces of every size, too long ones, empty ones, and a last one without an end.
#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use axum::body::Body;
use bytes::Bytes;
use wasmill_http::BodyReader;

use super::{GroupLimits, Line, Lines};

fn lines(text: &str, piece: usize, limits: GroupLimits) -> Lines {
    let pieces: Vec<_> = text
        .as_bytes()
        .chunks(piece)
        .map(|piece| Ok::<_, Infallible>(Bytes::copy_from_slice(piece)))
        .collect();
    Lines::new(BodyReader::new(Body::from_stream(futures_util::stream::iter(pieces))), limits)
}

async fn groups(text: &str, piece: usize, limits: GroupLimits) -> Vec<Vec<Line>> {
    let mut lines = lines(text, piece, limits);
    let mut groups = Vec::new();
    while !lines.is_done() {
        let group = lines.next_group().await.unwrap();
        if !group.is_empty() {
            groups.push(group);
        }
    }
    assert!(lines.next_group().await.unwrap().is_empty());
    groups
}

fn line(number: u64, text: &'static str) -> Line {
    Line { number, text: Some(Bytes::from_static(text.as_bytes())) }
}

#[tokio::test]
async fn lines_are_the_same_however_the_body_is_cut() {
    let limits = GroupLimits { lines: 2, bytes: 1_000, line_bytes: 9 };
    let text = "one\r\n\n  two  \n123456789\n1234567890\n\nxxxxxxxxxxxxxxxxxxxxxxxxxx\nlast";
    let long = |number| Line { number, text: None };
    let expected =
        [line(1, "one"), line(3, "  two"), line(4, "123456789"), long(5), long(7), line(8, "last")];
    for piece in 1..=text.len() {
        let groups = groups(text, piece, limits).await;
        assert!(groups.iter().all(|group| group.len() <= 2), "{piece}");
        assert_eq!(groups.concat(), expected, "in pieces of {piece}");
    }
}

#[tokio::test]
async fn a_group_ends_when_it_has_bytes_enough() {
    let limits = GroupLimits { lines: 1_000, bytes: 6, line_bytes: 100 };
    let groups = groups("aa\nbb\ncc\ndd\n", 3, limits).await;
    assert_eq!(groups, [vec![line(1, "aa"), line(2, "bb")], vec![line(3, "cc"), line(4, "dd")]]);
}

#[tokio::test]
async fn a_line_too_long_at_the_end_is_reported() {
    let limits = GroupLimits { lines: 10, bytes: 8, line_bytes: 4 };
    let long = |number| vec![Line { number, text: None }];
    assert_eq!(
        groups("ok\nxxxxxxxxxxxxxxxxxxxx", 5, limits).await.concat(),
        [vec![line(1, "ok")], long(2)].concat()
    );
    assert_eq!(groups("xxxxxxxxxxxxxxxxxxxx\n", 20, limits).await.concat(), long(1));
}

#[tokio::test]
async fn nothing_is_no_line() {
    let limits = GroupLimits { lines: 10, bytes: 8, line_bytes: 4 };
    for text in ["", "\n", "\n \r\n\t\n"] {
        assert!(groups(text, 1, limits).await.is_empty(), "{text:?}");
    }
}
