//! The worker: its tasks and threads, from start to drain.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;
use wasmill_catalog::Catalog;
use wasmill_job::Clock;
use wasmill_queue::{Queue, Settlement, WorkerId};
use wasmill_sandbox::Sandbox;

use crate::alone::StartAlone;
use crate::backlog::Backlog;
use crate::config::WorkerConfig;
use crate::gauges;
use crate::handlers::{FindSecret, Handlers, LoadHandler};
use crate::keeper::Keeper;
use crate::ledger::Ledger;
use crate::pace::Pace;
use crate::route::Routes;
use crate::settler::Settler;
use crate::slot::Slot;
use crate::suspects::{LINE_MAX, Suspects};
use crate::sweeper::Sweeper;
use crate::taker::Taker;
use crate::teller::{Teller, Who};
use crate::telling::Telling;

/// Takes jobs, runs them and settles them. Any number of workers may share a queue.
pub struct Worker<Q> {
    config: WorkerConfig,
    parts: Parts<Q>,
}

/// What a worker is made of.
pub struct Parts<Q> {
    pub queue: Q,
    /// Its `instances` are at least the slots.
    pub sandbox: Sandbox,
    pub catalog: watch::Receiver<Arc<Catalog>>,
    /// Gets the handler of a module, from the artifact store or a cache of it.
    pub load: LoadHandler,
    /// Gets the values of secrets that routes grant.
    pub secret: FindSecret,
    /// Starts the process in which suspects run alone, with the same modules and the same sandbox.
    pub alone: StartAlone,
    pub clock: Arc<dyn Clock>,
}

/// What runs, and how it is told to end.
struct Running {
    backlog: Arc<Backlog>,
    ledger: Arc<Ledger>,
    settlements: mpsc::UnboundedSender<Settlement>,
    taker: JoinHandle<()>,
    others: [JoinHandle<()>; 2],
    suspects: JoinHandle<()>,
    settler: JoinHandle<()>,
    teller: JoinHandle<()>,
    /// Ends the keeper and the teller: last of all, when nothing is held any more.
    over: CancellationToken,
}

/// How long a task that was told to stop may take. An interrupted guest ends within milliseconds, so whatever takes
/// longer is not a guest.
const STOP_WITHIN: Duration = Duration::from_secs(5);

impl<Q: Queue> Worker<Q> {
    pub fn new(config: WorkerConfig, parts: Parts<Q>) -> Self {
        gauges::describe();
        Self { config, parts }
    }

    /// Works until `stop`, then drains: takes nothing more, gives back what has not started, lets running jobs end
    /// within the grace period, interrupts and gives back the rest, and settles everything.
    ///
    /// # Errors
    /// When the system gives no thread for a slot. Trouble with the queue never ends it.
    pub async fn run(self, stop: CancellationToken) -> io::Result<()> {
        let grace = self.config.grace;
        let running = self.start(&stop)?;
        stop.cancelled().await;
        running.drain(grace).await;
        Ok(())
    }

    fn start(self, stop: &CancellationToken) -> io::Result<Running> {
        let WorkerConfig { slots, lease, .. } = self.config;
        let Parts { queue, sandbox, catalog, load, secret, alone, clock } = self.parts;
        // A random incarnation, new at each start: a name would be taken over by the next process too early.
        let worker = WorkerId(rand::random());
        let backlog = Arc::new(Backlog::new(Pace::new(slots.get(), lease)));
        let ledger = Arc::new(Ledger::default());
        let telling = Arc::new(Telling::default());
        let who = Who::here(worker, slots.get(), clock.now());
        let (settlements, settled) = mpsc::unbounded_channel();
        let (offered, routes) = watch::channel(Arc::new(Routes::default()));
        let (suspects, line) = mpsc::channel(LINE_MAX);

        let lane = Suspects::new(
            line,
            alone,
            settlements.clone(),
            Arc::clone(&telling),
            Arc::clone(&clock),
            stop.clone(),
        );
        let slot = Slot {
            sandbox,
            backlog: Arc::clone(&backlog),
            settlements: settlements.clone(),
            telling: Arc::clone(&telling),
            clock: Arc::clone(&clock),
        };
        start_slots(slots.get(), &slot).inspect_err(|_| drop(backlog.close()))?;

        let over = CancellationToken::new();
        let keeper = Keeper { queue: queue.clone(), ledger: Arc::clone(&ledger), lease };
        tokio::spawn(keeper.run(over.clone()));
        let teller = Teller {
            queue: queue.clone(),
            who,
            telling,
            ledger: Arc::clone(&ledger),
            routes: routes.clone(),
            clock,
            stop: stop.clone(),
        };
        let settler = Settler {
            queue: queue.clone(),
            backlog: Arc::clone(&backlog),
            ledger: Arc::clone(&ledger),
            settlements: settled,
            lease,
            stop: stop.clone(),
        };
        let sweeper = Sweeper {
            queue: queue.clone(),
            backlog: Arc::clone(&backlog),
            ledger: Arc::clone(&ledger),
            settlements: settlements.clone(),
        };
        let taker = Taker {
            queue,
            worker,
            lease,
            routes,
            backlog: Arc::clone(&backlog),
            suspects,
            ledger: Arc::clone(&ledger),
            settlements: settlements.clone(),
        };
        let handlers = Handlers::new(catalog, load, secret, offered);
        Ok(Running {
            taker: tokio::spawn(taker.run(stop.clone())),
            others: [tokio::spawn(handlers.run(stop.clone())), tokio::spawn(sweeper.run(stop.clone()))],
            suspects: tokio::spawn(lane.run()),
            settler: tokio::spawn(settler.run()),
            backlog,
            teller: tokio::spawn(teller.run(over.clone())),
            ledger,
            settlements,
            over,
        })
    }
}

impl Running {
    async fn drain(self, grace: Duration) {
        let Self { backlog, ledger, settlements, taker, others, suspects, mut settler, teller, over } = self;
        for task in std::iter::once(taker).chain(others) {
            end(task).await;
        }
        for unstarted in backlog.close() {
            let _ = settlements.send(unstarted.release());
        }
        // The slots and the lane of suspects hold the only other senders: the settler ends when the last of them has, and
        // all is settled.
        drop(settlements);
        match tokio::time::timeout(grace, &mut settler).await {
            Ok(ended) => report(ended),
            Err(_) => {
                tracing::info!(
                    jobs = ledger.len(),
                    "the grace period is over; jobs are interrupted and released"
                );
                ledger.interrupt_all();
                if !end(settler).await {
                    let jobs = ledger.len();
                    tracing::error!(
                        jobs,
                        "not stopped or not settled; they run again when their leases are over"
                    );
                }
            }
        }
        end(suspects).await;
        over.cancel();
        end(teller).await;
        gauges::load(0, 0, 0);
    }
}

fn start_slots(slots: usize, slot: &Slot) -> io::Result<()> {
    for number in 0..slots {
        let slot = slot.clone();
        thread::Builder::new().name(format!("slot-{number}")).spawn(move || slot.work())?;
    }
    Ok(())
}

/// Waits for a task that was told to end; one that hangs is dropped, which is no worse than a crash. Answers whether it
/// ended.
async fn end(mut task: JoinHandle<()>) -> bool {
    match tokio::time::timeout(STOP_WITHIN, &mut task).await {
        Ok(ended) => {
            report(ended);
            true
        }
        Err(_) => {
            task.abort();
            false
        }
    }
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!("a task of the worker failed inside: {error}");
    }
}
