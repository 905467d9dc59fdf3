//! Networks, and what the operator denies to everybody: the platform's own Redis, Kafka and gateway.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::address::embedded;
use crate::origin::{Host, Origin};
use crate::rule::{HostPattern, Rule};

/// All addresses that begin with the same bits, such as `10.1.0.0/16` or `fd12::/48`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

/// What no rule can grant, whoever writes it.
///
/// A name is compared as a name. Whoever knows the address of a host can reach it by another name, so deny the networks
/// too; a network holds however the host was named.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DeniedTarget {
    Network(Network),
    /// A name, or `*.` and a name, as in rules.
    Host(HostPattern),
}

/// A text that is neither network, address nor host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot be denied: write an address (`10.1.2.3`), a network that begins at its first address (`10.1.0.0/16`), \
     a name (`redis.internal`) or all names below one (`*.platform.internal`)"
)]
pub struct DeniedTargetError(String);

impl Network {
    pub(crate) const fn v4(a: u8, b: u8, c: u8, d: u8, prefix_bits: u8) -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix_bits }
    }

    /// Of the first four of eight groups; the others are zero.
    pub(crate) const fn v6(groups: [u16; 4], prefix_bits: u8) -> Self {
        let [a, b, c, d] = groups;
        Self { address: IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)), prefix_bits }
    }

    /// IPv4 and IPv6 are never in one network.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let differ = first.to_bits() ^ address.to_bits();
                differ.leading_zeros() >= u32::from(self.prefix_bits)
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let differ = first.to_bits() ^ address.to_bits();
                differ.leading_zeros() >= u32::from(self.prefix_bits)
            }
            _ => false,
        }
    }
}

impl DeniedTarget {
    pub(crate) fn denies_host(&self, host: &Host) -> bool {
        matches!(self, Self::Host(pattern) if pattern.covers(host))
    }

    /// An IPv4 address is found also where an IPv6 address wraps it.
    pub(crate) fn denies_address(&self, address: IpAddr) -> bool {
        let Self::Network(network) = self else {
            return false;
        };
        network.contains(address) || embedded(address).is_some_and(|inner| network.contains(inner.into()))
    }
}

impl FromStr for Network {
    type Err = DeniedTargetError;

    fn from_str(text: &str) -> Result<Self, DeniedTargetError> {
        let wrong = || DeniedTargetError(text.to_owned());
        let (address, prefix) =
            text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match prefix {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| wrong())?
            }
            Some(_) => return Err(wrong()),
            None => bits_max,
        };
        // `10.1.2.3/16` is more likely a mistake than a network.
        let zeros_behind = match address {
            IpAddr::V4(address) => address.to_bits().trailing_zeros(),
            IpAddr::V6(address) => address.to_bits().trailing_zeros(),
        };
        if prefix_bits > bits_max || zeros_behind < u32::from(bits_max - prefix_bits) {
            return Err(wrong());
        }
        Ok(Self { address, prefix_bits })
    }
}

impl FromStr for DeniedTarget {
    type Err = DeniedTargetError;

    fn from_str(text: &str) -> Result<Self, DeniedTargetError> {
        if let Ok(network) = text.parse() {
            return Ok(Self::Network(network));
        }
        // A host is what a rule for it would name.
        let wrong = || DeniedTargetError(text.escape_debug().take(100).collect());
        if text.contains([':', ' ', '/']) {
            return Err(wrong());
        }
        if text == "localhost" {
            return Ok(Self::Host(HostPattern::Name(text.to_owned())));
        }
        let rule: Rule = format!("http://{text}").parse().map_err(|_| wrong())?;
        match rule.host() {
            HostPattern::Address(_) => Err(wrong()),
            pattern => Ok(Self::Host(pattern.clone())),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.address, self.prefix_bits)
    }
}

impl fmt::Display for DeniedTarget {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => write!(out, "{network}"),
            Self::Host(pattern) => write!(out, "{pattern}"),
        }
    }
}

/// Whether the operator denies the host as it is written.
pub(crate) fn denies_origin(denied: &[DeniedTarget], origin: &Origin) -> bool {
    denied.iter().any(|target| target.denies_host(&origin.host))
}

#[cfg(test)]
mod tests;
