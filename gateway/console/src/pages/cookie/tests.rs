//! Tokens are compared whole; messages come through as they were said.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

use super::*;

fn with(cookie: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(COOKIE, HeaderValue::from_str(cookie).unwrap());
    headers
}

/// What a browser sends back of a `Set-Cookie`.
fn sent(set: &str) -> HeaderMap {
    with(&format!("other=1; {}", set.split(';').next().unwrap()))
}

#[test]
fn only_the_same_token_is_the_same() {
    let (one, other) = (new_token(), new_token());
    assert!(same_token(&one, &one.clone()));
    for wrong in [other.as_str(), "", &one[..31], &format!("{one}0")] {
        assert!(!same_token(&one, wrong), "{wrong}");
    }
    assert!(!same_token("", ""), "no token is no token");
    assert_eq!(token(&sent(&set_token(&one))), Some(one));
    assert_eq!(token(&with("wasmill_form=short")), None);
}

#[test]
fn a_message_comes_through() {
    let flash_of = |text: &str| Flash { is_good: false, text: text.into() };
    for text in ["", "Redriven: 3; „ü“ <b>\n", "a=b; c"] {
        assert_eq!(flash(&sent(&set_flash(&flash_of(text)))), Some(flash_of(text)));
    }
    let long = flash(&sent(&set_flash(&flash_of(&"ü".repeat(5_000))))).unwrap();
    assert_eq!(long.text.chars().count(), FLASH_CHARS);
    for broken in ["wasmill_flash=", "wasmill_flash=x00", "wasmill_flash=gzz", "wasmill_flash=gff"] {
        assert_eq!(flash(&with(broken)), None);
    }
}
