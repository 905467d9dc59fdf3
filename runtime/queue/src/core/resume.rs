//! Resume: where a partition goes on, and what the log knows of it that the queue does not.

use std::ops::Range;

use wasmill_job::{Offset, Progress, TopicPartition};

use super::jobs::SlotNo;
use super::lanes::Lane;
use super::{Core, Decision};
use crate::Outdated;
use crate::record::{LaneNo, Serial};

impl Core {
    /// Begins or resumes a partition; returns the wanted offset and how many live jobs and debts were dropped because
    /// `progress` says their offsets are settled. Cost: O(ranges), plus O(live jobs) if any has to be dropped.
    ///
    /// # Errors
    /// When `progress` is of an epoch before the lane's: nothing is changed.
    pub(crate) fn resume(
        &mut self,
        name: &TopicPartition,
        progress: &Progress,
    ) -> Result<Decision<(Offset, usize)>, Outdated> {
        let known = self.lanes.find(name);
        if let Some(begun) =
            known.map(|lane| self.lanes.get(lane).epoch).filter(|begun| progress.epoch < *begun)
        {
            return Err(Outdated { read: progress.epoch, begun });
        }
        let number = known.unwrap_or_else(|| self.lanes.add(name.clone(), Offset(0)));
        let wanted = self.lanes.get(number).wanted;
        let news = self.lanes.get(number).news(progress);
        let dropped = if known.is_some() && news.iter().any(|range| range.start < wanted) {
            self.drop_settled(number, progress)
        } else {
            0
        };
        if !news.is_empty() {
            self.unwritten.inherited.insert(number);
        }
        let lane = self.lane_of(number);
        for range in news {
            lane.progress.settle(range.clone());
            lane.inherited.settle(range);
        }
        (lane.wanted, lane.epoch) = (wanted.max(progress.floor), progress.epoch);
        let wanted = lane.wanted;
        Ok(self.decide((wanted, dropped)))
    }

    /// Drops live jobs and debts at offsets that are settled by `progress` and not by the queue: it was rolled back.
    fn drop_settled(&mut self, lane: LaneNo, progress: &Progress) -> usize {
        let settled = |of: LaneNo, offset: Offset| of == lane && progress.is_settled(offset);
        let jobs: Vec<SlotNo> = self
            .jobs
            .iter()
            .filter(|(_, live)| settled(live.lane, live.offset))
            .map(|(slot, _)| slot)
            .collect();
        for slot in &jobs {
            self.remove(*slot);
        }
        let debts: Vec<Serial> = self.debts.of(settled);
        for debt in &debts {
            self.forgive(*debt);
        }
        jobs.len() + debts.len()
    }
}

impl Lane {
    /// What `progress` says is settled and the lane does not.
    fn news(&self, progress: &Progress) -> Vec<Range<Offset>> {
        let told = std::iter::once(0..progress.floor.0).chain(progress.settled.iter().cloned());
        let known = &self.progress;
        told.map(|range| range.start.max(known.floor.0)..range.end)
            .filter(|range| range.start < range.end)
            .flat_map(|range| {
                known.settled.gaps(&range).map(|gap| Offset(gap.start)..Offset(gap.end)).collect::<Vec<_>>()
            })
            .collect()
    }
}
