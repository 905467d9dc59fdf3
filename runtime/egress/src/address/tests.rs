//! Every family of addresses, with its edges.

use super::AddressKind::*;
use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn every_family_is_known_at_its_first_and_last_address() {
    let table: [(&str, &str, AddressKind); 37] = [
        ("0.0.0.0", "0.255.255.255", Unspecified),
        ("10.0.0.0", "10.255.255.255", Private),
        ("172.16.0.0", "172.31.255.255", Private),
        ("192.168.0.0", "192.168.255.255", Private),
        ("100.64.0.0", "100.127.255.255", Shared),
        ("127.0.0.0", "127.255.255.255", Loopback),
        ("169.254.0.0", "169.254.255.255", LinkLocal),
        ("169.254.169.254", "169.254.169.254", Metadata),
        ("168.63.129.16", "168.63.129.16", Metadata),
        ("100.100.100.200", "100.100.100.200", Metadata),
        ("192.0.0.192", "192.0.0.192", Metadata),
        ("192.0.0.0", "192.0.0.255", Reserved),
        ("192.0.2.0", "192.0.2.255", Reserved),
        ("198.18.0.0", "198.19.255.255", Reserved),
        ("198.51.100.0", "198.51.100.255", Reserved),
        ("203.0.113.0", "203.0.113.255", Reserved),
        ("192.88.99.0", "192.88.99.255", Tunnel),
        ("224.0.0.0", "239.255.255.255", Multicast),
        ("240.0.0.0", "255.255.255.254", Reserved),
        ("255.255.255.255", "255.255.255.255", Broadcast),
        ("::", "::", Unspecified),
        ("::1", "::1", Loopback),
        ("::2", "::ffff:ffff", Tunnel),
        ("::ffff:127.0.0.1", "::ffff:127.255.255.255", Loopback),
        ("::ffff:169.254.169.254", "::ffff:a9fe:a9fe", Metadata),
        ("::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8", Tunnel),
        ("64:ff9b::7f00:1", "64:ff9b::169.254.169.254", Tunnel),
        ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", Tunnel),
        ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", Tunnel),
        ("2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", Reserved),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Reserved),
        ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Tunnel),
        ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", Reserved),
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", UniqueLocal),
        ("fd00:ec2::23", "fd00:ec2::254", Metadata),
        ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", LinkLocal),
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Multicast),
    ];
    for (first, last, kind) in table {
        assert_eq!((first, AddressKind::of(ip(first))), (first, kind));
        assert_eq!((last, AddressKind::of(ip(last))), (last, kind));
    }
    for rest in ["fec0::1", "5f00::1", "4000::1", "fbff::1", "100::1", "1::"] {
        assert_eq!((rest, AddressKind::of(ip(rest))), (rest, Reserved));
    }
    assert_eq!(AddressKind::of(ip("fd20:ce::254")), Metadata);
}

#[test]
fn what_lies_beside_a_family_is_public() {
    for address in [
        "1.0.0.0",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2000::1",
        "2001:200::",
        "2001:db7::1",
        "2003::",
        "2606:4700::1111",
        "3ffe::",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ] {
        assert_eq!((address, AddressKind::of(ip(address))), (address, Public));
    }
}

#[test]
fn each_kind_is_reached_by_the_rules_that_may() {
    use Reach::{Literal, Private as PrivateReach, Public as PublicReach};
    let table: [(AddressKind, [bool; 3]); 12] = [
        (Public, [true, true, true]),
        (Private, [false, true, true]),
        (Shared, [false, true, true]),
        (UniqueLocal, [false, true, true]),
        (Loopback, [false, false, true]),
        (Reserved, [false, false, true]),
        (LinkLocal, [false; 3]),
        (Metadata, [false; 3]),
        (Unspecified, [false; 3]),
        (Multicast, [false; 3]),
        (Broadcast, [false; 3]),
        (Tunnel, [false; 3]),
    ];
    for (kind, expected) in table {
        assert_eq!([PublicReach, PrivateReach, Literal].map(|reach| kind.admits(reach)), expected, "{kind}");
    }
}

#[test]
fn wrapped_addresses_are_found() {
    for wrapping in [
        "::ffff:10.1.2.3",
        "::10.1.2.3",
        "::ffff:0:10.1.2.3",
        "64:ff9b::10.1.2.3",
        "2002:0a01:0203::",
        "2001:0:1:2:3:4:f5fe:fdfc",
    ] {
        assert_eq!((wrapping, embedded(ip(wrapping))), (wrapping, Some(Ipv4Addr::new(10, 1, 2, 3))));
    }
    assert_eq!(embedded(ip("10.1.2.3")), None);
    assert_eq!(embedded(ip("2606:4700::1111")), None);
}
