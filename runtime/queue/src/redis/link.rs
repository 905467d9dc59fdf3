//! The way to Redis: which shard lies on which server, and calls of scripts there. Shards of all sets are numbered through, and
//! so are servers; shard i of a set lies on its server i mod servers.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use redis::Value;
use wasmill_job::{Partition, ServerSet};

use super::news::News;
use super::places::Places;
use super::script::{Call, Name, Scripts};
use super::server::{Process, Server};
use super::trouble::Trouble;
use crate::{RedisConfig, RedisServers, RedisStartError};

/// The way to the servers of the queue.
pub(super) struct Link {
    servers: Vec<Arc<Server>>,
    sets: Vec<Set>,
    scripts: Arc<Scripts>,
    /// The keys of the shards' cores.
    cores: Vec<String>,
    process: Arc<Process>,
    places: Places,
}

/// A set of servers, and the shards on them, by their numbers.
#[derive(Debug, PartialEq, Eq)]
struct Set {
    shards: Range<usize>,
    servers: Range<usize>,
}

impl Set {
    /// The server of a shard of the set.
    fn server_of(&self, shard: usize) -> usize {
        self.servers.start + (shard - self.shards.start) % self.servers.len()
    }

    /// The shards of each of its servers.
    fn sharing(&self) -> usize {
        self.shards.len() / self.servers.len()
    }
}

impl Link {
    /// Prepares it; connects to nothing yet. `listener` is a random number of this process.
    ///
    /// # Errors
    /// When an address cannot be read, or names and numbers do not fit.
    pub(super) fn new(config: &RedisConfig, listener: u64, news: Arc<News>) -> Result<Self, RedisStartError> {
        let refused = |why: String| Err(RedisStartError::Refused(why));
        if config.name.is_empty() || !config.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return refused(format!(
                "the queue's name `{}` may hold letters, digits and dashes only",
                config.name
            ));
        }
        let (mut sets, mut urls) = (Vec::<Set>::new(), Vec::new());
        for RedisServers { servers, shards } in config.sets() {
            let (shards, count) = (usize::from(shards.get()), servers.len());
            if count == 0 || !shards.is_multiple_of(count) {
                return refused(format!(
                    "{shards} shards cannot be dealt out evenly to {count} servers: make queue.shards a multiple of the number \
                     of addresses in queue.url"
                ));
            }
            let (shard, server) = sets.last().map_or((0, 0), |last| (last.shards.end, last.servers.end));
            sets.push(Set { shards: shard..shard + shards, servers: server..server + count });
            urls.extend(servers);
        }
        let shards = sets.last().map_or(0, |last| last.shards.end);
        let cores: Vec<String> = (0..shards).map(|shard| format!("{{{}:{shard}}}:c", config.name)).collect();
        let scripts = Arc::new(Scripts::new());
        let process = Arc::new(Process {
            listener: format!("{listener:016x}"),
            dead_max: config.dead_max,
            has_siblings: urls.len() > 1,
            news,
        });
        let mut servers = Vec::with_capacity(urls.len());
        for set in &sets {
            for number in set.servers.clone() {
                let own = set.shards.clone().filter(|shard| set.server_of(*shard) == number);
                let own = own.map(|shard| cores[shard].clone()).collect();
                let server = Server::new(urls[number], own, Arc::clone(&scripts), Arc::clone(&process))?;
                servers.push(Arc::new(server));
            }
        }
        let mut known = BTreeSet::new();
        if let Some(twice) = servers.iter().find(|server| !known.insert(server.place())) {
            return refused(format!("queue.url names Redis at {} twice", twice.address()));
        }
        let places = Places::new(cores.len());
        Ok(Self { servers, sets, scripts, cores, process, places })
    }

    pub(super) fn servers(&self) -> &[Arc<Server>] {
        &self.servers
    }

    /// The server on which a shard lies.
    pub(super) fn server_of(&self, shard: usize) -> usize {
        self.set_of(shard).server_of(shard)
    }

    /// The shard of a partition of a generation that lies in `set`.
    ///
    /// # Errors
    /// When this process knows no such set.
    pub(super) fn shard_of(&self, set: ServerSet, partition: Partition) -> Result<usize, Trouble> {
        let Some(Set { shards, .. }) = self.sets.get(usize::from(set.0)) else {
            let known = self.sets.len();
            return Err(Trouble::Lasting(format!(
                "this is of set {set} of Redis servers, counted from 0, and the configuration of this process has {known}: give \
                 it the same [[queue.more]] as the others, in the same order"
            )));
        };
        Ok(shards.start + partition.0 as usize % shards.len())
    }

    /// A shard's number in its set, and how many there are in that: limits are divided among them.
    pub(super) fn share_of(&self, shard: usize) -> (usize, usize) {
        let Set { shards, .. } = self.set_of(shard);
        (shard - shards.start, shards.len())
    }

    /// The set of a shard that there is.
    fn set_of(&self, shard: usize) -> &Set {
        &self.sets[self.sets.partition_point(|set| set.shards.end <= shard)]
    }

    /// Hosts and ports, or paths: without users and passwords.
    pub(super) fn address(&self) -> String {
        self.servers.iter().map(|server| server.address()).collect::<Vec<_>>().join(", ")
    }

    /// Names this process to those that wake it.
    pub(super) fn listener(&self) -> &str {
        &self.process.listener
    }

    pub(super) fn cores(&self) -> &[String] {
        &self.cores
    }

    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    /// Dead letters kept per type and shard where no log takes them.
    pub(super) fn dead_max(&self) -> u64 {
        self.process.dead_max
    }

    /// How many shards share this shard's server.
    pub(super) fn sharing(&self, shard: usize) -> usize {
        self.set_of(shard).sharing()
    }

    /// A call of a script on a shard.
    pub(super) fn call(&self, name: Name, shard: usize) -> Call {
        self.scripts.call(name, shard, &self.cores[shard])
    }

    /// Calls a script. A call that fails may have been done all the same.
    pub(super) async fn run(&self, call: &Call) -> Result<Value, Trouble> {
        self.servers[self.server_of(call.shard)].run(call).await
    }

    /// A plain command on a shard's server, for the check.
    pub(super) async fn command(&self, shard: usize, command: &redis::Cmd) -> Result<Value, Trouble> {
        self.servers[self.server_of(shard)].command(command).await
    }

    /// Ends the connections; later calls make new ones.
    pub(super) async fn close(&self) {
        for server in &self.servers {
            server.close().await;
        }
    }
}
