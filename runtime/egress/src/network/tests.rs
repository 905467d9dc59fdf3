//! Networks and denied targets, as text and as sets.

use super::*;

#[test]
fn a_network_holds_its_addresses_and_no_other() {
    let holds =
        |network: &str, address: &str| network.parse::<Network>().unwrap().contains(address.parse().unwrap());
    assert!(holds("10.1.0.0/16", "10.1.0.0") && holds("10.1.0.0/16", "10.1.255.255"));
    assert!(!holds("10.1.0.0/16", "10.0.255.255") && !holds("10.1.0.0/16", "10.2.0.0"));
    assert!(holds("0.0.0.0/0", "8.8.8.8") && !holds("0.0.0.0/0", "::1"));
    assert!(holds("::/0", "2606::1") && !holds("::/0", "8.8.8.8"));
    assert!(holds("10.1.2.3", "10.1.2.3") && !holds("10.1.2.3", "10.1.2.4"));
    assert!(holds("fd12:3456::/33", "fd12:3456:7fff::1") && !holds("fd12:3456::/33", "fd12:3456:8000::1"));
}

#[test]
fn a_denied_network_holds_wrapped_addresses_too() {
    let denied: DeniedTarget = "8.8.8.0/24".parse().unwrap();
    for address in ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"] {
        assert!(denied.denies_address(address.parse().unwrap()), "{address}");
    }
    assert!(!denied.denies_address("8.8.9.8".parse().unwrap()));
}

#[test]
fn denied_targets_round_trip_or_are_refused() {
    for text in ["10.1.0.0/16", "fd12::/48", "redis.internal", "*.platform.internal", "redis", "localhost"] {
        assert_eq!(text.parse::<DeniedTarget>().unwrap().to_string(), text);
    }
    assert_eq!("Redis.Internal.".parse::<DeniedTarget>().unwrap().to_string(), "redis.internal");
    assert_eq!("10.1.2.3".parse::<DeniedTarget>().unwrap().to_string(), "10.1.2.3/32");
    for text in [
        "",
        "10.1.2.3/16",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.0/+8",
        "redis:6379",
        "http://redis",
        "*",
        "a b",
        "0x7f.1",
        "1/8",
    ] {
        assert!(text.parse::<DeniedTarget>().is_err(), "{text}");
    }
}
