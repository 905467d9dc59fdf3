//! Tests of which letters are meant.
#![allow(clippy::unwrap_used)]

use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    which: Which,
}

fn which(args: &[&str]) -> Which {
    Line::try_parse_from(["test"].iter().chain(args)).unwrap().which
}

#[test]
fn nothing_named_is_nothing_meant_but_each_filter_is() {
    assert!(which(&[]).require_some().is_err());
    assert!(which(&["--dry-run", "--yes"]).require_some().is_err());
    for args in [&["--all"][..], &["id"], &["--type", "mail"], &["--code", "trap"], &["--error", "no #"]] {
        which(args).require_some().unwrap();
    }
    assert!(Line::try_parse_from(["test", "id", "--all"]).is_err());
}

#[test]
fn the_request_says_the_filter_also_for_a_page_of_ids() {
    let which = which(&["--type", "mail", "--code", "trap", "--error", "no #"]);
    let json = |wanted: &WantedLetters<'_>| serde_json::to_string(wanted).unwrap();
    assert_eq!(
        json(&which.preview()),
        r#"{"type":"mail","code":"trap","error":"no #","ids":[],"all":true,"dry_run":true,"confirm":true}"#
    );
    let page = ["a".to_owned()];
    assert_eq!(
        json(&which.wanted(&page)),
        r#"{"type":"mail","code":"trap","error":"no #","ids":["a"],"all":false,"dry_run":false,"confirm":true}"#
    );
}

#[test]
fn letters_are_described_with_their_number() {
    assert_eq!(which(&["--all"]).describe(1_200), "all 1200 dead letters");
    assert_eq!(
        which(&["--type", "mail", "--error", "no #"]).describe(2),
        "all 2 dead letters of mail with the error `no #`"
    );
    assert_eq!(which(&["a", "b"]).describe(2), "2 dead letters");
    assert_eq!(which(&["a"]).describe(1), "1 dead letter");
}

#[test]
fn a_message_is_one_short_line() {
    assert_eq!(shortened("fine"), "fine");
    assert_eq!(shortened("first\nsecond"), "first…");
    assert_eq!(shortened(&"é".repeat(81)).chars().count(), 81);
}
