//! What is denied to all handlers: the mill's own stores, and what the configuration adds.
#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn stores_elsewhere_are_denied_by_host_and_those_here_are_not_named() {
    for (authority, host) in [
        ("redis.internal:6379", Some("redis.internal")),
        ("10.2.0.5:9092", Some("10.2.0.5")),
        ("[fd00::5]:9092", Some("fd00::5")),
        ("127.0.0.1:6379", None),
        ("[::1]:6379", None),
        ("localhost:9092", None),
    ] {
        assert_eq!(remote_host(authority).as_deref(), host, "{authority}");
    }
}

#[test]
fn a_password_in_the_address_is_not_taken_for_a_host() {
    let mut config = Config::default();
    config.queue.kind = QueueKind::Redis;
    config.queue.url = "redis://mill:p@ss@redis.internal:6379/0".into();
    assert_eq!(own_parts(&config), ["redis.internal"]);
    assert!(open(&config).is_ok());
}

#[test]
fn what_cannot_be_denied_is_told() {
    let mut config = Config::default();
    config.egress.denied = "10.0.0.0/8, http://x".into();
    let refusal = open(&config).unwrap_err().to_string();
    assert!(refusal.contains("egress.denied") && refusal.contains("http://x"), "{refusal}");
}
