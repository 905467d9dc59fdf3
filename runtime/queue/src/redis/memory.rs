//! How much memory each shard's server uses, for people.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use super::script::Name;
use super::shard::Shard;
use super::trouble::Trouble;
use crate::{RedisQueue, ShardMemory};

/// How long a server may take to tell its memory. Who asks wants to know about the others, too.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

impl RedisQueue {
    /// The memory of each shard, in their order.
    pub(super) async fn measure(&self) -> Vec<ShardMemory> {
        let link = &self.shared.link;
        let all = self.shards().map(|shard| async move {
            let server = link.servers()[link.server_of(shard.number)].address().to_owned();
            let number = u16::try_from(shard.number).unwrap_or(u16::MAX);
            let away =
                ShardMemory { shard: number, server, used: 0, max: None, is_away: true, is_full: false };
            match timeout(ANSWER_WITHIN, shard.memory()).await {
                Ok(Ok((used, max, is_full))) => ShardMemory { used, max, is_full, is_away: false, ..away },
                Ok(Err(_)) | Err(_) => away,
            }
        });
        join_all(all).await
    }
}

impl Shard<'_> {
    /// What is used, what may be, and whether it is full.
    async fn memory(&self) -> Result<(u64, Option<u64>, bool), Trouble> {
        let mut answer = self.list(&self.call(Name::Memory)).await?;
        let (used, max) = (answer.number()?, answer.number()?);
        Ok((used, Some(max).filter(|most| *most > 0), answer.number()? == 1))
    }
}
