//! The one task that looks at queue and log for the pages. It waits a bounded time for them and keeps what it saw last, so
//! neither a page nor a caller of the API ever waits for a store because of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use wasmill_catalog::{Following, RouteMode};
use wasmill_job::{Clock, JobType, Revision, Scope, UnixMs};
use wasmill_log::Log;
use wasmill_queue::{Counts, Queue};

use super::attention::{Notice, Seen, notices};
use super::event::{TOLD_TIMES, events};
use super::flow::Flow;
use super::latency::Told;
use super::seen::seen;
use super::series::Series;
use super::standstill::Standstill;
use crate::history::{Feed, Look};
use crate::lanes::{LaneRow, lanes};
use crate::memory::{ServerMemory, servers};
use crate::router::Storage;

/// How the mill stood at a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// When; 0 before the first look.
    pub(crate) at: UnixMs,
    pub(crate) counts: Arc<BTreeMap<JobType, Counts>>,
    /// Empty without a log.
    pub(crate) lanes: Arc<Vec<LaneRow>>,
    /// The memory of the queue's servers; empty where it lies on a disk, and where they do not tell it.
    pub(crate) servers: Arc<Vec<ServerMemory>>,
    pub(crate) has_log: bool,
    /// Since the look before, which was so long ago.
    pub(crate) flows: BTreeMap<JobType, Flow>,
    pub(crate) over: Duration,
    /// The last minutes, in buckets and summed.
    pub(crate) series: Series,
    pub(crate) lately: BTreeMap<JobType, Flow>,
    pub(crate) notices: Arc<Vec<Notice>>,
    /// The routing table of that moment.
    pub(crate) revision: Revision,
    /// Why the numbers are those of before, if they are: a sentence.
    pub(crate) trouble: Option<String>,
    /// The types that changed lately: those that open pages are told.
    pub(super) told: BTreeSet<JobType>,
    /// The event for open pages, without and with types.
    pub(super) events: (Bytes, Bytes),
    pub(super) looked: Option<Instant>,
}

/// The snapshots as they come. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Live {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    asked: Arc<Asked>,
}

/// That somebody looks.
struct Asked {
    nudge: Notify,
    last: std::sync::Mutex<Option<Instant>>,
}

/// What the task works with.
struct Sampler<L, Q> {
    storage: Storage<L>,
    queue: Q,
    catalog: Following,
    clock: Arc<dyn Clock>,
    still: Standstill,
    /// What workers told of how long jobs waited and ran.
    times: Told,
    history: Feed,
    /// The types that changed lately, and how often that is told yet.
    told: BTreeMap<JobType, u8>,
}

/// Between looks while a page is open, or was lately; and else, so that the last minutes are known when one is opened.
const WATCHED: Duration = Duration::from_secs(1);
const UNWATCHED: Duration = Duration::from_secs(5);
/// How long after its last request a page counts as open.
const LATELY: Duration = Duration::from_secs(30);
/// How long a look may take.
const LOOK_WITHIN: Duration = Duration::from_secs(2);
/// How old the numbers of a page may be, and how long it waits for newer ones.
const FRESH: Duration = Duration::from_millis(900);
const FRESH_WITHIN: Duration = Duration::from_millis(400);

