//! The accept loop. Our own, because `axum::serve` installs no timer, and without one no header timeout works.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::HttpConfig;
use crate::connection::{refuse_one, serve_one};

/// Connections that are being told at once that there are too many. Beyond these they are just closed.
const REFUSALS_MAX: usize = 64;

/// The pause after an accept that failed for want of something (file descriptors, memory) that others must give back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How a drain went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still busy at the deadline, and were cut.
    pub cut: usize,
}

/// Serves `router` on `listener` until `drain` is cancelled; then accepts no more, lets requests finish until the
/// configured deadline, and cuts what is left.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    config: HttpConfig,
    drain: CancellationToken,
) -> Drained {
    let slots = Arc::new(Semaphore::new(config.max_connections.get()));
    let refusals = Arc::new(Semaphore::new(REFUSALS_MAX));
    let open = metrics::gauge!("wasmill_http_connections");
    let mut connections = JoinSet::new();
    loop {
        let tcp = tokio::select! {
            biased;
            () = drain.cancelled() => break,
            // Finished ones are forgotten as they finish.
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => match accepted {
                Ok((tcp, _)) => tcp,
                Err(error) => {
                    pause_after(&error).await;
                    continue;
                }
            },
        };
        // Answers are written whole; waiting for more to send would only delay them. A failure costs latency alone.
        let _ = tcp.set_nodelay(true);
        if let Ok(slot) = Arc::clone(&slots).try_acquire_owned() {
            let (router, config, drain, open) = (router.clone(), config.clone(), drain.clone(), open.clone());
            connections.spawn(async move {
                open.increment(1.0);
                serve_one(tcp, router, config, drain).await;
                open.decrement(1.0);
                drop(slot);
            });
        } else {
            refuse(tcp, &config, &refusals, &mut connections);
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(config.drain_timeout(), all).await;
    let cut = connections.len();
    if cut > 0 {
        tracing::warn!(cut, "connections were still busy at the drain deadline and were cut");
    }
    connections.shutdown().await;
    Drained { cut }
}

fn refuse(tcp: TcpStream, config: &HttpConfig, refusals: &Arc<Semaphore>, connections: &mut JoinSet<()>) {
    metrics::counter!("wasmill_http_refused_connections_total").increment(1);
    if let Ok(slot) = Arc::clone(refusals).try_acquire_owned() {
        let config = config.clone();
        connections.spawn(async move {
            refuse_one(tcp, config).await;
            drop(slot);
        });
    }
}

async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "cannot accept connections; trying again");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

#[cfg(test)]
mod tests;
