//! Frames end where the protocol says, whole or cut at any byte.

use super::{Answer, command_name, frame, request};

#[test]
fn a_frame_is_whole_only_with_its_last_byte() {
    let frames = [
        "+OK\r\n",
        ":42\r\n",
        "$5\r\na\r\nbc\r\n",
        "$-1\r\n",
        "*-1\r\n",
        "*2\r\n$1\r\na\r\n*1\r\n:1\r\n",
        "%1\r\n+key\r\n$1\r\nv\r\n",
        ">2\r\n+message\r\n+text\r\n",
        "_\r\n",
    ];
    for text in frames {
        for cut in 0..text.len() {
            assert_eq!(frame(&text.as_bytes()[..cut]), None, "{text:?} cut at {cut}");
        }
        assert_eq!(frame(format!("{text}+more\r\n").as_bytes()), Some(text.len()), "{text:?}");
    }
}

#[test]
fn answers_are_read() {
    let nested = Answer::Array(vec![Answer::Bulk(b"a".to_vec()), Answer::Nil, Answer::Integer(-3)]);
    assert_eq!(Answer::read(b"*3\r\n$1\r\na\r\n$-1\r\n:-3\r\n"), nested);
    assert_eq!(Answer::read(b"-OOM full\r\n"), Answer::Error("OOM full".into()));
}

#[test]
fn a_request_is_known_by_its_first_word() {
    assert_eq!(command_name(&request(&["evalsha", "abc", "0"])), "EVALSHA");
    assert_eq!(command_name(b"PING\r\n"), "PING");
}
