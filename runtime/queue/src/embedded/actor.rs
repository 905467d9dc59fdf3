//! The thread that owns the queue. It sleeps until a command comes, or a lease runs out or a job falls due; when the
//! engine fails it answers "unavailable", begins an empty queue as soon as that works, and lets the log fill it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};
use wasmill_job::{Clock, UnixMs};

use super::command::{Command, Reply};
use super::config::{OpenError, Opening};
use super::engine::Engine;
use super::folder::{Folder, guarded};
use super::gauges::{self, Gauges};
use super::store::StoreError;
use crate::core::PushRefused;
use crate::record::Serial;
use crate::{Outdated, QueueError};

/// The thread's own.
pub(super) struct Actor {
    folder: Folder,
    clock: Arc<dyn Clock>,
    standing: Standing,
    gauges: Gauges,
    /// Counts changes after which a take may give something.
    news: watch::Sender<u64>,
    /// How many debts there are.
    owing: watch::Sender<usize>,
}

enum Standing {
    Open(Box<Engine>),
    /// The engine failed. It is tried again at `again`.
    Broken {
        reason: String,
        again: Instant,
        pause: Duration,
        serial: Serial,
    },
}

/// Between attempts to begin anew.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// The longest sleep while something is due: a wall clock that jumps forward is noticed after this.
const SLEEP_MAX: Duration = Duration::from_secs(60);

impl Actor {
    /// Opens the folder's queue, or begins one.
    pub(super) fn open(
        folder: Folder,
        clock: Arc<dyn Clock>,
        news: watch::Sender<u64>,
        owing: watch::Sender<usize>,
    ) -> Result<(Self, Opening), OpenError> {
        let now = clock.now();
        let began = |reason: StoreError| OpenError::Engine {
            folder: folder.path().to_owned(),
            reason: reason.to_string(),
        };
        let (engine, opening) = if !folder.exists() {
            let (core, store) = folder.begin(Serial(0), now).map_err(began)?;
            (Engine { core, store }, Opening::Begun)
        } else {
            match folder.open(now) {
                Ok((core, store)) => {
                    let jobs = core.live();
                    (Engine { core, store }, Opening::Opened { jobs })
                }
                Err(StoreError::InUse) => return Err(OpenError::InUse { folder: folder.path().to_owned() }),
                Err(reason) => {
                    let set_aside = put_away(&folder, &reason, now);
                    let (core, store) = folder.begin(Serial(0), now).map_err(began)?;
                    (Engine { core, store }, Opening::Rebuilt { reason: reason.to_string(), set_aside })
                }
            }
        };
        let standing = Standing::Open(Box::new(engine));
        let mut actor = Self { folder, clock, standing, gauges: Gauges::default(), news, owing };
        actor.tell();
        Ok((actor, opening))
    }

