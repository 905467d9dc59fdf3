//! What can be a token, and that it stays hidden.
#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn a_token_may_end_with_a_line_and_does_not_show_itself() {
    let token = Token::read("wm_secret\n", "file").unwrap();
    assert_eq!(token.header(), "Bearer wm_secret");
    assert!(!format!("{token:?}").contains("secret"));
}

#[test]
fn what_cannot_be_a_token_is_refused_without_being_repeated() {
    for text in ["", " \n", "wm_secret wm_secret", "wm_secret\nwm_secret", "wm_s\u{e9}cret"] {
        let said = Token::read(text, "WASMILL_TOKEN").unwrap_err().to_string();
        assert!(said.starts_with("WASMILL_TOKEN holds no token") && !said.contains("cret"), "{said}");
    }
}
