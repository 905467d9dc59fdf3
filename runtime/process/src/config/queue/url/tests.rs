//! Unit tests of `url`: what is shown of an address, and what is not.

use super::*;

#[test]
fn a_password_is_never_shown() {
    for (url, shown) in [
        ("redis://127.0.0.1:6379", "redis://127.0.0.1:6379"),
        ("redis://host:6379/3", "redis://host:6379/3"),
        ("redis://:secret@host:6379", "redis://:***@host:6379"),
        ("redis://mill:secret@host:6379/3", "redis://mill:***@host:6379/3"),
        ("redis://mill:sec/ret@ret@host:6379", "redis://mill:***@host:6379"),
        ("redis://mill@host:6379", "redis://mill@host:6379"),
        ("unix:///run/redis.sock?db=3&pass=secret", "unix:///run/redis.sock?db=3&pass=***"),
        ("mill:secret@host", "***"),
    ] {
        let url = QueueUrl::from(url);
        assert_eq!(url.to_string(), shown);
        assert_eq!(format!("{url:?}"), format!("QueueUrl({shown})"));
    }
}

#[test]
fn an_address_of_another_kind_is_wrong() {
    for url in ["", "127.0.0.1:6379", "http://host", "rediss://host:6379", "redis:host"] {
        assert!(QueueUrl::from(url).wrong().is_some(), "{url}");
    }
    for url in ["redis://host", "unix:///run/redis.sock", "redis+unix:///run/redis.sock"] {
        assert!(QueueUrl::from(url).wrong().is_none(), "{url}");
    }
}

#[test]
fn several_addresses_are_read_from_one_text_or_a_list() {
    let shown = |text: &str| QueueUrls::from(text).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(shown("redis://one:1"), ["redis://one:1"]);
    assert_eq!(
        shown("redis://:se,cret@one:1, redis://two:2/3,unix:///run/redis.sock"),
        ["redis://:***@one:1", "redis://two:2/3", "unix:///run/redis.sock"]
    );
    assert_eq!(
        QueueUrls::from("redis://:se,cret@one:1").iter().next().map(QueueUrl::reveal),
        Some("redis://:se,cret@one:1")
    );
    assert!(QueueUrls::from("redis://one:1,").wrong().is_none(), "the comma is the address's own");
    assert!(QueueUrls::from("").wrong().is_some() && QueueUrls(Vec::new()).wrong().is_some());
    assert!(QueueUrls(vec!["redis://one".into(), "http://two".into()]).wrong().is_some());
}
