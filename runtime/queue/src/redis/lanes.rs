//! Lanes on their shards: each is on one, as its jobs are, but the lane of the dead letters is on all, for they lie with
//! their jobs.

use futures_util::future::try_join_all;
use wasmill_job::{DeadLetter, Offset, Passed, Progress, TopicPartition};

use super::pushing::{ShardPushed, Source};
use super::shard::Shard;
use super::trouble::Trouble;
use crate::{Admission, Entry, Push, Pushed, QueueError, RedisQueue};

impl RedisQueue {
    pub(super) async fn resume_lane(
        &self,
        lane: &TopicPartition,
        progress: &Progress,
    ) -> Result<Offset, QueueError> {
        if !lane.topic.is_compacted() {
            return Ok(self.shard_of_lane(lane)?.resume(lane, progress).await?);
        }
        let wanted =
            try_join_all(self.shards().map(|shard| async move { shard.resume(lane, progress).await }))
                .await?;
        Ok(wanted.into_iter().min().unwrap_or_default())
    }

    pub(super) async fn passed_of_lane(&self, lane: &TopicPartition) -> Result<Option<Passed>, QueueError> {
        if !lane.topic.is_compacted() {
            return Ok(self.shard_of_lane(lane)?.passed(lane).await?);
        }
        // Each shard has passed at least what the last one of them has.
        let all = try_join_all(self.shards().map(|shard| async move { shard.passed(lane).await })).await?;
        let least = all.into_iter().min_by_key(|passed| passed.map(|passed| passed.offset));
        Ok(least.flatten())
    }

    pub(super) async fn adopt_lane(
        &self,
        lane: &TopicPartition,
        from: Offset,
        epoch: u64,
    ) -> Result<(), QueueError> {
        if !lane.topic.is_compacted() {
            return Ok(self.shard_of_lane(lane)?.adopt(lane, from, epoch).await?);
        }
        try_join_all(self.shards().map(|shard| async move { shard.adopt(lane, from, epoch).await })).await?;
        Ok(())
    }

    pub(super) async fn push_lane(&self, push: Push) -> Result<Pushed, QueueError> {
        if let Some(reason) = push.fault() {
            return Err(QueueError::Malformed { reason });
        }
        if push.lane.topic.is_compacted() {
            return Ok(self.push_spread(&push).await?);
        }
        let shard = self.shard_of_lane(&push.lane)?;
        let entries: Vec<&Entry> = push.entries.iter().collect();
        Ok(match shard.push(Source::Lane(&push, push.from), &entries).await? {
            ShardPushed::Applied(fates) => {
                let fates = push.entries.iter().zip(&fates);
                let dropped = fates.filter(|(_, fate)| **fate == Some(Admission::Duplicate));
                let duplicates = dropped.map(|(entry, _)| push.lane.at(entry.offset())).collect();
                Pushed::Applied { duplicates }
            }
            ShardPushed::Over(rooms) => Pushed::Over(rooms),
            ShardPushed::Early(offset) => Pushed::Early(offset),
            ShardPushed::Wants(wanted) => Pushed::Wants(wanted),
            ShardPushed::Unknown => Pushed::Unknown,
            ShardPushed::Full => Pushed::Full,
        })
    }

    pub(super) async fn progress_of_lane(&self, lane: &TopicPartition) -> Result<Progress, QueueError> {
        if !lane.topic.is_compacted() {
            return Ok(self.shard_of_lane(lane)?.progress(lane).await?);
        }
        let all = try_join_all(self.shards().map(|shard| async move { shard.progress(lane).await })).await?;
        Ok(all.into_iter().min_by_key(|progress| progress.floor).unwrap_or_default())
    }

    pub(super) fn shard_of_entry(&self, entry: &Entry) -> Result<Shard<'_>, Trouble> {
        match entry {
            Entry::Job { new, .. } | Entry::Copy { new, .. } => self.shard_of(new.job.id),
            // A push with such an entry goes to its partition's shard whole.
            Entry::Parked { .. } | Entry::Ended { .. } => Ok(self.shard(0)),
            Entry::Cancel { cancel, .. } => self.shard_of(cancel.id),
            Entry::Dead { letter, .. } => self.shard_of_letter(&letter.key()),
            Entry::Undead { key, .. } => self.shard_of_letter(DeadLetter::split_record_key(key).0),
        }
    }

    /// A lane that is spread over all shards: the dead letters' topic. Each shard has an offset of its own; the least is
    /// what the queue wants, and a shard that is ahead, after a crash between two of them, is given what it has not had.
    async fn push_spread(&self, push: &Push) -> Result<Pushed, Trouble> {
        let mut wants = Vec::new();
        for shard in self.shards() {
            match self.push_part(&shard, push, push.from).await? {
                ShardPushed::Applied(_) => wants.push(push.from),
                ShardPushed::Wants(wanted) if push.from < wanted && wanted < push.to => {
                    self.push_part(&shard, push, wanted).await?;
                    wants.push(wanted);
                }
                ShardPushed::Wants(wanted) => wants.push(wanted),
                ShardPushed::Over(rooms) => return Ok(Pushed::Over(rooms)),
                ShardPushed::Early(offset) => return Ok(Pushed::Early(offset)),
                ShardPushed::Unknown => return Ok(Pushed::Unknown),
                ShardPushed::Full => return Ok(Pushed::Full),
            }
        }
        let wanted = wants.into_iter().min().unwrap_or(push.from);
        Ok(if wanted == push.from { Pushed::whole() } else { Pushed::Wants(wanted) })
    }

    /// The entries of a spread push that belong to a shard, from an offset on.
    async fn push_part(&self, shard: &Shard<'_>, push: &Push, from: Offset) -> Result<ShardPushed, Trouble> {
        let mut entries = Vec::new();
        for entry in push.entries.iter().filter(|entry| entry.offset() >= from) {
            if self.shard_of_entry(entry)?.number == shard.number {
                entries.push(entry);
            }
        }
        shard.push(Source::Lane(push, from), &entries).await
    }
}
