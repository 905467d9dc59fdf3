//! Adopt: a partition's name gets a new lane.

use wasmill_job::{Offset, Passed, TopicPartition};

use super::{Core, Decision};

impl Core {
    /// The last record that pushes of the lane have passed.
    pub(crate) fn passed(&self, _name: &TopicPartition) -> Option<Passed> {
        None
    }

    /// Begins a lane anew.
    pub(crate) fn adopt(&mut self, _name: &TopicPartition, _from: Offset) -> Decision<()> {
        self.decide(())
    }
}
