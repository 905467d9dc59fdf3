//! What one call has given to the brokers, and the fates that come back: one slot for the call, counted down.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::types::RDKafkaErrorCode;
use tokio::sync::oneshot;

/// What became of a record: its offset, or why it has none.
pub(super) type Fate = Result<u64, RDKafkaErrorCode>;

/// The records of one call.
#[derive(Debug)]
pub(super) struct Batch {
    fates: Mutex<Vec<Option<Fate>>>,
    /// How many are out, and one more until all are sent.
    open: AtomicUsize,
    done: Mutex<Option<oneshot::Sender<()>>>,
}

/// One record's way back. Dropped without a fate, it counts as unknown.
#[derive(Debug)]
pub(super) struct Delivery {
    batch: Arc<Batch>,
    index: usize,
}

impl Batch {
    /// A slot for `records`, and what resolves when the last fate has come.
    pub(super) fn new(records: usize) -> (Arc<Self>, oneshot::Receiver<()>) {
        let (done, all) = oneshot::channel();
        let batch = Self {
            fates: Mutex::new(vec![None; records]),
            open: AtomicUsize::new(1),
            done: Mutex::new(Some(done)),
        };
        (Arc::new(batch), all)
    }

    /// A way back for the record at `index`.
    pub(super) fn delivery(self: &Arc<Self>, index: usize) -> Box<Delivery> {
        self.open.fetch_add(1, Ordering::Relaxed);
        Box::new(Delivery { batch: Arc::clone(self), index })
    }

    /// Everything that will be sent is.
    pub(super) fn sent(&self) {
        self.count_down();
    }

    /// The fates, in order.
    pub(super) fn fates(&self) -> Vec<Option<Fate>> {
        std::mem::take(&mut *self.fates.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn count_down(&self) {
        if self.open.fetch_sub(1, Ordering::AcqRel) == 1
            && let Some(done) = self.done.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            // Whoever has gone away does not need the answer; the records stay.
            let _ = done.send(());
        }
    }
}

impl Delivery {
    pub(super) fn settle(&self, fate: Fate) {
        if let Some(slot) =
            self.batch.fates.lock().unwrap_or_else(PoisonError::into_inner).get_mut(self.index)
        {
            *slot = Some(fate);
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.batch.count_down();
    }
}
