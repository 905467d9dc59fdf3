//! A secret shows itself in no log and no text that leaves the sandbox.

use super::*;

#[test]
fn what_was_revealed_is_masked_wherever_it_stands() {
    let revealed = [Secret::new("s3cr3t-token".into()), Secret::new("abc".into())];
    let text = "abc: s3cr3t-token and s3cr3t-token".to_owned();
    assert_eq!(masked(text, &revealed), "abc: [secret] and [secret]");
}

#[test]
fn a_secret_does_not_print_itself() {
    assert_eq!(format!("{:?}", Secret::new("s3cr3t-token".into())), "Secret");
}
