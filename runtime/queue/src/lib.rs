#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod claim;
mod core;
mod embedded;
mod port;
mod record;
mod redis;
mod view;

pub use claim::{
    Answer, AttemptRecord, Claim, ClaimRef, LastAttempt, Offer, Settlement, Token, TypeOffer, WorkerId,
};
pub use embedded::{EmbeddedConfig, EmbeddedQueue, OpenError, Opening};
pub use port::{Entry, NewJob, Push, Queue, Take};
pub use redis::{RedisConfig, RedisQueue, RedisStart, RedisStartError, ShardMemory};
pub use view::{
    Admission, Checked, Counts, DeadPage, DeadQuery, Debt, DebtId, Enqueued, JobPage, JobView, ListQuery,
    Pushed, QueueError, State, Swept,
};
