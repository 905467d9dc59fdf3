#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod access;
mod error;
mod grants;
mod id;
mod job;
mod names;
mod outcome;
mod placement;
mod policy;
mod position;
mod share;
mod time;
mod verdict;
pub mod wire;

pub use access::{InvalidToken, Role, Roles, Scope, TokenHash, TokenName};
pub use error::{Failure, FailureCode};
pub use grants::{Grants, InvalidGrant, SecretName, TypePattern};
pub use id::{ChildKey, IdKind, IdSource, InvalidJobId, JobId, partition_of_child, partition_of_key};
pub use job::{
    Attempt, CHILD_WINDOW_MIN, Cancel, CopyOf, DeadLetter, Durability, Job, Mode, Path, Priority, Stamp,
};
pub use names::{InvalidName, JobType, ModuleDigest, ModuleTag, QueueName};
pub use outcome::{Child, End, Import, ImportUsage, Imports, LogLevel, LogLine, Outcome, Stop, Usage};
pub use placement::ServerSet;
pub use policy::{Backoff, InvalidBackoff, Limits, Rate, RetriedExits, RetryPolicy};
pub use position::{
    Generation, Offset, Partition, Passed, Position, Progress, RecordHash, Revision, Topic, TopicPartition,
};
pub use share::{InvalidPercent, Percent};
pub use time::{Clock, SystemClock, UnixMs};
pub use verdict::{Verdict, verdict};
