#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod asked;
mod change;
mod diff;
mod entry;
mod export;
mod follow;
mod follow_tokens;
mod handlers;
mod last_good;
mod layout;
mod mistake;
mod mode;
mod plan;
mod revision;
mod section;
mod source;
mod store;
mod stores;
mod ticks;
mod token;
mod units;
mod wire;

pub use asked::{Asked, AskedOf, judge_grants};
pub use change::{
    Refusal, rollback, with_mode, with_version, without_generation, without_queue, without_type,
};
pub use diff::{Change, ChangeKind, FieldChange, Subject, diff};
pub use export::export;
pub use follow::{Following, follow};
pub use follow_tokens::{FollowingTokens, follow_tokens};
pub use handlers::{HandlerSpec, Handlers, InvalidHandlers, InvalidWeight, Weight};
pub use last_good::{LastGood, LastTokens};
pub use layout::{GenerationSpec, Layout, LayoutRefusal, QueueSpec, RedisName};
pub use mistake::{Mistake, Mistakes};
pub use mode::RouteMode;
pub use plan::{DEFAULT_QUEUE, Plan, plan};
pub use revision::{Catalog, Flow, TypeSpec};
pub use source::SourceFile;
pub use store::{ArtifactStore, BucketConfig, StoreError, StoredModule};
pub use stores::{Backing, RedisNames, Stores};
pub use token::{PreviousHash, StoredToken};
