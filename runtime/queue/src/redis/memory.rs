//! How much memory each shard's server uses, for metrics and for people.

use futures_util::future::try_join_all;

use super::script::Name;
use crate::{QueueError, RedisQueue};

/// The memory of the server that a shard is on. Several shards on one server show the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardMemory {
    pub shard: u16,
    /// Bytes that are used now.
    pub used: u64,
    /// Bytes that may be used (`maxmemory`); `None` when there is no limit.
    pub max: Option<u64>,
    /// Pushes are refused: more than three quarters are used, or were and less than a twentieth of the limit has become free
    /// since.
    pub is_full: bool,
}

impl RedisQueue {
    /// The memory of each shard, in their order. Measured now. Cost: a call per shard.
    ///
    /// # Errors
    /// `Unavailable` while a server cannot be reached.
    pub async fn memory(&self) -> Result<Vec<ShardMemory>, QueueError> {
        let all = self.shards().map(|shard| async move {
            let mut answer = shard.list(&shard.call(Name::Memory)).await?;
            Ok(ShardMemory {
                shard: u16::try_from(shard.number).unwrap_or(u16::MAX),
                used: answer.number()?,
                max: Some(answer.number()?).filter(|most| *most > 0),
                is_full: answer.number()? == 1,
            })
        });
        try_join_all(all).await
    }
}
