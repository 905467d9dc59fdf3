//! What a mill has to store jobs in, as far as its catalog depends on it: which paths its job types can have, and in which Redis
//! its queues can lie.

use wasmill_job::{Path, ServerSet};

use crate::RedisName;

/// What the catalog of a mill can ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stores {
    pub backing: Backing,
    pub redis: RedisNames,
}

/// What stands behind the queue of a mill: which paths its job types can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backing {
    /// A log, and a queue that is lost with its process (the embedded one): jobs go into the log, and a relay carries them.
    Log,
    /// A log, and a queue that keeps jobs by itself (Redis): a job type may take either way, or both.
    LogAndQueue,
    /// No log: jobs go straight into the queue, which has to keep them by itself.
    Nothing,
}

impl Backing {
    /// The path of a job type that names none.
    pub fn path(self) -> Path {
        match self {
            Self::Log | Self::LogAndQueue => Path::Log,
            Self::Nothing => Path::Queue,
        }
    }

    /// The path that jobs of a route with this one really take: a revision may be older than a change of the mill's stores.
    pub fn served(self, path: Path) -> Path {
        match self {
            Self::LogAndQueue => path,
            Self::Log | Self::Nothing => self.path(),
        }
    }
}

/// The sets of Redis servers of a mill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisNames {
    /// These, in order; the first is `main`.
    Known(Vec<RedisName>),
    /// Nobody has said: any name may be right.
    Unknown,
}

impl RedisNames {
    /// The set of this name.
    ///
    /// # Errors
    /// The names that there are, when it is none of them.
    pub(crate) fn set_of(&self, name: &RedisName) -> Result<ServerSet, &[RedisName]> {
        match self {
            Self::Known(names) => {
                let at = names.iter().position(|known| known == name);
                at.and_then(|at| u16::try_from(at).ok()).map(ServerSet).ok_or(names)
            }
            // Only to find mistakes: there is no revision that it gets into.
            Self::Unknown => Ok(ServerSet(u16::from(!name.is_main()))),
        }
    }
}

impl From<Backing> for Stores {
    /// With one set of Redis servers, or the one place that an embedded queue is.
    fn from(backing: Backing) -> Self {
        Self { backing, redis: RedisNames::Known(vec![RedisName::default()]) }
    }
}
