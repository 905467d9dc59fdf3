//! What stands in a task's way: why, how long to pause before the next try, and a log line when it begins or changes
//! and one when it is over, however many tries lie between.

use std::time::Duration;

use wasmill_job::wire::Undecodable;
use wasmill_job::{JobType, Offset, Position, TopicPartition};
use wasmill_log::{AppendError, ReadError};
use wasmill_queue::QueueError;

/// Why a step was not done. Every step is tried again for ever; nothing is skipped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Hindrance {
    #[error("the queue is full: it goes on when workers have made room")]
    Full,
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error("a dead letter cannot be written: {0}")]
    Letter(#[from] Undecodable),
    #[error(
        "the queue has taken {lane} up to offset {wanted}, but the log ended at offset {end}: the log has lost \
         records or was replaced, and offsets would mean other jobs than they did. Bring the right log back; or, when \
         what is missing is lost for good, accept the log as it is: `wasmill relay accept {lane}`"
    )]
    Ahead { lane: TopicPartition, wanted: Offset, end: Offset },
    #[error(
        "the log of {lane} begins at offset {first}, but the queue still wants offset {wanted}: the records between \
         are gone. Bring the log back from a copy; or, when they are lost for good, accept the log as it is: `wasmill \
         relay accept {lane}`"
    )]
    Gone { lane: TopicPartition, wanted: Offset, first: Offset },
    #[error(
        "the log of {lane} is not the one that the queue has read: another record stands at offset {offset}, or none. The \
         topic was deleted and made again, or lost its end in an unclean election; offsets would mean other jobs than they \
         did. Bring the right log back; or, when what is missing is lost for good, accept the log as it is: `wasmill relay \
         accept {lane}`"
    )]
    Replaced { lane: TopicPartition, offset: Offset },
    #[error("there is no room for more jobs of type {0}: parked ones wait until some were taken")]
    NoRoom(JobType),
    #[error("a parked job came back before its partition was read as far as it stood there ({0}): it waits")]
    Early(Position),
    #[error(
        "{lane} has copies of parked jobs that were made of records of {origin}, and the log does not have what stood there: \
         the topic was deleted, or lost its end, and the queue was lost as well. They cannot be told from copies of jobs that \
         had run, and wait; what stands behind them in {lane} waits with them. Bring {origin} back from a copy. What they \
         hold can be read from {lane}"
    )]
    Orphaned { lane: TopicPartition, origin: TopicPartition },
    #[error(
        "the progress of {lane} cannot be told to the log: {}. This lane waits; lanes whose progress stands elsewhere go \
         on",
        why(error)
    )]
    Untold { lane: TopicPartition, error: AppendError },
    #[error(
        "what is settled of {lane} cannot be read from the log: {error}. This lane waits; lanes whose progress stands \
         elsewhere go on"
    )]
    Unread { lane: TopicPartition, error: ReadError },
    #[error("the queue has forgotten what was settled of {0}: it was lost, and is resumed")]
    Forgotten(TopicPartition),
    #[error("the queue refused a push and wants the very offset that was pushed ({0})")]
    Undecided(Offset),
}

/// The present hindrance of one task, if any.
#[derive(Debug)]
pub(crate) struct Trouble {
    /// What the task does, for log lines: "relaying wasmill.q.mail.1/3".
    task: String,
    tries: u32,
    kind: Option<&'static str>,
    is_ordinary: bool,
}

/// The first pause; each later one is twice as long, up to [`PAUSE_MAX`].
const PAUSE_FIRST: Duration = Duration::from_millis(20);
/// Short enough that work goes on at once, for people, when the trouble is over.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// How often at least a lane looks for room for its parked jobs: workers make it all the time.
const PAUSE_FOR_ROOM: Duration = Duration::from_millis(250);

impl Hindrance {
    /// Hindrances of one kind are one state: a log line is written when the kind changes.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Queue(_) => "queue",
            Self::Read(ReadError::Corrupt { .. }) => "corrupt",
            Self::Read(_) => "read",
            Self::Append(_) => "append",
            Self::Letter(_) => "letter",
            Self::Ahead { .. } => "ahead",
            Self::Gone { .. } => "gone",
            Self::Replaced { .. } => "replaced",
            Self::NoRoom(_) => "no-room",
            Self::Early(_) => "early",
            Self::Orphaned { .. } => "orphaned",
            Self::Untold { .. } => "untold",
            Self::Unread { .. } => "unread",
            Self::Forgotten(_) => "forgotten",
            Self::Undecided(_) => "undecided",
        }
    }

    /// Whether only a person can help.
    pub(crate) fn needs_help(&self) -> bool {
        matches!(
            self,
            Self::Ahead { .. }
                | Self::Gone { .. }
                | Self::Replaced { .. }
                | Self::Orphaned { .. }
                | Self::Read(ReadError::Corrupt { .. } | ReadError::Refused { .. })
                | Self::Unread { error: ReadError::Corrupt { .. } | ReadError::Refused { .. }, .. }
                | Self::Append(AppendError::Refused { .. } | AppendError::TooLarge { .. })
                | Self::Untold { error: AppendError::Refused { .. } | AppendError::TooLarge { .. }, .. }
        )
    }

    /// Whether it is the ordinary way of things, and no trouble to speak of.
    pub(crate) fn is_ordinary(&self) -> bool {
        matches!(self, Self::NoRoom(_) | Self::Early(_))
    }
}

impl Trouble {
    pub(crate) fn new(task: impl Into<String>) -> Self {
        Self { task: task.into(), tries: 0, kind: None, is_ordinary: false }
    }

    /// Notes a hindrance and answers the pause before the next try. `jitter` is a random number in 0..1.
    pub(crate) fn met(&mut self, hindrance: &Hindrance, jitter: f64) -> Duration {
        let kind = hindrance.kind();
        self.is_ordinary = hindrance.is_ordinary();
        if self.kind.replace(kind) != Some(kind) {
            if hindrance.is_ordinary() {
                tracing::debug!(task = self.task, kind, "waiting: {hindrance}");
            } else if hindrance.needs_help() {
                tracing::error!(task = self.task, kind, "stopped until somebody helps: {hindrance}");
            } else {
                tracing::warn!(task = self.task, kind, "waiting, and trying again: {hindrance}");
            }
        }
        let longest = if hindrance.is_ordinary() { PAUSE_FOR_ROOM } else { PAUSE_MAX };
        let pause = pause(self.tries, jitter).min(longest);
        self.tries = self.tries.saturating_add(1);
        pause
    }

    /// Notes that a step succeeded.
    pub(crate) fn over(&mut self) {
        if let Some(kind) = self.kind.take().filter(|_| !self.is_ordinary) {
            tracing::info!(task = self.task, kind, tries = self.tries, "goes on");
        }
        self.tries = 0;
    }

    /// Whether something stands in the way that should not.
    pub(crate) fn is_on(&self) -> bool {
        self.kind.is_some() && !self.is_ordinary
    }
}

/// Why progress was not stored. That the caller should repeat it is said for callers of the gateway.
fn why(error: &AppendError) -> String {
    match error {
        AppendError::Unknown { reason } => reason.clone(),
        other => other.to_string(),
    }
}

/// The pause after `tries` failed tries: doubling, moved down by up to a half, so that many tasks do not come back at
/// the same moment.
fn pause(tries: u32, jitter: f64) -> Duration {
    let plain = PAUSE_FIRST.saturating_mul(1 << tries.min(20)).min(PAUSE_MAX);
    plain.mul_f64(1.0 - 0.5 * jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;
