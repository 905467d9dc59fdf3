//! The relay: one task for each lane and one for the queue's debts, from start to drain.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use wasmill_catalog::Catalog;
use wasmill_job::{Clock, Partition, Topic, TopicPartition};
use wasmill_log::Log;
use wasmill_queue::Queue;

use crate::debts;
use crate::ends::Ends;
use crate::gauges;
use crate::hindrance::{Hindrance, Trouble};
use crate::lane::Lane;
use crate::standing::{Standing, Standings};

/// Carries jobs from the log to the queue, and what the queue owes back to the log. Any number of relays may work on
/// the same log and queue.
pub struct Relay<L, Q> {
    ends: Arc<Ends<L, Q>>,
    standings: Arc<Standings>,
    lanes: Lanes,
}

/// The running tasks, each ending with the lane it carried.
#[derive(Default)]
struct Lanes {
    known: BTreeSet<TopicPartition>,
    tasks: JoinSet<()>,
    places: HashMap<Id, TopicPartition>,
}

/// How often the log is asked for partitions that no catalog names: queues of other generations, for instance.
const LIST_AGAIN: Duration = Duration::from_secs(10);
/// The pause before a lane that failed inside is started anew.
const START_ANEW: Duration = Duration::from_secs(1);
/// How long tasks may take to end what they are at. Longer, and something hangs: dropping it is as safe as a crash.
const STOP_WITHIN: Duration = Duration::from_secs(5);

impl<L: Log, Q: Queue> Relay<L, Q> {
    /// A relay that follows `catalog`.
    pub fn new(log: L, queue: Q, catalog: watch::Receiver<Arc<Catalog>>, clock: Arc<dyn Clock>) -> Self {
        gauges::describe();
        let ends = Arc::new(Ends { log, queue, catalog, clock });
        Self { ends, standings: Arc::new(Standings::new()), lanes: Lanes::default() }
    }

    /// How far the relay has come; for readiness.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standings.subscribe()
    }

    /// Works until `stop`, then drains: stops reading, pays what the queue owes, commits progress. Trouble of log or
    /// queue never ends it; while draining, trouble is logged and left to the next start, which costs nothing but a
    /// little repeated work.
    pub async fn run(mut self, stop: CancellationToken) {
        let pump = tokio::spawn(debts::pump(Arc::clone(&self.ends), stop.clone()));
        // Dropped with this future, like the lanes.
        let pump = AbortOnDropHandle::new(pump);
        self.follow(&stop).await;
        self.drain(pump).await;
    }

    /// Keeps a task for every lane until `stop`.
    async fn follow(&mut self, stop: &CancellationToken) {
        let mut catalog = self.ends.catalog.clone();
        let mut trouble = Trouble::new("listing the log's partitions");
        while !stop.is_cancelled() {
            catalog.mark_unchanged();
            let pause = match self.places().await {
                Ok(places) => {
                    trouble.over();
                    self.start(places, stop);
                    LIST_AGAIN
                }
                Err(hindrance) => trouble.met(&hindrance, rand::random()),
            };
            tokio::select! {
                // First: when it stops, lanes end as well, and are not to be mistaken for failed ones.
                biased;
                () = stop.cancelled() => {}
                Ok(()) = catalog.changed() => {}
                () = tokio::time::sleep(pause) => {}
                Some(ended) = self.lanes.tasks.join_next_with_id() => {
                    self.lanes.ended(ended);
                    let _ = tokio::time::timeout(START_ANEW, stop.cancelled()).await;
                }
            }
        }
    }

    /// Every partition there is to carry: those of the catalog's queues, those of queues the log knows from earlier
    /// generations, so that they drain, and the dead letters.
    async fn places(&self) -> Result<BTreeSet<TopicPartition>, Hindrance> {
        let mut places: BTreeSet<_> = self.ends.catalog.borrow().lanes().into_iter().collect();
        let of_the_log = self.ends.log.partitions().await?;
        places.extend(of_the_log.into_iter().filter(|place| place.topic.is_queue()));
        places.insert(TopicPartition::new(Topic::dead(), Partition(0)));
        Ok(places)
    }

    fn start(&mut self, places: BTreeSet<TopicPartition>, stop: &CancellationToken) {
        if self.lanes.known.is_empty() {
            self.standings.expect(places.iter().cloned());
        }
        for place in places {
            if self.lanes.known.insert(place.clone()) {
                let lane = Lane::new(Arc::clone(&self.ends), place.clone(), Arc::clone(&self.standings));
                let task = self.lanes.tasks.spawn(lane.run(stop.clone()));
                self.lanes.places.insert(task.id(), place);
            }
        }
    }

    async fn drain(mut self, pump: AbortOnDropHandle<()>) {
        let ended = async { while self.lanes.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_WITHIN, ended).await.is_err() {
            tracing::warn!("some lanes did not stop in time and are dropped, which loses nothing");
            self.lanes.tasks.shutdown().await;
        }
        if let Ok(Err(error)) = tokio::time::timeout(STOP_WITHIN, pump).await {
            tracing::error!("the task that stores dead letters failed inside: {error}");
        }
        match tokio::time::timeout(STOP_WITHIN, self.settle_up()).await {
            Ok(Ok(())) => tracing::debug!("the relay is drained"),
            Ok(Err(hindrance)) => tracing::warn!("the relay leaves work to its next start: {hindrance}"),
            Err(_) => tracing::warn!("the relay leaves work to its next start: no answer in time"),
        }
    }

    /// Debts first: paying them settles the offsets that the progress then tells.
    async fn settle_up(&self) -> Result<(), Hindrance> {
        debts::pay_all(&self.ends).await?;
        for place in self.lanes.known.iter().filter(|place| place.topic.is_queue()) {
            let last = self.ends.log.committed(place).await?;
            self.ends.commit(place, &last).await?;
        }
        Ok(())
    }
}

impl Lanes {
    /// A lane ends on its own only when it has panicked. It is forgotten here, and so started anew.
    fn ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, ())| *id);
        if let Some(place) = self.places.remove(&id) {
            if let Err(error) = ended {
                tracing::error!(lane = %place, "a lane failed inside and is started anew: {error}");
            }
            self.known.remove(&place);
        }
    }
}
