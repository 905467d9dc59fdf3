//! Receipts there and back.
#![allow(clippy::unwrap_used)]

use wasmill_job::{Offset, Partition, Position, Topic};

use crate::Receipt;

#[test]
fn a_receipt_is_a_position_as_text() {
    let position =
        Position { topic: Topic::from("wasmill.q.a.b.1"), partition: Partition(3), offset: Offset(u64::MAX) };
    let text = Receipt(position.clone()).to_string();
    assert_eq!(text, "wasmill.q.a.b.1/3/18446744073709551615");
    assert_eq!(text.parse::<Receipt>().unwrap(), Receipt(position));
}

#[test]
fn what_is_no_receipt_is_refused() {
    for wrong in [
        "",
        "/",
        "//",
        "a/1/2",
        "wasmill.q.a.1/1",
        "wasmill.q.a.1/-1/2",
        "wasmill.q.a.1/1/18446744073709551616",
    ] {
        assert!(wrong.parse::<Receipt>().is_err(), "{wrong}");
    }
}
