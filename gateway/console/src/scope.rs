//! What a token for some job types sees of the routing table, and what it may change in it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use wasmill_catalog::{Catalog, Change, Subject, TypeSpec};
use wasmill_http::{Caller, Problem};
use wasmill_job::JobType;

/// The catalog with the caller's job types only. Queues are shown whole: they are not of one type.
pub(crate) fn seen<'c>(catalog: &'c Catalog, caller: &Caller) -> Cow<'c, Catalog> {
    if caller.scope().is_whole() {
        return Cow::Borrowed(catalog);
    }
    let mut catalog = catalog.clone();
    catalog.types.retain(|name, _| caller.scope().covers(name));
    Cow::Owned(catalog)
}

/// The changes of the caller's job types, and of queues.
pub(crate) fn seen_changes(changes: Vec<Change>, caller: &Caller) -> Vec<Change> {
    let is_seen = |change: &Change| match &change.subject {
        Subject::Queue(_) => true,
        Subject::Type(name) => caller.scope().covers(name),
    };
    changes.into_iter().filter(is_seen).collect()
}

/// Refuses changes of what the caller's token is not for: other job types, and queues, which other types may be in.
///
/// # Errors
/// 403.
pub(crate) fn require_changes(changes: &[Change], caller: &Caller) -> Result<(), Problem> {
    changes.iter().try_for_each(|change| match &change.subject {
        Subject::Type(name) => caller.require_type(name.as_str()),
        Subject::Queue(name) => {
            caller.require_whole(&format!("this changes the queue `{name}`, which may be others', too"))
        }
    })
}

/// Whether two catalogs differ in job types that the caller's token is not for.
pub(crate) fn differs_unseen(one: &Catalog, other: &Catalog, caller: &Caller) -> bool {
    let scope = caller.scope();
    let unseen = |catalog: &'_ Catalog| -> BTreeMap<JobType, TypeSpec> {
        let types = catalog.types.iter().filter(|(name, _)| !scope.covers(name));
        types.map(|(name, spec)| (name.clone(), spec.clone())).collect()
    };
    !scope.is_whole() && unseen(one) != unseen(other)
}
