//! What the last revisions changed of one job type.

use futures_util::future::join_all;
use wasmill_catalog::{Catalog, diff};
use wasmill_job::{JobType, Revision};

use crate::catalog_view::ChangeRow;
use crate::router::Console;

/// A revision that changed the type.
pub(super) struct Step {
    pub(super) catalog: Catalog,
    pub(super) changes: Vec<ChangeRow>,
}

/// So many revisions are looked at.
pub(super) const LOOKED: u64 = 20;

/// The newest first. Revisions that cannot be read are left out: the page of the history names them.
pub(super) async fn steps<L, Q>(console: &Console<L, Q>, newest: Revision, name: &JobType) -> Vec<Step> {
    let first = newest.0.saturating_sub(LOOKED);
    let reads = (first..=newest.0).map(|number| console.catalog_at(Revision(number)));
    let read: Vec<_> = join_all(reads).await.into_iter().filter_map(Result::ok).collect();
    let subject = format!("type {name}");
    let step = |pair: &[Catalog]| {
        let [before, after] = pair else { return None };
        let mut changes = ChangeRow::all(&diff(before, after));
        changes.retain(|change| change.subject == subject);
        (!changes.is_empty()).then(|| Step { catalog: after.clone(), changes })
    };
    read.windows(2).rev().filter_map(step).collect()
}

/// The mode that the type had before it was paused, as far as the steps tell.
pub(super) fn mode_before_pause(steps: &[Step]) -> Option<String> {
    let fields = steps.iter().flat_map(|step| &step.changes).flat_map(|change| &change.fields);
    let paused = fields.into_iter().find(|field| field.path == "mode")?;
    paused.old.clone().filter(|old| old != "paused")
}
