//! Jobs that stand in no log, on their shards: a shard each, as their ids say.

use futures_util::future::join_all;
use wasmill_job::Offset;

use super::pushing::{ShardPushed, Source};
use super::trouble::Trouble;
use crate::{Admission, Enqueued, Entry, NewJob, QueueError, RedisQueue};

impl RedisQueue {
    pub(super) async fn enqueue_jobs(
        &self,
        jobs: Vec<NewJob>,
        source: Source<'_>,
    ) -> Result<Enqueued, QueueError> {
        // There is no offset behind them.
        let entries: Vec<Entry> = jobs.into_iter().map(|new| Entry::Job { offset: Offset(0), new }).collect();
        let mut places: Vec<Vec<usize>> = vec![Vec::new(); self.shards().count()];
        for (at, entry) in entries.iter().enumerate() {
            places[self.shard_of_entry(entry)?.number].push(at);
        }
        let busy = self.shards().filter(|shard| !places[shard.number].is_empty());
        let pushes = busy.map(|shard| {
            let places = &places[shard.number];
            let entries: Vec<&Entry> = places.iter().map(|at| &entries[*at]).collect();
            async move { (places, shard.push(source, &entries).await) }
        });
        let mut admissions = vec![None; entries.len()];
        let (mut trouble, mut is_full) = (None, false);
        for (places, pushed) in join_all(pushes).await {
            match pushed {
                Ok(ShardPushed::Applied(fates)) => {
                    places.iter().zip(fates).for_each(|(at, fate)| admissions[*at] = fate);
                }
                Ok(_) => is_full = true,
                Err(why) => trouble = Some(why),
            }
        }
        let is_in_vain = admissions.iter().all(Option::is_none);
        match trouble {
            // One shard's trouble leaves the fate of its jobs known to nobody: a caller is told so of all. Of what is owed the
            // rest is paid, since whoever pays asks again.
            Some(trouble) if is_in_vain || matches!(source, Source::Direct) => {
                return Err(Trouble::into(trouble));
            }
            None if is_in_vain && is_full => return Ok(Enqueued::Full),
            _ => {}
        }
        // A full shard beside one that has room: its jobs are refused by name, the others are in.
        Ok(Enqueued::Done(admissions.into_iter().map(|fate| fate.unwrap_or(Admission::Full)).collect()))
    }
}
