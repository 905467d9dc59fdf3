//! `[[queue.more]]`: further sets of Redis servers, which queues can be put into by name.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use toml::Value;

use super::{NAME_BYTES_MAX, QueueUrls, is_name, shards_in_all, wrong_shards};
use crate::config::{Refusal, text};

/// A set of servers beside the one at `queue.url`. No two sets have a server in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct MoreRedis {
    /// What catalogs call it: letters, digits and dashes. Not `main`, which is the set at `queue.url`.
    pub name: String,
    /// Its servers, as in `queue.url`.
    pub url: QueueUrls,
    /// Into how many parts its keys are cut, as in `queue.shards`. Default: one for each server.
    #[serde(with = "text::count")]
    pub shards: NonZeroU32,
}

/// The same, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    url: QueueUrls,
    #[serde(with = "text::count", default = "one")]
    shards: NonZeroU32,
}

/// What ids can tell apart, less the set at `queue.url`.
const MORE_MAX: usize = 63;
/// The name of the set at `queue.url`.
const MAIN: &str = "main";

impl MoreRedis {
    /// Its shards, over all its servers.
    pub fn shards_in_all(&self) -> u32 {
        shards_in_all(&self.url, self.shards)
    }

    fn wrong(&self) -> Option<String> {
        if !is_name(&self.name) {
            return Some(format!(
                "has a set whose name is not 1 to {NAME_BYTES_MAX} letters, digits or dashes"
            ));
        }
        let name = &self.name;
        if name == MAIN {
            return Some(
                "has a set called `main`, which is the one at queue.url; give it another name".to_owned(),
            );
        }
        if let Some(wrong) = self.url.wrong() {
            return Some(format!("`{name}`: url {wrong}"));
        }
        wrong_shards(&self.url, self.shards).map(|wrong| format!("`{name}`: shards {wrong}"))
    }
}

/// What is wrong with the sets: which of them breaks a rule, and how.
pub(super) fn refusals(sets: &[MoreRedis]) -> Vec<(usize, Refusal)> {
    let refuse = |message| Refusal { section: "queue", key: "more", message };
    let mut names = BTreeMap::new();
    let mut refusals = Vec::new();
    for (index, set) in sets.iter().enumerate() {
        if let Some(wrong) = set.wrong() {
            refusals.push((index, refuse(wrong)));
        }
        if names.insert(&set.name, index).is_some() {
            refusals
                .push((index, refuse(format!("has two sets called `{}`; give one another name", set.name))));
        }
        if index == MORE_MAX {
            refusals.push((index, refuse(format!("has {} sets; ids can tell {MORE_MAX} apart", sets.len()))));
        }
    }
    refusals
}

fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}

impl TryFrom<Value> for MoreRedis {
    type Error = String;

    /// Never repeats what was written: an address may hold a password.
    fn try_from(value: Value) -> Result<Self, String> {
        if !value.is_table() {
            return Err(
                "a set of servers is a table: { name = \"…\", url = \"redis://HOST:PORT\" }".to_owned()
            );
        }
        let written = Written::deserialize(value).map_err(|error| error.message().trim_end().to_owned())?;
        let Written { name, url, shards } = written;
        Ok(Self { name, url, shards })
    }
}

#[cfg(test)]
mod tests;
