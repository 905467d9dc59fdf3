//! What a snapshot says to open pages: one event of the stream, written once for all of them. Keys are what pages mark their
//! numbers with (`data-live`); values are texts as they are shown.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use serde::Serialize;
use wasmill_job::JobType;

use super::attention::Notice;
use super::sampler::Snapshot;
use crate::pages::part::number::{count, percentiles, rate};
use crate::pages::part::pipeline::{hops, lines};

/// One event.
#[derive(Serialize)]
struct Event<'e> {
    /// Texts by key.
    values: BTreeMap<&'e str, String>,
    /// Points of sparklines by key.
    lines: BTreeMap<&'e str, String>,
    /// Rows of types by name, in the order of [`cells`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    types: BTreeMap<&'e str, [String; 10]>,
}

/// How many snapshots a change of a type is told in: a page that misses some misses no change.
pub(crate) const TOLD_TIMES: u8 = 10;

/// The event of the mill as a whole, and the one that has the types that changed lately as well.
pub(super) fn events(snapshot: &Snapshot) -> (Bytes, Bytes) {
    let values = hops(snapshot).into_iter().flat_map(|hop| hop.values).map(|value| (value.key, value.text));
    let mut values: BTreeMap<_, _> = values.collect();
    values.insert("attention", count(snapshot.notices.len() as u64));
    values.insert("mark", mark(snapshot));
    let dead = snapshot.counts.values().map(|of| of.dead).sum();
    values.insert("dead.badge", if dead == 0 { String::new() } else { count(dead) });
    let mut event = Event { values, lines: lines(snapshot).into_iter().collect(), types: BTreeMap::new() };
    let mill = write(&event);
    event.types = snapshot.told.iter().map(|name| (name.as_str(), cells(snapshot, name))).collect();
    (mill, write(&event))
}

/// The numbers of a type as the table of types shows them: pending, scheduled, in flight, completed, dead, accepted and
/// completed in a second, the share of attempts that failed lately, and how long jobs waited and ran lately.
pub(crate) fn cells(snapshot: &Snapshot, name: &JobType) -> [String; 10] {
    let counts = snapshot.counts.get(name).copied().unwrap_or_default();
    let flow = snapshot.flows.get(name).copied().unwrap_or_default();
    let lately = snapshot.lately.get(name).copied().unwrap_or_default();
    let times = snapshot.series.times().of_type(name);
    [
        count(counts.pending),
        count(counts.scheduled),
        count(counts.in_flight),
        count(counts.completed),
        count(counts.dead),
        rate(flow.accepted, snapshot.over),
        rate(flow.completed, snapshot.over),
        failed_share(lately.failed, lately.completed),
        percentiles(times.wait),
        percentiles(times.run),
    ]
}

/// Stands for all that the overview says in sentences: while it is the same, they are. It is told once more by another process.
pub(crate) fn mark(snapshot: &Snapshot) -> String {
    let mut hasher = DefaultHasher::new();
    (snapshot.revision.0, snapshot.at.0 > 0, snapshot.trouble.is_some(), has_work(snapshot))
        .hash(&mut hasher);
    // Texts tell numbers and times, which change all the while; what they are about and how much it matters does not.
    for Notice { link, weight, about, .. } in snapshot.notices.iter() {
        (link, weight, about).hash(&mut hasher);
    }
    format!("{:x}", hasher.finish())
}

/// Whether any job has come.
pub(crate) fn has_work(snapshot: &Snapshot) -> bool {
    snapshot.counts.values().any(|counts| counts.accepted + counts.dead > 0)
}

/// The share of attempts that failed.
fn failed_share(failed: u64, completed: u64) -> String {
    match failed + completed {
        0 => "–".into(),
        all => format!("{:.1} %", failed as f64 * 100.0 / all as f64),
    }
}

fn write(event: &Event<'_>) -> Bytes {
    let mut text = String::from("data: ");
    // Texts and maps of texts always serialize, on one line.
    let json = serde_json::to_string(event).unwrap_or_default();
    let _ = write!(text, "{json}\n\n");
    text.into()
}

#[cfg(test)]
mod tests;