    /// Serves until it is closed, or no handle is left.
    pub(super) fn run(mut self, commands: &Receiver<Command>) -> Option<oneshot::Sender<()>> {
        loop {
            if self.sleep() == Some(Duration::ZERO) {
                // Also when commands leave no pause.
                self.wake();
            }
            let command = match self.sleep() {
                None => commands.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(sleep) => commands.recv_timeout(sleep),
            };
            match command {
                Ok(Command::Close(closed)) => return Some(closed),
                Ok(command) => self.serve(command),
                Err(RecvTimeoutError::Timeout) => self.wake(),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    fn serve(&mut self, command: Command) {
        match command {
            Command::Resume(lane, progress, reply) => {
                let resumed = self.operate("resume", |engine, _, _| engine.resume(&lane, &progress));
                let outdated = |outdated: Outdated| QueueError::Unavailable { reason: outdated.of(&lane) };
                let resumed = resumed.and_then(|resumed| resumed.map_err(outdated));
                if let Ok((wanted, dropped @ 1..)) = &resumed {
                    gauges::rolled_back(*dropped);
                    tracing::warn!(%lane, %wanted, dropped, "the queue was rolled back: jobs that the log knows to be settled are dropped");
                }
                answer(reply, resumed.map(|(wanted, _)| wanted));
            }
            Command::Passed(lane, reply) => {
                answer(reply, self.operate("passed", |engine, _, _| Ok(engine.core.passed(&lane))));
            }
            Command::Adopt(lane, from, epoch, reply) => {
                let adopted = self.operate("adopt", |engine, _, _| engine.adopt(&lane, from, epoch));
                if adopted.is_ok() {
                    tracing::warn!(%lane, %from, "the partition was adopted: it begins anew here");
                }
                answer(reply, adopted);
            }
            Command::Push(push, reply) => {
                let pushed = self.operate("push", |engine, _, now| engine.push(push, now));
                let malformed = |PushRefused::Malformed(reason)| QueueError::Malformed { reason };
                answer(reply, pushed.and_then(|pushed| pushed.map_err(malformed)));
            }
            Command::Enqueue(jobs, are_owed, reply) => {
                let enqueued = |engine: &mut Engine, _: &Folder, now| engine.enqueue(&jobs, are_owed, now);
                answer(reply, self.operate("enqueue", enqueued));
            }
            Command::Take(take, reply) => {
                let taken = self.operate("take", |engine, _, now| engine.take(&take, now));
                // After the news of this operation itself: what it returned to pending, it has just seen.
                let news = *self.news.borrow();
                answer(reply, taken.map(|claims| (claims, news)));
            }
            Command::Renew(claims, lease, reply) => {
                let renew = |engine: &mut Engine, _: &Folder, now: UnixMs| {
                    Ok(engine.core.renew(claims, now.plus(lease), now))
                };
                answer(reply, self.operate("renew", renew));
            }
            Command::Settle(settlements, reply) => {
                answer(reply, self.operate("settle", |engine, _, now| engine.settle(&settlements, now)));
            }
            Command::Sweep(max, reply) => {
                answer(reply, self.operate("sweep", |engine, _, now| engine.sweep(max, now)));
            }
            Command::Owed(max, reply) => answer(reply, self.operate("owed", |engine, _, _| engine.owed(max))),
            Command::Paid(debts, reply) => {
                answer(reply, self.operate("paid", |engine, _, _| engine.paid(&debts)));
            }
            Command::Progress(lane, reply) => {
                answer(reply, self.operate("progress", |engine, _, _| Ok(engine.core.progress(&lane))));
            }
            Command::Counts(reply) => {
                answer(reply, self.operate("counts", |engine, _, _| Ok(engine.core.counts())));
            }
            Command::Job(id, reply) => {
                answer(reply, self.operate("job", |engine, _, now| engine.job(id, now)));
            }
            Command::Record(id, reply) => {
                answer(reply, self.operate("record", |engine, _, _| engine.record(id)));
            }
            Command::Dead(query, reply) => {
                answer(reply, self.operate("dead", |engine, _, _| engine.dead(&query)));
            }
            Command::List(query, reply) => {
                let listed = self.operate("list", |engine, _, now| engine.list(&query, now));
                answer(reply, listed.and_then(|listed| listed));
            }
            Command::Cancel(cancel, reply) => {
                answer(reply, self.operate("cancel", |engine, _, now| engine.cancel(&cancel, now)));
            }
            Command::Purge(keys, reply) => {
                answer(reply, self.operate("purge", |engine, _, _| engine.purge(&keys)));
            }
            Command::Check(reply) => {
                let check = |engine: &mut Engine, folder: &Folder, now| Ok(engine.check(folder, now));
                answer(reply, self.operate("check", check));
            }
            // `run` does not pass it on.
            Command::Close(closed) => drop(closed),
        }
    }

    fn operate<T>(
        &mut self,
        name: &'static str,
        run: impl FnOnce(&mut Engine, &Folder, UnixMs) -> Result<T, StoreError>,
    ) -> Result<T, QueueError> {
        let started = Instant::now();
        let engine = match &mut self.standing {
            Standing::Open(engine) => engine,
            Standing::Broken { reason, .. } => {
                return Err(QueueError::Unavailable { reason: reason.clone() });
            }
        };
        let now = self.clock.now();
        let result = guarded(|| run(engine, &self.folder, now));
        let result = result.map_err(|error| self.break_down(&error));
        gauges::operation(name, started.elapsed());
        self.tell();
        result
    }

    /// Passes on what the last operation changed.
    fn tell(&mut self) {
        let Standing::Open(engine) = &mut self.standing else { return };
        for number in engine.core.changed_types() {
            let (name, counts) = engine.core.counts_of(number);
            self.gauges.tell(number, name, &counts);
        }
        if engine.core.was_stirred() {
            self.news.send_modify(|news| *news += 1);
        }
        let debts = engine.core.debts();
        self.owing.send_if_modified(|owing| std::mem::replace(owing, debts) != debts);
    }

    /// How long nothing has to be done unless it is asked for; `None` for ever.
    fn sleep(&self) -> Option<Duration> {
        match &self.standing {
            Standing::Open(engine) => {
                let moment = engine.core.next_moment().map(|at| at.since(self.clock.now()).min(SLEEP_MAX));
                let write = engine.store.due().map(|at| at.saturating_duration_since(Instant::now()));
                moment.into_iter().chain(write).min()
            }
            Standing::Broken { again, .. } => Some(again.saturating_duration_since(Instant::now())),
        }
    }

    fn wake(&mut self) {
        match &self.standing {
            // Fails only by breaking down, which has been told by then.
            Standing::Open(_) => drop(self.operate("wake", |engine, _, now| engine.wake(now))),
            Standing::Broken { .. } => self.begin_anew(),
        }
    }

    /// The engine failed: puts its folder away. The next wake begins anew.
    fn break_down(&mut self, error: &StoreError) -> QueueError {
        let reason = error.to_string();
        let serial = match &self.standing {
            Standing::Open(engine) => engine.core.next_serial(),
            Standing::Broken { serial, .. } => *serial,
        };
        let broken =
            Standing::Broken { reason: reason.clone(), again: Instant::now(), pause: PAUSE_MIN, serial };
        let engine = std::mem::replace(&mut self.standing, broken);
        // The engine may fail once more while it lets go.
        drop(guarded(|| {
            drop(engine);
            Ok(())
        }));
        put_away(&self.folder, error, self.clock.now());
        self.gauges.reset();
        self.owing.send_replace(0);
        QueueError::Unavailable { reason }
    }

    fn begin_anew(&mut self) {
        let Standing::Broken { pause, serial, .. } = self.standing else { return };
        let begun = self.folder.begin(serial, self.clock.now());
        match begun {
            Ok((core, store)) => {
                tracing::warn!(folder = %self.folder.path().display(), "an empty queue was begun; the log fills it again");
                self.standing = Standing::Open(Box::new(Engine { core, store }));
                self.news.send_modify(|news| *news += 1);
            }
            Err(error) => {
                tracing::warn!(%error, "the queue cannot be begun yet; it is tried again in {pause:?}");
                let cleared =
                    if error == StoreError::Full { self.folder.clear() } else { self.folder.discard() };
                if let Err(error) = cleared {
                    tracing::warn!(%error, "the queue's folder cannot be cleared");
                }
                let pause = (pause * 2).min(PAUSE_MAX);
                self.standing = Standing::Broken {
                    reason: error.to_string(),
                    again: Instant::now() + pause,
                    pause,
                    serial,
                };
            }
        }
    }
}

/// Sends an answer. Nobody may be there any more; then it is dropped.
fn answer<T>(reply: Reply<T>, with: Result<T, QueueError>) {
    drop(reply.send(with));
}

/// Gets an unusable folder out of the way: set aside for somebody to look at, or removed if the disk is full and nothing
/// is wrong with it.
fn put_away(folder: &Folder, reason: &StoreError, now: UnixMs) -> Option<std::path::PathBuf> {
    gauges::rebuilt();
    let path = folder.path().display();
    let put_away = match reason {
        StoreError::Full => folder.clear().map(|()| None),
        StoreError::Damaged(_) | StoreError::Failed(_) | StoreError::InUse => folder.set_aside(now).map(Some),
    };
    match put_away {
        Ok(set_aside) => {
            let kept =
                set_aside.as_ref().map_or_else(|| "removed".into(), |to| format!("kept as {}", to.display()));
            tracing::error!(
                folder = %path,
                "the queue in this folder cannot be used: {reason}. It is {kept}, and rebuilt from the log; no accepted job is lost"
            );
            set_aside
        }
        Err(error) => {
            tracing::error!(folder = %path, "the queue in this folder cannot be used: {reason}; and it cannot be moved away: {error}");
            None
        }
    }
}
