//! What needs somebody's attention, each with what to do about it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use wasmill_catalog::{Catalog, RouteMode};
use wasmill_job::{JobType, Path, Scope, Topic, UnixMs};
use wasmill_queue::Counts;

use super::flow::Flow;
use super::standstill::Standstill;
use crate::lanes::LaneRow;
use crate::memory::ServerMemory;
use crate::pages::part::number::{count, size};

/// Something that needs attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// What is the matter, and what to do.
    pub(crate) text: String,
    /// The page that shows more.
    pub(crate) link: String,
    pub(crate) weight: Weight,
    pub(crate) about: About,
}

/// What needs it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum About {
    Type(JobType),
    /// A lane of a queue, which is not of one type.
    Lane,
    /// A server of the queue, by its host and port.
    Server(String),
}

/// How much it matters; the greatest comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Weight {
    Stopped,
    Growing,
    Waiting,
}

/// What is looked at.
pub(crate) struct Seen<'s> {
    pub(crate) now: UnixMs,
    pub(crate) catalog: &'s Catalog,
    pub(crate) counts: &'s BTreeMap<JobType, Counts>,
    pub(crate) lanes: &'s [LaneRow],
    /// The queue's servers; none where it lies on a disk.
    pub(crate) servers: &'s [ServerMemory],
    pub(crate) still: &'s Standstill,
    /// What happened in the last minutes.
    pub(crate) lately: &'s BTreeMap<JobType, Flow>,
    /// Whether there is a log, in which jobs over `max_pending` are parked.
    pub(crate) has_log: bool,
}

/// So many are told; the rest is counted.
const TOLD_MAX: usize = 20;

impl Notice {
    /// Whether it is told to somebody with this scope: of types their own, and as everywhere the lanes of queues, but no servers.
    pub(crate) fn is_seen(&self, scope: &Scope) -> bool {
        match &self.about {
            About::Type(name) => scope.covers(name),
            About::Lane => true,
            About::Server(_) => scope.is_whole(),
        }
    }
}

/// What needs attention, what has stopped first.
pub(crate) fn notices(seen: &Seen<'_>) -> Vec<Notice> {
    // Servers come first: that one is full is often why something else stands.
    let all = memory(seen).chain(lanes_that_stand(seen)).chain(types(seen)).chain(parked(seen));
    let mut notices: Vec<_> = all.collect();
    notices.sort_by_key(|notice| notice.weight);
    notices
}

/// The notices that a page tells, and how many more there are.
pub(crate) fn told(notices: &[Notice]) -> (&[Notice], usize) {
    let (told, more) = notices.split_at(notices.len().min(TOLD_MAX));
    (told, more.len())
}

fn memory<'s>(seen: &'s Seen<'_>) -> impl Iterator<Item = Notice> + 's {
    let away = seen.servers.iter().filter(|server| server.away).map(|ServerMemory { server: name, .. }| Notice {
        text: format!(
            "Redis {name} does not answer: the jobs that it holds wait until it does. Start it, or look whether it can be reached; it \
             is read again as it comes back."
        ),
        link: "/console/queues".into(),
        weight: Weight::Stopped,
        about: About::Server(name.clone()),
    });
    let short = seen.servers.iter().filter(|server| server.full || server.is_nearly_full()).map(|server| {
        let ServerMemory { server: name, used_bytes, max_bytes, full, .. } = server;
        let of = max_bytes.map_or_else(String::new, |max| format!(" of {}", size(max)));
        let (state, weight) = match full {
            true => (format!("is full and takes no new jobs: {}", refused(seen)), Weight::Stopped),
            false => ("is nearly full, and will take no new jobs when it is".to_owned(), Weight::Growing),
        };
        Notice {
            text: format!(
                "Redis {name} {state} ({} used{of}). Add memory or servers, or find the type that piles up{}.",
                size(*used_bytes),
                most_waiting(seen)
            ),
            link: "/console/queues".into(),
            weight,
            about: About::Server(name.clone()),
        }
    });
    away.chain(short)
}

