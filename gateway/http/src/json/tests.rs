//! Positions in malformed JSON.
#![allow(clippy::unwrap_used)]

use serde_json::Value;

use crate::{Kind, Place, malformed};

fn error(text: &str) -> serde_json::Error {
    serde_json::from_str::<Value>(text).unwrap_err()
}

#[test]
fn the_place_names_line_column_and_byte() {
    for (text, line, column, byte) in [
        ("{\"a\":!}", 1, 6, 5),
        ("{\n  \"a\": 1,\n  !\n}", 3, 3, 14),
        ("", 1, 1, 0),
        ("[1,", 1, 3, 2),
        ("[\n tru\n]", 2, 5, 6),
    ] {
        assert_eq!(Place::of(text.as_bytes(), &error(text)), Place { line, column, byte }, "{text:?}");
    }
}

#[test]
fn wrong_syntax_and_wrong_shape_are_different_problems() {
    assert_eq!(malformed(b"[1,", &error("[1,")).kind(), Kind::MalformedJson);
    let shape = serde_json::from_str::<u8>("\"x\"").unwrap_err();
    assert_eq!(malformed(b"\"x\"", &shape).kind(), Kind::InvalidField);
}
