//! Adopt: a partition's offsets mean other records than they did. Its name gets a new lane; the old one lives on without a
//! name, for the jobs that came from it, until they come from the log again or the queue is built anew.

use wasmill_job::{Offset, Passed, TopicPartition};

use super::{Core, Decision};

impl Core {
    /// The last record that pushes of the lane have passed.
    pub(crate) fn passed(&self, name: &TopicPartition) -> Option<Passed> {
        self.lanes.get(self.lanes.find(name)?).passed
    }

    /// Begins a lane anew at `from`, in an epoch. What is inherited or parked stays with the old one: copies find it there.
    /// Cost: O(lanes) of a topic of parked jobs, else O(1).
    pub(crate) fn adopt(&mut self, name: &TopicPartition, from: Offset, epoch: u64) -> Decision<()> {
        if let Some(old) = self.lanes.find(name) {
            self.lane_of(old).passed = None;
            self.lanes.leave(old);
        }
        self.give_up_parked(name);
        let new = self.lanes.add(name.clone(), from);
        self.lane_of(new).epoch = epoch;
        self.decide(())
    }
}
