//! The way to Redis: which shard lies on which server, and calls of scripts there. Shard i lies on server i mod servers.

use std::collections::BTreeSet;
use std::sync::Arc;

use redis::Value;

use super::news::News;
use super::script::{Call, Name, Scripts};
use super::server::{Process, Server};
use super::trouble::Trouble;
use crate::{RedisConfig, RedisStartError};

/// The way to the servers of the queue.
pub(super) struct Link {
    servers: Vec<Arc<Server>>,
    scripts: Arc<Scripts>,
    /// The keys of the shards' cores.
    cores: Vec<String>,
    process: Arc<Process>,
}

impl Link {
    /// Prepares it; connects to nothing yet. `listener` is a random number of this process.
    ///
    /// # Errors
    /// When an address cannot be read, or names and numbers do not fit.
    pub(super) fn new(config: &RedisConfig, listener: u64, news: Arc<News>) -> Result<Self, RedisStartError> {
        let refused = |why: String| Err(RedisStartError::Refused(why));
        let (shards, servers) = (usize::from(config.shards.get()), config.servers.len());
        if config.name.is_empty() || !config.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return refused(format!(
                "the queue's name `{}` may hold letters, digits and dashes only",
                config.name
            ));
        }
        if servers == 0 || !shards.is_multiple_of(servers) {
            return refused(format!(
                "{shards} shards cannot be dealt out evenly to {servers} servers: make queue.shards a multiple of the number \
                 of addresses in queue.url"
            ));
        }
        let cores: Vec<String> = (0..shards).map(|shard| format!("{{{}:{shard}}}:c", config.name)).collect();
        let scripts = Arc::new(Scripts::new());
        let process = Arc::new(Process {
            listener: format!("{listener:016x}"),
            dead_max: config.dead_max,
            sharing: shards / servers,
            has_siblings: servers > 1,
            news,
        });
        let server = |(number, url): (usize, &String)| {
            let own = cores.iter().skip(number).step_by(servers).cloned().collect();
            Server::new(url, own, Arc::clone(&scripts), Arc::clone(&process)).map(Arc::new)
        };
        let servers =
            config.servers.iter().enumerate().map(server).collect::<Result<Vec<_>, RedisStartError>>()?;
        let mut known = BTreeSet::new();
        if let Some(twice) = servers.iter().find(|server| !known.insert(server.place())) {
            return refused(format!("queue.url names Redis at {} twice", twice.address()));
        }
        Ok(Self { servers, scripts, cores, process })
    }

    pub(super) fn servers(&self) -> &[Arc<Server>] {
        &self.servers
    }

    /// The server on which a shard lies.
    pub(super) fn server_of(&self, shard: usize) -> usize {
        shard % self.servers.len()
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

    /// Dead letters kept per type and shard where no log takes them.
    pub(super) fn dead_max(&self) -> u64 {
        self.process.dead_max
    }

    /// How many shards share a server.
    pub(super) fn sharing(&self) -> usize {
        self.process.sharing
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
