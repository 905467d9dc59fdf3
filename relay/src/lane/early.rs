//! Copies of parked jobs that come before their partition was read as far as it stood there. Mostly that passes: the queue was
//! wiped, and the other lane is on its way. Where the log does not have what stood there it never does.

use std::time::Duration;

use tokio::time::Instant;
use wasmill_job::Position;
use wasmill_log::{Bounds, Log, ReadError};
use wasmill_queue::Queue;

use super::Lane;
use crate::hindrance::Hindrance;

/// Since when a lane is early.
#[derive(Debug)]
pub(super) struct Waiting {
    origin: Position,
    /// When the log is asked whether it will pass.
    look_at: Instant,
    is_orphan: bool,
}

/// After how long, and how often, the log is asked. A lane that is only behind needs less.
const LOOK: Duration = Duration::from_secs(5);

impl<L: Log, Q: Queue> Lane<L, Q> {
    /// What to make of a hindrance: one that is early, and will be for ever, needs somebody.
    pub(super) async fn judge(&mut self, hindrance: Hindrance) -> Hindrance {
        let Hindrance::Early(origin) = hindrance else {
            return hindrance;
        };
        let now = Instant::now();
        let waiting = match &mut self.early {
            Some(waiting) if waiting.origin == origin => waiting,
            early => early.insert(Waiting { origin, look_at: now + LOOK, is_orphan: false }),
        };
        if now >= waiting.look_at {
            waiting.look_at = now + LOOK;
            let place = waiting.origin.topic_partition();
            waiting.is_orphan = match self.ends.log.bounds(&place).await {
                Ok(Bounds { next, .. }) => next <= waiting.origin.offset,
                Err(ReadError::Refused { .. } | ReadError::Gone { .. }) => true,
                Err(_) => waiting.is_orphan,
            };
        }
        let origin = waiting.origin.clone();
        if waiting.is_orphan {
            Hindrance::Orphaned { lane: self.place.clone(), origin: origin.topic_partition() }
        } else {
            Hindrance::Early(origin)
        }
    }
}
