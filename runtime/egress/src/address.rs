//! Which addresses a connection may go to. Pure; the table is that of IANA's special-purpose registries.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::network::Network;

#[cfg(test)]
mod tests;

/// How far a rule reaches, each further than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// A name: public addresses only.
    Public,
    /// A name marked `private`: addresses of private networks as well.
    Private,
    /// An address: that one, unless it is of a kind that is never reached.
    Literal,
}

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressKind {
    Public,
    Private,
    /// Between a provider and its customers (carrier-grade NAT).
    Shared,
    UniqueLocal,
    Loopback,
    /// Set aside for protocols, documentation, measurements, or nothing yet.
    Reserved,
    LinkLocal,
    /// Where clouds hand out credentials.
    Metadata,
    /// "This network"; Linux connects `0.0.0.0` to loopback.
    Unspecified,
    Multicast,
    Broadcast,
    /// IPv6 that wraps IPv4, or leads into a tunnel.
    Tunnel,
}

use AddressKind::{Broadcast, LinkLocal, Loopback, Metadata, Multicast, Private, Reserved, Shared, Tunnel};

/// The first that contains an address counts. Everything else in IPv4 is public.
const IPV4: [(Network, AddressKind); 23] = [
    (Network::v4(169, 254, 169, 254, 32), Metadata), // AWS, Google, Azure, and most others
    (Network::v4(168, 63, 129, 16, 32), Metadata),   // Azure's WireServer
    (Network::v4(100, 100, 100, 200, 32), Metadata), // Alibaba
    (Network::v4(192, 0, 0, 192, 32), Metadata),     // Oracle
    (Network::v4(0, 0, 0, 0, 8), AddressKind::Unspecified), // RFC 791, 3.2
    (Network::v4(10, 0, 0, 0, 8), Private),          // RFC 1918
    (Network::v4(100, 64, 0, 0, 10), Shared),        // RFC 6598
    (Network::v4(127, 0, 0, 0, 8), Loopback),        // RFC 1122, 3.2.1.3
    (Network::v4(169, 254, 0, 0, 16), LinkLocal),    // RFC 3927; ECS and EKS hand out credentials here
    (Network::v4(172, 16, 0, 0, 12), Private),       // RFC 1918
    (Network::v4(192, 0, 0, 0, 24), Reserved),       // RFC 6890, protocol assignments
    (Network::v4(192, 0, 2, 0, 24), Reserved),       // RFC 5737, documentation
    (Network::v4(192, 31, 196, 0, 24), Reserved),    // RFC 7535, AS112
    (Network::v4(192, 52, 193, 0, 24), Tunnel),      // RFC 7450, AMT
    (Network::v4(192, 88, 99, 0, 24), Tunnel),       // RFC 7526, 6to4 relays
    (Network::v4(192, 168, 0, 0, 16), Private),      // RFC 1918
    (Network::v4(192, 175, 48, 0, 24), Reserved),    // RFC 7534, AS112
    (Network::v4(198, 18, 0, 0, 15), Reserved),      // RFC 2544, benchmarking
    (Network::v4(198, 51, 100, 0, 24), Reserved),    // RFC 5737, documentation
    (Network::v4(203, 0, 113, 0, 24), Reserved),     // RFC 5737, documentation
    (Network::v4(224, 0, 0, 0, 4), Multicast),       // RFC 5771
    (Network::v4(255, 255, 255, 255, 32), Broadcast), // RFC 919
    (Network::v4(240, 0, 0, 0, 4), Reserved),        // RFC 1112, 4
];

