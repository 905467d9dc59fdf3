//! Unit tests of what is asked of a Redis at the start.

#![allow(clippy::unwrap_used)]
use super::*;

const GOOD: &str = "redis_version:7.0.15\r\nrole:master\r\nmaxmemory_policy:noeviction\r\nmaxmemory:1073741824\r\n\
                    total_system_memory:8589934592\r\naof_enabled:1\r\n";

fn judged(change: &[(&str, &str)]) -> Result<RedisStart, Trouble> {
    let mut info = facts(GOOD);
    info.extend(change.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    judge(&info, "cache:6379", 1)
}

#[test]
fn a_good_redis_is_used_without_a_word() {
    assert_eq!(
        judged(&[]),
        Ok(RedisStart { version: "7.0.15".into(), warnings: Vec::new(), missing: Vec::new() })
    );
}

#[test]
fn what_loses_jobs_is_refused_and_says_what_to_do() {
    for (change, says) in [
        (("redis_version", "6.2.14"), "needs 7.0 or newer"),
        (("redis_mode", "cluster"), "put a server that is none"),
        (("role", "slave"), "put its primary into queue.url"),
        (("maxmemory_policy", "allkeys-lru"), "set maxmemory-policy noeviction"),
        (("maxmemory", "4194304"), "raise maxmemory"),
    ] {
        let Err(Trouble::Lasting(sentence)) = judged(&[change]) else { panic!("{change:?} is accepted") };
        assert!(sentence.contains(says) && sentence.contains("cache:6379"), "{sentence}");
    }
}

#[test]
fn what_is_dangerous_is_warned_of() {
    for (change, says) in [
        (("maxmemory", "0"), "Set maxmemory"),
        (("maxmemory", "8589934592"), "nothing is left for saving"),
        (("aof_enabled", "0"), "Set appendonly yes"),
    ] {
        let warnings = judged(&[change]).unwrap().warnings;
        assert!(warnings.iter().any(|warning| warning.contains(says)), "{warnings:?}");
    }
}

#[test]
fn each_shard_on_a_server_needs_its_memory() {
    let info = |bytes: &str| {
        let mut info = facts(GOOD);
        info.insert("maxmemory".into(), bytes.into());
        info
    };
    assert!(judge(&info("8388608"), "cache:6379", 1).is_ok());
    assert!(judge(&info("8388608"), "cache:6379", 2).is_err());
    assert!(judge(&info("16777216"), "cache:6379", 2).is_ok());
}
