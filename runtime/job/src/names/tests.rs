//! Unit tests of `names`.

#![allow(clippy::unwrap_used)]
use super::*;

#[test]
fn names_take_letters_digits_dots_and_dashes() {
    for good in ["a", "email.welcome", "x-1.Y", "7"] {
        assert_eq!(good.parse::<JobType>().unwrap().as_str(), good);
    }
    let long = "a".repeat(129);
    for bad in ["", ".a", "a-", "a b", "a_b", "é", "a/b", long.as_str()] {
        assert!(bad.parse::<JobType>().is_err(), "{bad:?} was accepted");
        assert!(bad.parse::<QueueName>().is_err(), "{bad:?} was accepted");
    }
}

#[test]
fn a_refusal_says_what_is_wrong() {
    let refusal = "email welcome".parse::<JobType>().unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "the job type `email welcome` contains ` `; only letters, digits, dots and dashes are allowed"
    );
}

#[test]
fn a_tag_is_a_name_and_a_version() {
    let tag: ModuleTag = "welcome@1.4.2".parse().unwrap();
    assert_eq!((tag.name(), tag.version()), ("welcome", "1.4.2"));
    for bad in ["welcome", "@1", "welcome@", "a@b@c", "we lcome@1"] {
        assert!(bad.parse::<ModuleTag>().is_err(), "{bad:?} was accepted");
    }
}

#[test]
fn a_digest_survives_its_text_form() {
    let digest = ModuleDigest::of(b"");
    let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(digest.to_string(), text);
    assert_eq!(text.parse::<ModuleDigest>().unwrap(), digest);
    assert!(text[1..].parse::<ModuleDigest>().is_err());
    assert!(text.replace('e', "+").parse::<ModuleDigest>().is_err());
    assert!("é".repeat(32).parse::<ModuleDigest>().is_err());
}
