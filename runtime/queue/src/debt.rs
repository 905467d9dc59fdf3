//! What the queue owes: a dead letter for a job that was buried, and the children of a job that completed. It is owed from
//! the very step on that ended the job, and until it is paid; only then does the job's offset count as settled.

use std::sync::Arc;
use std::time::Duration;

use wasmill_job::{DeadLetter, Job, Path, QueueName, Topic, TopicPartition};

use crate::NewJob;

/// Something the queue owes, until it is where it belongs.
#[derive(Clone, Debug)]
pub struct Debt {
    pub id: DebtId,
    pub owes: Owes,
}

/// Names a debt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DebtId(pub u64);

/// What is owed.
#[derive(Clone, Debug, PartialEq)]
pub enum Owes {
    /// To the log: the letter of a job that was buried.
    Letter(Arc<DeadLetter>),
    /// To the log, or to the queue itself: all jobs that another one emitted when it completed. Those with a delay have it in
    /// [`Job::run_at`] by now.
    Children(Vec<Child>),
}

/// A job that another one emits.
#[derive(Clone, Debug, PartialEq)]
pub struct Child {
    /// Whole. Its id is derived from its parent's ([`wasmill_job::JobId::child_of`]): that makes it harmless to pay for it
    /// twice, while it lives and for some time after ([`Job::dedup_window`]). Its stamp says where it goes.
    pub job: Job,
    /// Its queue, in whose log it stands in the generation and the partition of its id.
    pub queue: QueueName,
    /// In which a repeat is a duplicate once it is done, and for ten minutes at least. Counts where it goes straight into the queue; a relay asks its
    /// catalog.
    pub dedup_window: Duration,
    /// Not to be run before so long after its parent has completed.
    pub delay: Duration,
}

impl Debt {
    /// The dead letter that is owed, if it is one.
    pub fn letter(&self) -> Option<&Arc<DeadLetter>> {
        match &self.owes {
            Owes::Letter(letter) => Some(letter),
            Owes::Children(_) => None,
        }
    }

    /// The children that are owed, if it is that.
    pub fn children(&self) -> &[Child] {
        match &self.owes {
            Owes::Letter(_) => &[],
            Owes::Children(children) => children,
        }
    }

    /// Whether a log is needed to pay it.
    pub fn needs_log(&self) -> bool {
        self.letter().is_some() || self.children().iter().any(Child::goes_into_log)
    }
}

impl Child {
    /// Whether its record is appended to the log.
    pub fn goes_into_log(&self) -> bool {
        self.job.stamp.path != Path::Queue
    }

    /// Whether it is given to the queue at once, as by a gateway: a relay then gives it none of its record.
    pub fn goes_into_queue(&self) -> bool {
        self.job.stamp.path != Path::Log
    }

    /// Where its record stands.
    pub fn place(&self) -> TopicPartition {
        TopicPartition::new(Topic::queue(&self.queue, self.job.id.generation()), self.job.id.partition())
    }

    /// As the queue takes it in: however many of its type are pending, for there is nobody who could be refused.
    pub fn new_job(&self) -> NewJob {
        NewJob::new(self.job.clone(), self.dedup_window)
    }
}
