//! What is asked of a Redis before it is trusted with jobs.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::join_all;
use redis::{Cmd, Value};

use super::link::Link;
use super::reply::as_text;
use super::server::Server;
use super::trouble::Trouble;

/// A Redis that can be used, and what its operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisStart {
    /// Its version, such as `7.0.15`; of several servers, theirs.
    pub version: String,
    /// Sentences: what is allowed, and dangerous. Persistence that is off, memory without a limit.
    pub warnings: Vec<String>,
    /// Sentences: servers that cannot be reached at the moment, while others can.
    pub missing: Vec<String>,
}

/// Why a Redis cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedisStartError {
    /// Trouble that passes by itself: not reachable, or still loading. Try again.
    #[error("{0}")]
    Unavailable(String),
    /// Trouble that only a person ends: a wrong password or database, a replica, an eviction policy, a version.
    #[error("{0}")]
    Refused(String),
}

/// The oldest Redis whose commands and script flags suffice.
const VERSION_MIN: (u32, u32) = (7, 0);
/// For each shard: a quarter of less than this would reserve memory for fewer than 1,024 jobs in flight, at 2 KiB each.
const MEMORY_MIN: u64 = 8 << 20;

/// Asks every server. One that cannot be reached is named; the others work without it.
pub(super) async fn start(link: &Link) -> Result<RedisStart, RedisStartError> {
    let asked = join_all(link.servers().iter().map(|server| async {
        let info = facts(&ask(server, Cmd::new().arg("INFO")).await?);
        judge(&info, server.address(), server.sharing())
    }));
    let (mut versions, mut warnings, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for answer in asked.await {
        match answer.map_err(RedisStartError::from) {
            Ok(start) => {
                versions.push(start.version);
                warnings.extend(start.warnings);
            }
            Err(RedisStartError::Unavailable(reason)) => missing.push(reason),
            Err(refused) => return Err(refused),
        }
    }
    versions.dedup();
    match (versions.is_empty(), &missing[..]) {
        (true, reasons) => Err(RedisStartError::Unavailable(reasons.join("; "))),
        _ => Ok(RedisStart { version: versions.join(", "), warnings, missing }),
    }
}

/// What the facts mean. Pure.
fn judge(info: &HashMap<String, String>, address: &str, sharing: usize) -> Result<RedisStart, Trouble> {
    let fact = |name: &str| info.get(name).map(String::as_str).unwrap_or_default();
    let number = |name: &str| fact(name).parse::<u64>().unwrap_or_default();
    let lasting = |sentence: String| Err(Trouble::Lasting(sentence));
    let version = fact("redis_version").to_owned();
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    if (major, minor) < VERSION_MIN {
        return lasting(format!(
            "Redis at {address} is version {version}; the queue needs 7.0 or newer (tested with 7.0)"
        ));
    }
    if fact("role") != "master" {
        return lasting(format!(
            "Redis at {address} is a replica of {}:{}: put its primary into queue.url",
            fact("master_host"),
            fact("master_port")
        ));
    }
    if fact("redis_mode") == "cluster" {
        return lasting(format!(
            "Redis at {address} is a node of a cluster, and this release speaks to one server: put a server that is none \
             into queue.url"
        ));
    }
    let policy = fact("maxmemory_policy");
    if policy != "noeviction" {
        return lasting(format!(
            "Redis at {address} has the eviction policy {policy}, under which it throws jobs away when it is full: set \
             maxmemory-policy noeviction"
        ));
    }
    let maxmemory = number("maxmemory");
    let least = MEMORY_MIN.saturating_mul(sharing as u64);
    if maxmemory > 0 && maxmemory < least {
        return lasting(format!(
            "Redis at {address} may use {maxmemory} bytes of memory; a quarter is reserved for jobs in flight, and that \
             needs at least {least}, {MEMORY_MIN} for each shard on it: raise maxmemory"
        ));
    }
    let mut warnings = Vec::new();
    if maxmemory == 0 {
        warnings.push(format!(
            "Redis at {address} has no limit of its memory (maxmemory 0): when the machine's is used up, it is killed \
             instead of refusing pushes. Set maxmemory to at most two thirds of the machine's"
        ));
    } else if maxmemory > number("total_system_memory") / 10 * 9 {
        warnings.push(format!(
            "Redis at {address} may use more than nine tenths of its machine's memory: nothing is left for saving"
        ));
    }
    if fact("aof_enabled") != "1" {
        warnings.push(format!(
            "Redis at {address} does not write its changes to disk (appendonly no): what is in the queue is lost when it \
             stops. Set appendonly yes"
        ));
    }
    Ok(RedisStart { version, warnings, missing: Vec::new() })
}

async fn ask(server: &Arc<Server>, command: &Cmd) -> Result<String, Trouble> {
    match server.command(command).await? {
        Value::VerbatimString { text, .. } => Ok(text),
        value => as_text(&value).map(str::to_owned).ok_or_else(|| Trouble::nonsense("INFO without text")),
    }
}

fn facts(info: &str) -> HashMap<String, String> {
    let lines = info.lines().filter_map(|line| line.split_once(':'));
    lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

#[cfg(test)]
mod tests;
