//! Cursors as they stand in addresses.
#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn is_read_as_it_was_written() {
    let mut cursor = Cursor::default();
    assert_eq!(cursor.to_string(), "1");
    cursor.set(WorkerId(0x0123_4567_89ab_cdef), 255);
    cursor.set(WorkerId(0xff00_0000_0000_0000), u64::MAX);
    assert_eq!(cursor.to_string(), "1.01234567-ff.ff000000-ffffffffffffffff");
    assert_eq!(Cursor::read(&cursor.to_string()), Ok(cursor.clone()));
    assert_eq!(Cursor::read("1"), Ok(Cursor::default()));
    assert_eq!(cursor.of(WorkerId(0x0123_4567_0000_0000)), Some(255));
    assert_eq!(cursor.of(WorkerId(7)), None);
}

#[test]
fn what_nobody_wrote_is_none() {
    for text in [
        "",
        "2",
        "1.",
        "1.01234567",
        "1.01234567-",
        "1.1234567-1",
        "1.012345678-1",
        "1.01234567-g",
        "1.01234567-+1",
        "1.01234567--1",
        "1.01234567-11111111111111111",
        "1.01234567-1.01234567-2",
        "1.éééé-1",
        "0190163d-8694-8001-8000-64c2f1a0b3d5",
    ] {
        assert_eq!(Cursor::read(text), Err(NoCursor), "{text}");
    }
}
