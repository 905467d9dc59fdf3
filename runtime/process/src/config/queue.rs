//! `[queue]`: where jobs are pending and in flight.

mod more;
mod url;

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

pub use more::MoreRedis;
pub use url::{QueueUrl, QueueUrls};

use super::{Refusal, text};

/// Which queue a process works with. What begins at `url` is for Redis only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueConfig {
    /// `embedded` (in the data folder, for one process) or `redis` (shared by any number). Default `embedded`.
    pub kind: QueueKind,
    /// Where Redis is: `redis://[USER:PASSWORD@]HOST:PORT[/DB]`, or `unix:///PATH?db=N`; of several servers a list, or one
    /// text with commas between, in the same order for all the queue's processes, and not to be changed while there is
    /// something in it. Shown with passwords masked; the variable `WASMILL_QUEUE_URL` keeps them out of the file. Default
    /// `redis://127.0.0.1:6379`.
    pub url: QueueUrls,
    /// Names the queue's keys, so that one Redis can hold several: letters, digits and dashes. Default `wasmill`.
    pub name: String,
    /// Into how many parts the queue's keys are cut: a multiple of the number of servers. The same for all its processes,
    /// and not to be changed while there is something in it. Default: one for each server.
    #[serde(with = "text::count")]
    pub shards: NonZeroU32,
    /// Dead letters kept per job type and shard where there is no log; with so many, no jobs of the type are taken until
    /// some are redriven or purged. Default 10,000.
    #[serde(with = "text::count")]
    pub dead_max: NonZeroU32,
    /// Further sets of servers, which a queue of the catalog is put into by name (`redis = "big"`); those at `url` are the set
    /// `main`. The same for all the queue's processes, in the same order: a set is only ever added at the end, and none is taken
    /// out or changed while there is something in it. Default: none.
    pub more: Vec<MoreRedis>,
}

/// What keeps the jobs that are pending and in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QueueKind {
    #[default]
    Embedded,
    Redis,
}

/// Each shard is a round trip at every sweep; a Redis has one thread anyway.
const SHARDS_MAX: u32 = 64;
const NAME_BYTES_MAX: usize = 64;

impl QueueConfig {
    pub(super) fn refusals(&self) -> Vec<Refusal> {
        let refuse = |key, message: String| Refusal { section: "queue", key, message };
        let mut refusals = Vec::new();
        if let Some(wrong) = self.url.wrong() {
            refusals.push(refuse("url", wrong.into()));
        }
        if !is_name(&self.name) {
            refusals.push(refuse("name", format!("must be 1 to {NAME_BYTES_MAX} letters, digits or dashes")));
        }
        refusals.extend(wrong_shards(&self.url, self.shards).map(|wrong| refuse("shards", wrong)));
        refusals
    }

    /// The rules about the further sets, each with its place in the list.
    pub(super) fn more_refusals(&self) -> Vec<(usize, Refusal)> {
        more::refusals(&self.more)
    }

    /// The shards of the set `main`, over all its servers: what `shards` says, and one for each server where it says nothing.
    pub fn shards_in_all(&self) -> u32 {
        shards_in_all(&self.url, self.shards)
    }

    /// The addresses of all servers, set by set.
    pub fn urls(&self) -> impl Iterator<Item = &QueueUrl> {
        self.url.iter().chain(self.more.iter().flat_map(|set| set.url.iter()))
    }
}

fn shards_in_all(url: &QueueUrls, shards: NonZeroU32) -> u32 {
    let servers = u32::try_from(url.iter().len()).unwrap_or(u32::MAX);
    if shards == NonZeroU32::MIN { servers.max(1) } else { shards.get() }
}

/// What is wrong with a number of shards. Nothing is said of one whose addresses are wrong.
fn wrong_shards(url: &QueueUrls, shards: NonZeroU32) -> Option<String> {
    let servers = url.iter().len();
    if shards.get() > SHARDS_MAX {
        return Some(format!("must lie between 1 and {SHARDS_MAX}"));
    }
    let fits = url.wrong().is_some() || (shards_in_all(url, shards) as usize).is_multiple_of(servers);
    (!fits).then(|| format!("must be a multiple of {servers}, the number of servers in url"))
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(fits)
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            kind: QueueKind::default(),
            url: QueueUrls::default(),
            name: "wasmill".into(),
            shards: NonZeroU32::MIN,
            dead_max: NonZeroU32::MIN.saturating_add(9_999),
            more: Vec::new(),
        }
    }
}
