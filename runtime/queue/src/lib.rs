#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod claim;
mod core;
mod debt;
mod embedded;
mod paying;
mod port;
mod record;
mod redis;
mod report;
mod view;

pub use claim::{
    Answer, AttemptRecord, Claim, ClaimRef, EarlierAttempt, LastAttempt, Offer, Ran, Settlement, Token,
    TypeOffer, WorkerId,
};
pub use debt::{Child, Debt, DebtId, Owes};
pub use embedded::{EmbeddedConfig, EmbeddedQueue, OpenError, Opening};
pub use paying::{Payment, hand_over, keep_paying, pay_without_log};
pub use port::{Entry, NewJob, Push, Queue, Take};
pub use redis::{RedisConfig, RedisQueue, RedisServers, RedisStart, RedisStartError};
pub use report::{
    ENDED_MAX, Ended, Histogram, LATENCIES_KEPT, Latencies, RUNNING_MAX, Running, WorkerReport,
};
pub(crate) use view::Outdated;
pub use view::{
    Admission, Checked, Counts, DeadPage, DeadQuery, Enqueued, JobPage, JobView, ListQuery, Pushed,
    QueueError, ShardMemory, State, Swept,
};
