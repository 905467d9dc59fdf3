//! Connections kept for later calls, each found again only by those who could have opened it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use crate::address::Reach;
use crate::config::Limits;
use crate::connection::Connection;
use crate::origin::Origin;

/// Who may find a connection. The caller's list has granted `origin` with `reach` before it asks, and with that reach
/// the address of the connection was judged: so nobody gets further than by opening one. `owner` keeps job types apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) owner: Arc<str>,
    pub(crate) origin: Origin,
    pub(crate) reach: Reach,
}

/// Idle connections of HTTP/1.1, and all of HTTP/2 that were used lately.
#[derive(Debug)]
pub(crate) struct Pool {
    /// Longest unused first.
    kept: Mutex<Kept>,
    all_max: usize,
    per_owner_max: usize,
    timeout: Duration,
}

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<Entry>,
    /// Whether a task is waiting to close what stays unused.
    is_swept: bool,
}

#[derive(Debug)]
struct Entry {
    key: Key,
    connection: Connection,
    used: Instant,
}

impl Pool {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            kept: Mutex::default(),
            all_max: limits.idle_connections,
            per_owner_max: limits.idle_connections_per_owner,
            timeout: limits.idle_timeout,
        }
    }

    /// The connection used last; one of HTTP/2 stays for others as well.
    pub(crate) fn take(&self, key: &Key, now: Instant) -> Option<Connection> {
        let mut kept = self.lock();
        kept.drop_unused_since(now.checked_sub(self.timeout));
        let place = kept.entries.iter().rposition(|entry| entry.key == *key)?;
        let mut entry = kept.entries.remove(place)?;
        let Some(shared) = entry.connection.share() else {
            return Some(entry.connection);
        };
        entry.used = now;
        kept.entries.push_back(entry);
        Some(shared)
    }

    /// Keeps a connection for later, in place of the longest unused one where there are too many.
    pub(crate) fn put(self: &Arc<Self>, key: Key, connection: Connection, now: Instant) {
        let mut kept = self.lock();
        kept.drop_unused_since(now.checked_sub(self.timeout));
        let owner = Arc::clone(&key.owner);
        kept.entries.push_back(Entry { key, connection, used: now });
        let of_owner = kept.entries.iter().filter(|entry| entry.key.owner == owner).count();
        if of_owner > self.per_owner_max
            && let Some(place) = kept.entries.iter().position(|entry| entry.key.owner == owner)
        {
            kept.entries.remove(place);
        }
        if kept.entries.len() > self.all_max {
            kept.entries.pop_front();
        }
        if !kept.is_swept && !kept.entries.is_empty() {
            kept.is_swept = true;
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Also drops what the other side has closed.
    fn drop_unused_since(&mut self, since: Option<Instant>) {
        let is_used = |entry: &Entry| since.is_none_or(|since| entry.used > since);
        self.entries.retain(|entry| is_used(entry) && !entry.connection.is_closed());
    }
}

/// Closes connections when their time is over, until none is left.
async fn sweep(pool: Weak<Pool>) {
    loop {
        let due = {
            let Some(pool) = pool.upgrade() else { return };
            let mut kept = pool.lock();
            kept.drop_unused_since(Instant::now().checked_sub(pool.timeout));
            match kept.entries.front() {
                Some(entry) => entry.used + pool.timeout,
                None => {
                    kept.is_swept = false;
                    return;
                }
            }
        };
        tokio::time::sleep_until(due).await;
    }
}
