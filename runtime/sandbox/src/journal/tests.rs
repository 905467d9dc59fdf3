//! What is kept, what is cut, what is dropped, and that the log says so.

use super::*;

fn journal_of(limit: u64, texts: &[&str]) -> Vec<LogLine> {
    let mut journal = Journal::new(limit);
    for (at_ms, text) in (1..).zip(texts) {
        journal.write(LogLevel::Info, text, at_ms);
    }
    journal.close(99)
}

fn texts_of(lines: &[LogLine]) -> Vec<&str> {
    lines.iter().map(|line| line.message.as_str()).collect()
}

#[test]
fn what_has_room_is_kept_with_its_time() {
    let lines = journal_of(1_000, &["a", "b\nc"]);
    assert_eq!(texts_of(&lines), ["a", "b\\nc"]);
    assert_eq!((lines[0].at_ms, lines[1].at_ms), (1, 2));
}

#[test]
fn the_limit_is_exact() {
    let limit = 2 * LINE_BYTES + 10;
    assert_eq!(texts_of(&journal_of(limit, &["12345", "67890"])), ["12345", "67890"]);
    let cut = journal_of(limit, &["12345", "678901"]);
    assert_eq!(
        texts_of(&cut),
        ["12345", "67890", "the log reached its limit of 58 bytes: its last line was cut"]
    );
    assert_eq!((cut[2].level, cut[2].at_ms), (LogLevel::Warn, 99));
}

#[test]
fn lines_after_a_cut_one_are_dropped_and_counted() {
    let lines = journal_of(LINE_BYTES + 3, &["1234", "x", ""]);
    assert_eq!(texts_of(&lines), ["123", "the log reached its limit of 27 bytes: 2 more lines were dropped"]);
    let one = journal_of(LINE_BYTES, &["", ""]);
    assert_eq!(texts_of(&one), ["", "the log reached its limit of 24 bytes: 1 more line was dropped"]);
}

#[test]
fn empty_lines_are_not_free() {
    let mut journal = Journal::new(1_000);
    for _ in 0..1_000_000 {
        journal.write(LogLevel::Debug, "", 0);
    }
    assert_eq!(journal.close(0).len() as u64, 1_000 / LINE_BYTES + 1);
}

#[test]
fn without_a_limit_nothing_is_kept_but_the_notice() {
    assert_eq!(journal_of(0, &["a"]).len(), 1);
    assert!(journal_of(0, &[]).is_empty());
}
