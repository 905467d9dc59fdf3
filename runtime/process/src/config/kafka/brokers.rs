//! The addresses of brokers, as a list or as one text with commas between.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Addresses of brokers, in the order in which they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brokers(Vec<String>);

impl Brokers {
    /// The addresses, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first that is no `HOST:PORT`.
    pub(super) fn wrong(&self) -> Option<&str> {
        let is_right = |address: &str| {
            address.rsplit_once(':').is_some_and(|(host, port)| {
                // Between brackets stands an address of IPv6.
                let is_bare = !host.contains([':', '/', ' ', '@']);
                !host.is_empty()
                    && (is_bare || host.starts_with('[') && host.ends_with(']'))
                    && port.parse::<u16>().is_ok_and(|port| port > 0)
            })
        };
        self.iter().find(|address| !is_right(address))
    }
}

impl From<&str> for Brokers {
    fn from(text: &str) -> Self {
        let pieces = text.split(',').map(str::trim).filter(|piece| !piece.is_empty());
        Self(pieces.map(str::to_owned).collect())
    }
}

impl<'de> Deserialize<'de> for Brokers {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Addresses)
    }
}

/// Reads them.
struct Addresses;

impl<'de> Visitor<'de> for Addresses {
    type Value = Brokers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of addresses, or one text with commas between them")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Brokers, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Brokers, A::Error> {
        let mut brokers = Vec::new();
        while let Some(address) = list.next_element()? {
            brokers.push(address);
        }
        Ok(Brokers(brokers))
    }
}

impl Serialize for Brokers {
    /// As one text, which is how a variable says it.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl fmt::Display for Brokers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}
