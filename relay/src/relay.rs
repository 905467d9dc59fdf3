//! The relay: one task for each lane and one for the queue's debts, from start to drain.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use wasmill_catalog::Catalog;
use wasmill_job::{Clock, Topic, TopicPartition};
use wasmill_log::Log;
use wasmill_queue::Queue;

use crate::debts::{Payer, pump};
use crate::ends::Ends;
use crate::gauges;
use crate::hindrance::{Hindrance, Trouble};
use crate::lane::Lane;
use crate::standing::{Standing, Standings};

/// Carries jobs from the log to the queue, and what the queue owes back to the log. Any number of relays may work on
/// the same log and queue; the log says which partitions are whose.
pub struct Relay<L, Q> {
    ends: Arc<Ends<L, Q>>,
    standings: Arc<Standings>,
    lanes: Lanes,
    /// Whether the debts are ours to pay. One relay does: the one that has the lane of dead letters, which is assigned like every
    /// other. Two that do for a moment only do it twice.
    pays: watch::Sender<bool>,
}

/// The running tasks, each ending with the lane it carried.
#[derive(Default)]
struct Lanes {
    /// What stops each lane.
    running: BTreeMap<TopicPartition, CancellationToken>,
    tasks: JoinSet<()>,
    places: HashMap<Id, TopicPartition>,
}

/// How often the log is asked which partitions are ours, though it has not said that they changed.
const LIST_AGAIN: Duration = Duration::from_secs(10);
/// The pause before a lane that failed inside is started anew.
const START_ANEW: Duration = Duration::from_secs(1);
/// How long tasks may take to end what they are at. Longer, and something hangs: dropping it is as safe as a crash.
const STOP_WITHIN: Duration = Duration::from_secs(10);

impl<L: Log, Q: Queue> Relay<L, Q> {
    /// A relay that follows `catalog`.
    pub fn new(log: L, queue: Q, catalog: watch::Receiver<Arc<Catalog>>, clock: Arc<dyn Clock>) -> Self {
        gauges::describe();
        let ensured = Mutex::default();
        let ends = Arc::new(Ends { log, queue, catalog, clock, ensured });
        let pays = watch::Sender::new(false);
        Self { ends, standings: Arc::new(Standings::new()), lanes: Lanes::default(), pays }
    }

    /// How far the relay has come; for readiness.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standings.subscribe()
    }

    /// Works until `stop`, then drains: stops reading, pays what the queue owes, commits progress. Trouble of log or
    /// queue never ends it; while draining, trouble is logged and left to the next start, which costs nothing but a
    /// little repeated work.
    pub async fn run(mut self, stop: CancellationToken) {
        let payer = Payer::new(Arc::clone(&self.ends));
        let pump = tokio::spawn(pump(payer, self.pays.subscribe(), stop.clone()));
        // Dropped with this future, like the lanes.
        let pump = AbortOnDropHandle::new(pump);
        self.follow(&stop).await;
        self.drain(pump).await;
    }

    /// Keeps a task for every lane that is ours, until `stop`.
    async fn follow(&mut self, stop: &CancellationToken) {
        let mut trouble = Trouble::new("asking the log for partitions");
        while !stop.is_cancelled() {
            let assigned = tokio::select! {
                assigned = self.ends.log.assigned() => assigned,
                () = stop.cancelled() => return,
            };
            let (places, pause) = match assigned {
                Ok(places) => {
                    trouble.over();
                    self.change(&places, stop);
                    (places, LIST_AGAIN)
                }
                Err(error) => (BTreeSet::new(), trouble.met(&error.into(), rand::random())),
            };
            tokio::select! {
                // First: when it stops, lanes end as well, and are not to be mistaken for failed ones.
                biased;
                () = stop.cancelled() => {}
                () = self.ends.log.reassigned(&places), if !trouble.is_on() => {}
                () = tokio::time::sleep(pause) => {}
                Some(ended) = self.lanes.tasks.join_next_with_id() => {
                    if self.lanes.ended(ended) {
                        let _ = tokio::time::timeout(START_ANEW, stop.cancelled()).await;
                    }
                }
            }
        }
    }

    /// Starts the lanes that became ours, and stops those that are no more.
    fn change(&mut self, places: &BTreeSet<TopicPartition>, stop: &CancellationToken) {
        if self.lanes.running.is_empty() {
            self.standings.expect(places.iter().cloned());
        }
        self.pays.send_replace(places.iter().any(|place| place.topic == Topic::dead()));
        for (place, lane) in &self.lanes.running {
            if !places.contains(place) && !lane.is_cancelled() {
                tracing::info!(lane = %place, "another relay carries it from here on");
                lane.cancel();
                self.standings.left(place);
            }
        }
        for place in places {
            if !self.lanes.running.contains_key(place) {
                let lane = Lane::new(Arc::clone(&self.ends), place.clone(), Arc::clone(&self.standings));
                let stop = stop.child_token();
                let task = self.lanes.tasks.spawn(lane.run(stop.clone()));
                self.lanes.running.insert(place.clone(), stop);
                self.lanes.places.insert(task.id(), place.clone());
            }
        }
    }

    async fn drain(mut self, pump: AbortOnDropHandle<Payer<L, Q>>) {
        let ended = async { while self.lanes.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_WITHIN, ended).await.is_err() {
            tracing::warn!("some lanes did not stop in time and are dropped, which loses nothing");
            self.lanes.tasks.shutdown().await;
        }
        let payer = match tokio::time::timeout(STOP_WITHIN, pump).await {
            Ok(Ok(payer)) => Some(payer),
            Ok(Err(error)) => {
                tracing::error!("the task that pays what the queue owes failed inside: {error}");
                None
            }
            Err(_) => None,
        };
        let payer = payer.filter(|_| *self.pays.borrow());
        match tokio::time::timeout(STOP_WITHIN, self.settle_up(payer)).await {
            Ok(Ok(())) => tracing::debug!("the relay is drained"),
            Ok(Err(hindrance)) => tracing::warn!("the relay leaves work to its next start: {hindrance}"),
            Err(_) => tracing::warn!("the relay leaves work to its next start: no answer in time"),
        }
    }

    /// Debts first: paying them settles the offsets that the progress then tells. What hinders one lane hinders no other.
    async fn settle_up(&self, payer: Option<Payer<L, Q>>) -> Result<(), Hindrance> {
        let mut outcome = match payer {
            Some(mut payer) => payer.pay_all().await,
            None => Ok(()),
        };
        let mut telling = JoinSet::new();
        for place in self.lanes.running.keys().filter(|place| !place.topic.is_compacted()) {
            let (ends, place) = (Arc::clone(&self.ends), place.clone());
            telling.spawn(async move {
                let last = ends.committed(&place).await?;
                ends.commit(&place, &last, None).await.map(drop)
            });
        }
        while let Some(told) = telling.join_next().await {
            // A task that failed inside has told nothing, which costs a repeat at most.
            outcome = outcome.and(told.unwrap_or(Ok(())));
        }
        outcome
    }
}

impl Lanes {
    /// Forgets a lane that has ended: it is not ours any more, or has panicked, and then is started anew. Answers whether it
    /// has panicked.
    fn ended(&mut self, ended: Result<(Id, ()), JoinError>) -> bool {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, ())| *id);
        if let Some(place) = self.places.remove(&id) {
            if let Err(error) = &ended {
                tracing::error!(lane = %place, "a lane failed inside and is started anew: {error}");
            }
            self.running.remove(&place);
        }
        ended.is_err()
    }
}
