//! What a terminal must not get, and where text is cut.

use super::*;

#[test]
fn control_characters_are_escaped() {
    for (text, harmless) in [
        ("plain é 漢 🙂", "plain é 漢 🙂"),
        ("two\r\nlines\t", "two\\r\\nlines\\t"),
        ("\u{1b}[31mred", "\\u{1b}[31mred"),
        ("\u{9b}31mred\u{7f}\0", "\\u{9b}31mred\\u{7f}\\u{0}"),
        ("line\u{2028}separator", "line\\u{2028}separator"),
        ("abc\u{202e}cba", "abc\\u{202e}cba"),
        ("quotes \" ' and \\ stay", "quotes \" ' and \\ stay"),
    ] {
        assert_eq!(escaped(text, 100), harmless);
    }
}

#[test]
fn text_is_cut_between_characters_and_says_so() {
    assert_eq!(escaped("abc", 3), "abc");
    assert_eq!(escaped("abcd", 3), "abc …");
    assert_eq!(escaped("aé", 2), "a …");
    assert_eq!(escaped("a\n", 2), "a …", "an escape is kept whole or not at all");
    assert_eq!(escaped("", 0), "");
}