/// Begins to look. Must be called inside a tokio runtime. Ends with `stop`, and when nobody holds the result any more; streams
/// of open pages end with it, and the history that it feeds.
pub(crate) fn start<L: Log, Q: Queue>(
    (storage, queue): (Storage<L>, Q),
    catalog: Following,
    clock: Arc<dyn Clock>,
    history: Feed,
    stop: CancellationToken,
) -> Live {
    let first = Snapshot { has_log: matches!(storage, Storage::Log(_)), ..Snapshot::default() };
    let (sender, snapshots) = watch::channel(Arc::new(first));
    let asked = Arc::new(Asked { nudge: Notify::new(), last: std::sync::Mutex::default() });
    let live = Live { snapshots, asked: Arc::clone(&asked) };
    let mut sampler = Sampler {
        storage,
        queue,
        catalog,
        clock,
        still: Standstill::default(),
        times: Told::default(),
        history,
        told: BTreeMap::new(),
    };
    tokio::spawn(async move {
        loop {
            let before = sender.borrow().clone();
            let next = tokio::select! {
                () = stop.cancelled() => return,
                next = sampler.look(&before) => next,
            };
            sender.send_replace(Arc::new(next));
            // The console itself holds one receiver, each open stream another.
            let is_watched = sender.receiver_count() > 1 || asked.is_recent();
            let pause = if is_watched { WATCHED } else { UNWATCHED };
            tokio::select! {
                () = stop.cancelled() => return,
                () = sender.closed() => return,
                () = asked.nudge.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    });
    live
}

impl Live {
    /// The newest snapshot, as somebody with this scope sees it, for a page that is asked for now: not older than a second, where
    /// the stores answer fast enough.
    pub(crate) async fn fresh(&self, scope: &Scope) -> Arc<Snapshot> {
        self.asked.note();
        let mut snapshots = self.snapshots.clone();
        let is_fresh = snapshots.borrow_and_update().looked.is_some_and(|at| at.elapsed() < FRESH);
        if !is_fresh {
            self.asked.nudge.notify_one();
            // Too slow is no failure: the page shows what there is.
            let _ = timeout(FRESH_WITHIN, snapshots.changed()).await;
        }
        let newest = snapshots.borrow().clone();
        seen(newest, scope)
    }

    /// The newest snapshot, of all types, as old as it may be: for who must not wait.
    pub(crate) fn newest(&self) -> Arc<Snapshot> {
        self.snapshots.borrow().clone()
    }

    /// The snapshots from the present one on, as they are: [`event_for`](super::event_for) says what of them is told to whom.
    pub(crate) fn follow(&self) -> watch::Receiver<Arc<Snapshot>> {
        let mut snapshots = self.snapshots.clone();
        snapshots.mark_changed();
        snapshots
    }
}

impl Asked {
    fn note(&self) {
        *self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Instant::now());
    }

    fn is_recent(&self) -> bool {
        let last = *self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        last.is_some_and(|at| at.elapsed() < LATELY)
    }
}

impl<L: Log, Q: Queue> Sampler<L, Q> {
    async fn look(&mut self, before: &Snapshot) -> Snapshot {
        let counts = timeout(LOOK_WITHIN, self.queue.counts());
        let lanes = async {
            match &self.storage {
                Storage::Log(log) => timeout(LOOK_WITHIN, lanes(log, &self.queue)).await,
                Storage::Queue => Ok(Ok(Vec::new())),
            }
        };
        let reports = timeout(LOOK_WITHIN, self.queue.reports());
        let memory = timeout(LOOK_WITHIN, self.queue.memory());
        let (counts, lanes, reports, memory) = tokio::join!(counts, lanes, reports, memory);
        let now = self.clock.now();
        let mut next = Snapshot { looked: Some(Instant::now()), trouble: None, ..before.clone() };
        let late = |what: &str| {
            Some(format!("{what} did not answer within two seconds; the numbers are those of before."))
        };
        match lanes {
            Ok(Ok(lanes)) => next.lanes = Arc::new(lanes),
            Ok(Err(problem)) => next.trouble = Some(problem.detail().to_owned()),
            Err(_) => next.trouble = late("The log"),
        }
        match counts {
            Ok(Ok(counts)) => {
                let is_first = before.at == UnixMs(0);
                next.flows = if is_first { BTreeMap::new() } else { Flow::of_types(&before.counts, &counts) };
                next.over = if is_first { Duration::ZERO } else { now.since(before.at) };
                next.counts = Arc::new(counts);
                next.at = now;
                // What is not known now is not told: a server that was full may have room again.
                let memory = memory.ok().and_then(Result::ok).unwrap_or_default();
                next.servers = Arc::new(servers(memory));
                // Without reports everything else is known all the same; the next ones make up for them.
                let times = match reports {
                    Ok(Ok(reports)) => self.times.since(now, reports),
                    Ok(Err(_)) | Err(_) => BTreeMap::new(),
                };
                let look = Look { now, flows: &next.flows, times: &times, counts: &next.counts };
                self.history.note(&look);
                next.series.add(now, &next.flows, &times);
                next.lately = next.series.sums().clone();
            }
            Ok(Err(error)) => next.trouble = Some(format!("The queue does not answer: {}.", error.reason())),
            Err(_) => next.trouble = late("The queue"),
        }
        self.judge(&mut next, before);
        next
    }

    fn judge(&mut self, next: &mut Snapshot, before: &Snapshot) {
        let catalog = self.catalog.current();
        next.revision = catalog.revision;
        let now = next.at;
        if next.trouble.is_none() {
            let runs = |mode| !matches!(mode, RouteMode::Off | RouteMode::Paused);
            let may_run: BTreeSet<_> =
                catalog.types.iter().filter(|(_, spec)| runs(spec.mode)).map(|(name, _)| name).collect();
            self.still.note_lanes(now, &next.lanes);
            self.still.note_types(now, &next.counts, &may_run);
        }
        next.notices = Arc::new(notices(&Seen {
            now,
            catalog: &catalog,
            counts: &next.counts,
            lanes: &next.lanes,
            servers: &next.servers,
            still: &self.still,
            lately: &next.lately,
            has_log: next.has_log,
        }));
        self.told.retain(|_, times| {
            *times += 1;
            *times < TOLD_TIMES
        });
        let is_news = |name: &JobType| {
            let has_flow = |of: &Snapshot| of.flows.contains_key(name) || of.lately.contains_key(name);
            next.counts.get(name) != before.counts.get(name) || has_flow(next) || has_flow(before)
        };
        for name in next.counts.keys().filter(|name| is_news(name)) {
            self.told.insert(name.clone(), 0);
        }
        next.told = self.told.keys().cloned().collect();
        next.events = events(next);
    }
}
