//! From names to addresses. Who answers is not trusted: every address is judged before it is used.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

/// The answer to come.
pub type Addresses<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Finds the addresses of a name. Asked once for each new connection, never for an address.
pub trait Resolve: fmt::Debug + Send + Sync + 'static {
    /// All addresses of `name`, IPv4 and IPv6, in the order in which they are tried.
    fn resolve<'a>(&'a self, name: &'a str) -> Addresses<'a>;
}

/// The machine's own resolver (`getaddrinfo`): its hosts file, its search domains, its order (RFC 6724).
#[derive(Debug, Clone)]
pub struct SystemResolver {
    turns: Arc<Semaphore>,
}

/// Answers from a table, for tests: the first look-up of a name gets its first answer, and so on; the last one stays.
#[derive(Debug, Default)]
pub struct TableResolver {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
}

/// Each look-up holds a thread for as long as the name's servers please. Tokio has 512 of them.
const LOOK_UPS_AT_ONCE: usize = 64;

impl Default for SystemResolver {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(LOOK_UPS_AT_ONCE)) }
    }
}

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> Addresses<'a> {
        let (turns, name) = (Arc::clone(&self.turns), name.to_owned());
        Box::pin(async move {
            let turn = turns.acquire_owned().await.map_err(io::Error::other)?;
            let look_up = move || {
                // Held by the thread: a caller that has gone away frees no thread.
                let _turn = turn;
                (name.as_str(), 0).to_socket_addrs().map(|found| found.map(|address| address.ip()).collect())
            };
            tokio::task::spawn_blocking(look_up).await.map_err(io::Error::other)?
        })
    }
}

impl TableResolver {
    /// One answer for one name.
    #[must_use]
    pub fn with(self, name: &str, addresses: &[IpAddr]) -> Self {
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(name.to_owned())
            .or_default()
            .push(addresses.to_vec());
        self
    }
}

impl Resolve for TableResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> Addresses<'a> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match answers.get_mut(name) {
            Some(left) if left.len() > 1 => Some(left.remove(0)),
            Some(left) => left.first().cloned(),
            None => None,
        };
        let answer =
            found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such name in the table"));
        Box::pin(std::future::ready(answer))
    }
}
