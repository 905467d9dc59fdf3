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