/// What becomes of jobs that a full server does not take.
fn refused(seen: &Seen<'_>) -> &'static str {
    let is_past_log = seen.catalog.types.values().any(|spec| spec.path != Path::Log);
    match (seen.has_log, is_past_log) {
        (true, false) => "they wait in the log meanwhile",
        (true, true) => "they wait in the log meanwhile, and are refused where their path is not the log",
        (false, _) => "they are refused until memory has become free",
    }
}

/// The type that may be the one.
fn most_waiting(seen: &Seen<'_>) -> String {
    let waiting = seen.counts.iter().map(|(name, counts)| (counts.pending + counts.scheduled, name));
    match waiting.max_by_key(|(waiting, _)| *waiting).filter(|(waiting, _)| *waiting > 0) {
        Some((waiting, name)) => format!(": of {name} the most jobs wait in the queue, {}", count(waiting)),
        None => String::new(),
    }
}

fn lanes_that_stand<'s>(seen: &'s Seen<'_>) -> impl Iterator<Item = Notice> + 's {
    // Topics of parked jobs wait for room: that they stand is no standstill.
    let queues = seen.still.lanes(seen.now).filter(|(topic, _)| Topic::from(*topic).is_queue());
    queues.map(|(topic, partition)| Notice {
        text: format!(
            "{topic}/{partition} has records that no relay has carried for half a minute. Is a relay running? Its log says \
             what it waits for."
        ),
        link: "/console/queues".into(),
        weight: Weight::Stopped,
        about: About::Lane,
    })
}

fn types<'s>(seen: &'s Seen<'_>) -> impl Iterator<Item = Notice> + 's {
    let untaken: BTreeSet<_> = seen.still.types(seen.now).collect();
    seen.counts.iter().flat_map(move |(name, counts)| {
        let spec = seen.catalog.types.get(name);
        let (page, about) = (format!("/console/types/{name}"), About::Type(name.clone()));
        let waiting = counts.pending + counts.scheduled;
        let full = spec.and_then(|spec| spec.flow.max_pending).filter(|max| waiting >= *max).map(|max| {
            let then = if seen.has_log { "further ones are parked in the log" } else { "further ones are refused" };
            Notice {
                text: format!(
                    "{name} is full: {waiting} jobs wait, max_pending is {max}; {then}. Run more workers, or raise the limit."
                ),
                link: page.clone(),
                weight: Weight::Growing,
                about: about.clone(),
            }
        });
        let died = seen.lately.get(name).map_or(0, |flow| flow.died);
        let dead = (counts.dead > 0).then(|| {
            let (more, weight) = match died {
                0 => (String::new(), Weight::Waiting),
                died => (format!(", {died} more in the last five minutes"), Weight::Growing),
            };
            let (all, letters) = (counts.dead, if counts.dead == 1 { "dead letter" } else { "dead letters" });
            Notice {
                text: format!("{name} has {all} {letters}{more}. Look at the errors, then redrive or purge."),
                link: format!("/console/dead?type={name}"),
                weight,
                about: about.clone(),
            }
        });
        let paused = spec.filter(|spec| spec.mode == RouteMode::Paused && counts.pending > 0).map(|_| Notice {
            text: format!("{name} is paused, and {} pending. Resume it when it may run.", jobs_of_it(counts.pending)),
            link: page.clone(),
            weight: Weight::Waiting,
            about: about.clone(),
        });
        let untaken = untaken.contains(name).then(|| Notice {
            text: format!(
                "{name} has {} pending jobs, and none was taken for half a minute. Is a worker running that can load its \
                 module, and has its secrets?",
                counts.pending
            ),
            link: page.clone(),
            weight: Weight::Stopped,
            about: about.clone(),
        });
        let gone = (spec.is_none() && waiting + counts.in_flight > 0).then(|| Notice {
            text: format!(
                "{name} is no longer in the catalog, and {} in the queue. Apply its route again, or cancel what is left.",
                jobs_of_it(waiting + counts.in_flight)
            ),
            link: format!("/console/jobs?state=pending&type={name}"),
            weight: Weight::Waiting,
            about: about.clone(),
        });
        [untaken, full, dead, paused, gone].into_iter().flatten()
    })
}

/// "1 job of it is", "2 jobs of it are".
fn jobs_of_it(count: u64) -> String {
    if count == 1 { "1 job of it is".into() } else { format!("{count} jobs of it are") }
}

fn parked<'s>(seen: &'s Seen<'_>) -> impl Iterator<Item = Notice> + 's {
    let mut parked: BTreeMap<JobType, u64> = BTreeMap::new();
    for lane in seen.lanes.iter().filter(|lane| lane.unsettled > 0) {
        if let Some(name) = Topic::from(lane.topic.as_str()).parked_type() {
            *parked.entry(name).or_default() += lane.unsettled;
        }
    }
    parked.into_iter().map(|(name, count)| Notice {
        text: match count {
            1 => format!("1 job of {name} is parked in the log until it has room in the queue."),
            _ => format!("{count} jobs of {name} are parked in the log until it has room in the queue."),
        },
        link: format!("/console/jobs?state=parked&type={name}"),
        weight: Weight::Waiting,
        about: About::Type(name),
    })
}

#[cfg(test)]
mod tests;
