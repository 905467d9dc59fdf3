//! The task that keeps the history: it opens the folder, writes each minute that is over, and goes on without when that cannot be
//! done. All disk work is done on threads that may block; nobody who takes jobs in waits for it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use wasmill_job::{Clock, JobType};

use super::collect::{Closed, Collector, Look};
use super::error::HistoryError;
use super::steps::{Span, Step};
use super::store::{SetAside, Store};

/// The history, for whoever reads it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct History {
    standing: Arc<Mutex<Standing>>,
}

/// Where looks are put in. Dropped, the minute that is not over is written, and the folder let go of.
pub(crate) struct Feed {
    collector: Collector,
    closed: Option<mpsc::Sender<Closed>>,
}

#[derive(Clone)]
enum Standing {
    /// A sentence says why.
    Off(String),
    Open(Arc<Store>),
}

/// What the task works with.
struct Keeper {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    history: History,
    /// Whether it was said that there is none: it is said once.
    is_told: bool,
}

/// Minutes that may wait for a slow disk; more are left out.
const WAITING_MAX: usize = 4;
/// How soon it is tried again to open a history that could not be opened.
const AGAIN: Duration = Duration::from_secs(2);

impl History {
    /// Begins to keep the history in this folder; without one there is none. Must be called inside a tokio runtime. Ends when the
    /// feed is dropped.
    pub(crate) fn start(folder: Option<PathBuf>, clock: Arc<dyn Clock>) -> (Self, Feed) {
        let Some(folder) = folder else {
            let off = Standing::Off("This process keeps no history.".to_owned());
            return (
                Self { standing: Arc::new(Mutex::new(off)) },
                Feed { collector: Collector::default(), closed: None },
            );
        };
        let off = Standing::Off("The history is not open yet; reload in a moment.".to_owned());
        let history = Self { standing: Arc::new(Mutex::new(off)) };
        let (sender, closed) = mpsc::channel(WAITING_MAX);
        let keeper = Keeper { folder, clock, history: history.clone(), is_told: false };
        tokio::spawn(keeper.keep(closed));
        (history, Feed { collector: Collector::default(), closed: Some(sender) })
    }

    /// The steps of a span, of a type or of the mill.
    ///
    /// # Errors
    /// A sentence, when there is no history at the moment.
    pub(crate) async fn steps(&self, name: Option<&JobType>, span: Span) -> Result<Vec<Step>, String> {
        let standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let store = match standing {
            Standing::Open(store) => store,
            Standing::Off(sentence) => return Err(sentence),
        };
        let name = name.cloned();
        let read = tokio::task::spawn_blocking(move || store.steps(name.as_ref(), span)).await;
        match read {
            Ok(read) => read.map_err(|error| off(&error)),
            Err(_) => Err("The history cannot be read at the moment.".to_owned()),
        }
    }

    fn set(&self, standing: Standing) {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = standing;
    }
}

impl Feed {
    /// Takes in what a look found.
    pub(crate) fn note(&mut self, look: &Look<'_>) {
        if self.closed.is_some()
            && let Some(closed) = self.collector.note(look)
        {
            self.send(closed);
        }
    }

    fn send(&self, closed: Closed) {
        if let Some(sender) = &self.closed
            && sender.try_send(closed).is_err()
        {
            tracing::warn!("the disk of the history is too slow: a minute is left out");
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if let Some(closed) = self.collector.close() {
            self.send(closed);
        }
    }
}

impl Keeper {
    async fn keep(mut self, mut closed: mpsc::Receiver<Closed>) {
        let mut open = self.open().await;
        loop {
            let next = match &open {
                Some(_) => Ok(closed.recv().await),
                None => timeout(AGAIN, closed.recv()).await,
            };
            if open.is_none() {
                open = self.open().await;
            }
            match next {
                Ok(Some(minute)) => open = self.write(open, minute).await,
                Ok(None) => break,
                // Nothing came, and it was tried again.
                Err(_) => {}
            }
        }
        self.history.set(Standing::Off("This process is stopping.".to_owned()));
        // Letting go of the file is disk work, too; what fails now is told by the next start.
        let _ = tokio::task::spawn_blocking(move || drop(open)).await;
    }

    async fn open(&mut self) -> Option<Arc<Store>> {
        let (folder, now) = (self.folder.clone(), self.clock.now());
        let opened = tokio::task::spawn_blocking(move || Store::open(&folder, now)).await;
        match opened {
            Ok(Ok((store, aside))) => {
                if let Some(SetAside { reason, to }) = aside {
                    tracing::warn!(reason, set_aside = %to.display(), "the history could not be used and begins anew");
                }
                if std::mem::take(&mut self.is_told) {
                    tracing::info!("the history is kept again");
                }
                let store = Arc::new(store);
                self.history.set(Standing::Open(Arc::clone(&store)));
                Some(store)
            }
            Ok(Err(error)) => self.go_without(&error),
            Err(_) => None,
        }
    }

    /// Answers the store again, unless it failed: then it is opened anew.
    async fn write(&mut self, open: Option<Arc<Store>>, minute: Closed) -> Option<Arc<Store>> {
        let store = open?;
        let writing = Arc::clone(&store);
        let written = tokio::task::spawn_blocking(move || writing.write(&minute));
        let written = written.await;
        match written {
            Ok(Ok(())) => Some(store),
            Ok(Err(error)) => self.go_without(&error),
            Err(_) => None,
        }
    }

    /// The console goes on without, and says so once.
    fn go_without(&mut self, error: &HistoryError) -> Option<Arc<Store>> {
        self.history.set(Standing::Off(off(error)));
        if !std::mem::replace(&mut self.is_told, true) {
            tracing::warn!(%error, "no history is kept; everything else goes on");
        }
        None
    }
}

fn off(error: &HistoryError) -> String {
    format!("No history is kept at the moment: {error}.")
}