/// The first that contains an address counts. Of what is left, `2000::/3` is public (RFC 4291, 2.4) and the rest reserved.
const IPV6: [(Network, AddressKind); 16] = [
    (Network::v6([0xfd00, 0x0ec2, 0, 0], 32), Metadata), // AWS: metadata, credentials of pods, time, names
    (Network::v6([0xfd20, 0x00ce, 0, 0], 32), Metadata), // Google
    (Network::v6([0xfc00, 0, 0, 0], 7), AddressKind::UniqueLocal), // RFC 4193
    (Network::v6([0xfe80, 0, 0, 0], 10), LinkLocal),     // RFC 4291, 2.5.6
    (Network::v6([0xfec0, 0, 0, 0], 10), Reserved),      // RFC 3879, site-local
    (Network::v6([0xff00, 0, 0, 0], 8), Multicast),      // RFC 4291, 2.7
    (Network::v6([0x0064, 0xff9b, 1, 0], 48), Tunnel),   // RFC 8215, NAT64 of this network
    (Network::v6([0x0100, 0, 0, 0], 64), Reserved),      // RFC 6666, discard
    (Network::v6([0x2001, 0, 0, 0], 32), Tunnel),        // RFC 4380, Teredo
    (Network::v6([0x2001, 0, 0, 0], 23), Reserved),      // RFC 2928, protocols, with benchmarking and ORCHID
    (Network::v6([0x2001, 0x0db8, 0, 0], 32), Reserved), // RFC 3849, documentation
    (Network::v6([0x2002, 0, 0, 0], 16), Tunnel),        // RFC 3056, 6to4
    (Network::v6([0x2620, 0x004f, 0x8000, 0], 48), Reserved), // RFC 7534, AS112
    (Network::v6([0x3fff, 0, 0, 0], 20), Reserved),      // RFC 9637, documentation
    (Network::v6([0x5f00, 0, 0, 0], 16), Reserved),      // RFC 9602, segment routing
    (Network::v6([0, 0, 0, 0], 64), Tunnel), // RFC 4291, 2.5.5: IPv4-compatible; RFC 2765: IPv4-translated
];

impl AddressKind {
    /// Of an address by itself, or of the IPv4 address that an IPv4-mapped one (RFC 4291, 2.5.5.2) stands for. One
    /// behind a NAT64 (RFC 6052) is public if its IPv4 address is, as networks without IPv4 need it; else a tunnel.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => of_ipv4(address),
            IpAddr::V6(address) => of_ipv6(address),
        }
    }

    /// Whether a rule of this reach may connect to such an address.
    pub fn admits(self, reach: Reach) -> bool {
        match self {
            Self::Public => true,
            Private | Shared | Self::UniqueLocal => reach >= Reach::Private,
            Loopback | Reserved => reach >= Reach::Literal,
            LinkLocal | Metadata | Self::Unspecified | Multicast | Broadcast | Tunnel => false,
        }
    }
}

impl fmt::Display for AddressKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Public => "a public address",
            Self::Private => "an address of a private network",
            Self::Shared => "an address shared by a provider's customers",
            Self::UniqueLocal => "a unique local address",
            Self::Loopback => "the worker's own machine",
            Self::Reserved => "a reserved address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "a cloud's metadata service",
            Self::Unspecified => "no host's address",
            Self::Multicast => "a multicast address",
            Self::Broadcast => "a broadcast address",
            Self::Tunnel => "an address that wraps another one",
        })
    }
}

/// The IPv4 address that an IPv6 address wraps: mapped, compatible, translated, behind NAT64, 6to4 or Teredo.
pub(crate) fn embedded(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else {
        return None;
    };
    let pair = |high: u16, low: u16| Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => pair(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => pair(high, low),
        [0x64, 0xff9b, 1, _, _, _, high, low] => pair(high, low),
        [0x2002, high, low, ..] => pair(high, low),
        // Teredo holds the client's address inverted (RFC 4380, 4).
        [0x2001, 0, _, _, _, _, high, low] => pair(!high, !low),
        _ => None,
    }
}

fn of_ipv4(address: Ipv4Addr) -> AddressKind {
    find(&IPV4, address.into()).unwrap_or(AddressKind::Public)
}

fn of_ipv6(address: Ipv6Addr) -> AddressKind {
    if let Some(inner) = address.to_ipv4_mapped() {
        return of_ipv4(inner);
    }
    match address {
        Ipv6Addr::LOCALHOST => return Loopback,
        Ipv6Addr::UNSPECIFIED => return AddressKind::Unspecified,
        _ => {}
    }
    if let [0x64, 0xff9b, 0, 0, 0, 0, ..] = address.segments() {
        let inner = embedded(address.into()).map(of_ipv4);
        return if inner == Some(AddressKind::Public) { AddressKind::Public } else { Tunnel };
    }
    let unicast = Network::v6([0x2000, 0, 0, 0], 3).contains(address.into());
    let otherwise = if unicast { AddressKind::Public } else { Reserved };
    find(&IPV6, address.into()).unwrap_or(otherwise)
}

fn find(table: &[(Network, AddressKind)], address: IpAddr) -> Option<AddressKind> {
    table.iter().find(|(network, _)| network.contains(address)).map(|(_, kind)| *kind)
}
