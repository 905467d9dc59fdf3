//! Partitions: the offset wanted next, and what is settled. Nothing of the settled offsets is stored: everything below
//! the wanted offset that is neither live nor owed is settled.

use hashbrown::HashMap;
use wasmill_job::{Offset, Progress, TopicPartition};

use crate::record::LaneNo;

/// One partition.
pub(super) struct Lane {
    pub(super) name: TopicPartition,
    pub(super) wanted: Offset,
    /// What is settled: below the wanted offset by the queue's own account; above it by what was resumed with.
    pub(super) progress: Progress,
    /// The wanted offset as it is stored; `None` until it is.
    pub(super) stored: Option<Offset>,
    /// A sum of the ranges stored when it was resumed; `None` when there are none.
    pub(super) resumed: Option<u64>,
}

/// All partitions the queue has seen. Their numbers are their places here.
#[derive(Default)]
pub(super) struct Lanes {
    all: Vec<Lane>,
    by_name: HashMap<TopicPartition, LaneNo>,
}

impl Lanes {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn find(&self, name: &TopicPartition) -> Option<LaneNo> {
        self.by_name.get(name).copied()
    }

    pub(super) fn add(&mut self, name: TopicPartition, wanted: Offset) -> LaneNo {
        // A log has far fewer partitions than 4,294,967,295.
        let number = LaneNo(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        self.by_name.insert(name.clone(), number);
        let progress = Progress { floor: wanted, ..Progress::default() };
        self.all.push(Lane { name, wanted, progress, stored: None, resumed: None });
        number
    }

    pub(super) fn get(&self, number: LaneNo) -> &Lane {
        &self.all[number.0 as usize]
    }

    pub(super) fn get_mut(&mut self, number: LaneNo) -> &mut Lane {
        &mut self.all[number.0 as usize]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (LaneNo, &Lane)> {
        // As in `add`.
        self.all
            .iter()
            .enumerate()
            .map(|(index, lane)| (LaneNo(u32::try_from(index).unwrap_or(u32::MAX)), lane))
    }
}

impl Lane {
    /// Marks one offset settled.
    pub(super) fn settle(&mut self, offset: Offset) {
        self.progress.settle(offset..offset.next());
    }

    /// The settled ranges at or above the wanted offset.
    pub(super) fn resumed(&self) -> Vec<(u64, u64)> {
        let wanted = self.wanted.0;
        let floor = (self.progress.floor.0 > wanted).then_some((wanted, self.progress.floor.0));
        let above = self.progress.settled.iter().filter(|range| range.end > wanted);
        floor.into_iter().chain(above.map(|range| (range.start.max(wanted), range.end))).collect()
    }

    /// The progress as it may be told: its floor never passes the wanted offset, so that the log keeps what the queue
    /// is still going to ask for.
    pub(super) fn told(&self) -> Progress {
        let mut told = self.progress.clone();
        if told.floor > self.wanted {
            told.settled.insert(self.wanted.0..told.floor.0);
            told.floor = self.wanted;
        }
        told
    }
}

/// A sum of ranges, for the digest.
pub(super) fn sum(ranges: &[(u64, u64)]) -> u64 {
    let mix = |sum: u64, number: u64| (sum ^ number).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    ranges.iter().fold(1, |sum, (start, end)| mix(mix(sum, *start), *end))
}
