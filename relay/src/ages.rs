//! When the records of a lane were stored, remembered thinly: enough to tell the age of its floor without reading the log
//! again for it.

use std::collections::VecDeque;
use std::time::Duration;

use wasmill_job::{Offset, UnixMs};

/// Samples of offsets and when they were stored, in the order of both.
#[derive(Debug, Default)]
pub(crate) struct Ages(VecDeque<(Offset, UnixMs)>);

/// Records stored closer together than this are one sample.
const GRAIN: Duration = Duration::from_secs(1);
/// Beyond so many samples every other one is dropped, so that a long backlog costs no more than a short one.
const SAMPLES_MAX: usize = 4_096;

impl Ages {
    /// Notes that the record at `offset` was stored then. Offsets that do not grow are known already.
    pub(crate) fn note(&mut self, offset: Offset, stored_at: UnixMs) {
        let is_news = self.0.back().is_none_or(|(last, at)| offset > *last && stored_at.since(*at) >= GRAIN);
        if is_news {
            self.0.push_back((offset, stored_at));
        }
        if self.0.len() > SAMPLES_MAX {
            let mut is_kept = false;
            self.0.retain(|_| {
                is_kept = !is_kept;
                is_kept
            });
        }
    }

    /// About when the record at `floor` was stored: at the last sample that is not behind it. Forgets what is older.
    /// `None` when the floor lies before all that was noted.
    pub(crate) fn of(&mut self, floor: Offset) -> Option<UnixMs> {
        while self.0.get(1).is_some_and(|(offset, _)| *offset <= floor) {
            self.0.pop_front();
        }
        self.0.front().filter(|(offset, _)| *offset <= floor).map(|(_, at)| *at)
    }

    /// Forgets everything: the lane goes on elsewhere.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests;
