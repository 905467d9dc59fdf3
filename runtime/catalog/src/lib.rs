#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod diff;
mod entry;
mod follow;
mod mistake;
mod plan;
mod revision;
mod section;
mod source;
mod store;
mod units;
mod wire;

pub use diff::{Change, ChangeKind, FieldChange, Subject, diff};
pub use follow::{Following, follow};
pub use mistake::{Mistake, Mistakes};
pub use plan::{DEFAULT_QUEUE, Plan, plan};
pub use revision::{Backing, Catalog, Flow, HandlerSpec, QueueSpec, TypeSpec};
pub use source::SourceFile;
pub use store::{ArtifactStore, StoreError, StoredModule};
