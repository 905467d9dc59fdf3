//! How much memory each shard's server uses, for people.

use futures_util::future::try_join_all;

use super::script::Name;
use super::trouble::Trouble;
use crate::{QueueError, RedisQueue, ShardMemory};

impl RedisQueue {
    /// The memory of each shard, in their order.
    pub(super) async fn measure(&self) -> Result<Vec<ShardMemory>, QueueError> {
        let link = &self.shared.link;
        let all = self.shards().map(|shard| async move {
            let mut answer = shard.list(&shard.call(Name::Memory)).await?;
            Ok::<_, Trouble>(ShardMemory {
                shard: u16::try_from(shard.number).unwrap_or(u16::MAX),
                server: link.servers()[link.server_of(shard.number)].address().to_owned(),
                used: answer.number()?,
                max: Some(answer.number()?).filter(|most| *most > 0),
                is_full: answer.number()? == 1,
            })
        });
        Ok(try_join_all(all).await?)
    }
}
