//! Partitions: the offset wanted next, and what is settled. Nothing of the settled offsets is stored: everything below
//! the wanted offset that is neither live nor owed is settled.

use hashbrown::HashMap;
use rangemap::RangeSet;
use wasmill_job::{JobId, Offset, Passed, Progress, TopicPartition};

use crate::record::{LaneNo, Parked, Unwanted};

/// One partition.
pub(super) struct Lane {
    pub(super) name: TopicPartition,
    /// Whether its name means it; else that means a newer lane.
    pub(super) is_named: bool,
    pub(super) wanted: Offset,
    /// Progress of an older one does not resume it.
    pub(super) epoch: u64,
    /// The last record that its pushes passed.
    pub(super) passed: Option<Passed>,
    /// What is settled: below the wanted offset by the queue's own account; above it by what was resumed with.
    pub(super) progress: Progress,
    /// What was settled by what the log said in a resume, and not by the queue's own account.
    pub(super) inherited: Progress,
    /// Of which of those offsets a copy has come.
    pub(super) used: RangeSet<u64>,
    /// Its parked jobs that are out.
    pub(super) parked: Parked,
    pub(super) unwanted: Unwanted,
    /// Its shares of the digest; each `None` until it is stored, or when there is nothing to store.
    pub(super) stamps: Stamps,
}

/// Sums of what is stored of a lane.
#[derive(Clone, Copy, Default)]
pub(super) struct Stamps {
    pub(super) lane: Option<u64>,
    pub(super) inherited: Option<u64>,
    pub(super) parked: Option<u64>,
}

/// All partitions the queue has seen. Their numbers are their places here.
#[derive(Default)]
pub(super) struct Lanes {
    all: Vec<Lane>,
    by_name: HashMap<TopicPartition, LaneNo>,
    /// Those that a name meant before, the newest last.
    left: HashMap<TopicPartition, Vec<LaneNo>>,
}

impl Lanes {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn find(&self, name: &TopicPartition) -> Option<LaneNo> {
        self.by_name.get(name).copied()
    }

    /// A new lane, which its name means from now on.
    pub(super) fn add(&mut self, name: TopicPartition, wanted: Offset) -> LaneNo {
        // A log has far fewer partitions than 4,294,967,295.
        let number = LaneNo(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        self.by_name.insert(name.clone(), number);
        let progress = Progress { floor: wanted, ..Progress::default() };
        self.all.push(Lane {
            name,
            is_named: true,
            wanted,
            epoch: 0,
            passed: None,
            progress,
            inherited: Progress::default(),
            used: RangeSet::new(),
            parked: Parked::new(),
            unwanted: Unwanted::new(),
            stamps: Stamps::default(),
        });
        number
    }

    /// A lane that its name no longer means.
    pub(super) fn add_nameless(&mut self, name: TopicPartition, wanted: Offset) -> LaneNo {
        let named = self.by_name.get(&name).copied();
        let number = self.add(name.clone(), wanted);
        match named {
            Some(named) => self.by_name.insert(name, named),
            None => self.by_name.remove(&name),
        };
        self.leave(number);
        number
    }

    /// The lane's name does not mean it any more.
    pub(super) fn leave(&mut self, number: LaneNo) {
        let lane = self.get_mut(number);
        lane.is_named = false;
        let name = lane.name.clone();
        self.left.entry(name).or_default().push(number);
    }

    /// The lanes that a name meant before, the newest first.
    pub(super) fn left(&self, name: &TopicPartition) -> impl Iterator<Item = LaneNo> {
        self.left.get(name).into_iter().flatten().rev().copied()
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

    /// A sum of its row, for the digest.
    pub(super) fn sum(&self) -> u64 {
        let passed = self.passed.map_or([0, 0], |passed| [passed.offset.0 + 1, passed.hash.0]);
        sum([u64::from(self.is_named), self.wanted.0, self.epoch].into_iter().chain(passed))
    }

    /// A sum of what was inherited; `None` when nothing was.
    pub(super) fn inherited_sum(&self) -> Option<u64> {
        let Progress { floor, settled, .. } = &self.inherited;
        let ranges =
            |set: &RangeSet<u64>| set.iter().flat_map(|range| [range.start, range.end]).collect::<Vec<_>>();
        let (ranges, used) = (ranges(settled), ranges(&self.used));
        (floor.0 > 0 || !settled.is_empty()).then(|| sum(std::iter::once(floor.0).chain(ranges).chain(used)))
    }

    /// A sum of what is parked; `None` when nothing is.
    pub(super) fn parked_sum(&self) -> Option<u64> {
        let ranges =
            |out: &RangeSet<u64>| out.iter().flat_map(|range| [range.start, range.end]).collect::<Vec<_>>();
        let all =
            self.parked.iter().flat_map(|(of, out)| std::iter::once(u64::from(of.0)).chain(ranges(out)));
        let id = |id: &JobId| {
            let bytes = id.to_bytes();
            let (high, low) = bytes.split_at(8);
            [high, low].map(|half| half.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
        };
        let wishes = self.unwanted.values().flatten();
        let wishes = wishes.flat_map(|(job, wish)| id(job).into_iter().chain([wish.0]));
        (!self.parked.is_empty()).then(|| sum(all.chain(wishes)))
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

fn sum(numbers: impl IntoIterator<Item = u64>) -> u64 {
    let mix = |sum: u64, number: u64| (sum ^ number).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    numbers.into_iter().fold(1, mix)
}
