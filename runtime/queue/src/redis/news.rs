//! Wake-ups: what Redis tells this process by publish and subscribe. A lost one costs at most a second: each sweep says
//! whether something can be taken.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redis::{PushInfo, PushKind};
use tokio::sync::Notify;

use crate::WorkerId;
use crate::redis::reply::as_text;

/// What has been told so far. Numbers only grow.
#[derive(Debug, Default)]
pub(super) struct News {
    told: Mutex<Told>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Told {
    by_worker: HashMap<WorkerId, u64>,
    /// Told to every worker.
    all: u64,
    owed: u64,
}

impl News {
    /// Takes in a message that was pushed over the connection.
    pub(super) fn hear(&self, push: &PushInfo) {
        match push.kind {
            PushKind::Message => {
                let [channel, message] = &push.data[..] else { return };
                if as_text(channel).is_some_and(|channel| channel.ends_with("!owed")) {
                    self.tell(|told| told.owed += 1);
                } else if let Some(worker) =
                    as_text(message).and_then(|hex| u64::from_str_radix(hex, 16).ok())
                {
                    self.tell(|told| *told.by_worker.entry(WorkerId(worker)).or_default() += 1);
                }
            }
            // What was published since is lost.
            PushKind::Disconnection => self.tell_all(),
            _ => {}
        }
    }

    /// Something may be takeable, for anybody, or owed.
    pub(super) fn tell_all(&self) {
        self.tell(|told| {
            told.all += 1;
            told.owed += 1;
        });
    }

    /// How much a worker has been told.
    pub(super) fn of(&self, worker: WorkerId) -> u64 {
        let told = self.lock();
        told.all + told.by_worker.get(&worker).copied().unwrap_or_default()
    }

    /// How much has been told of debts.
    pub(super) fn owed(&self) -> u64 {
        self.lock().owed
    }

    /// Resolves when `is_past` says so of what has been told.
    pub(super) async fn until(&self, is_past: impl Fn(&Self) -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Counts from here on, so nothing told between the look and the wait is missed.
            changed.as_mut().enable();
            if is_past(self) {
                return;
            }
            changed.await;
        }
    }

    fn tell(&self, change: impl FnOnce(&mut Told)) {
        change(&mut self.lock());
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        // Numbers are whole between any two changes.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::*;

    fn message(channel: &str, text: &str) -> PushInfo {
        let data = [channel, text].map(|text| Value::BulkString(text.into())).into();
        PushInfo { kind: PushKind::Message, data }
    }

    #[tokio::test]
    async fn a_worker_hears_what_is_meant_for_it() {
        let news = News::default();
        let (one, two) = (WorkerId(1), WorkerId(2));
        let before = (news.of(one), news.of(two), news.owed());
        news.hear(&message("{wasmill:0}:!00000000000000aa", "0000000000000001"));
        assert_eq!((news.of(one), news.of(two), news.owed()), (before.0 + 1, before.1, before.2));
        news.hear(&message("{wasmill:0}:!owed", ""));
        assert_eq!((news.of(one), news.owed()), (before.0 + 1, before.2 + 1));
        news.hear(&PushInfo { kind: PushKind::Disconnection, data: Vec::new() });
        assert_eq!((news.of(one), news.of(two)), (before.0 + 2, before.1 + 1));
        news.until(|news| news.of(two) > before.1).await;
    }
}
