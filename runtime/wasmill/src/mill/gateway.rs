//! The HTTP edge of the process: job API, admin API and probes on one address.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wasmill_console::{ConsoleConfig, Prepare, Probes};
use wasmill_http::{Hosts, HttpConfig};
use wasmill_ingest::{Durability, IngestConfig};
use wasmill_process::config::GatewayConfig;
use wasmill_process::{Config, Metrics, Readiness};

use crate::failure::{Exit, Failure, Result};
use crate::mill::{Ends, access};

/// Takes the address.
pub(super) async fn bind(listen: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(listen).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            Failure::new(Exit::Config, format_args!("{listen} is in use by another program.")).advise(
                "Is a mill running already? Choose another address with --listen, such as 127.0.0.1:0.",
            )
        }
        _ => Failure::new(Exit::Config, format_args!("{listen} cannot be listened on: {error}."))
            .advise("Choose another address with --listen."),
    })
}

/// Puts the APIs together; the future serves them until `stop`, then drains.
pub(super) fn serve(
    ends: &Ends,
    config: &Config,
    listener: TcpListener,
    (metrics, readiness): (Metrics, Readiness),
    stop: CancellationToken,
) -> Result<impl Future<Output = ()> + Send + 'static> {
    let body_bytes_max = usize::try_from(config.gateway.body_bytes_max).unwrap_or(usize::MAX);
    let jobs = wasmill_ingest::router(wasmill_ingest::Parts {
        storage: wasmill_ingest::Storage::Log(ends.log.clone()),
        queue: ends.queue.clone(),
        catalog: ends.catalog(),
        clock: Arc::clone(&ends.clock),
        stored: Durability::Fsync,
        config: IngestConfig { buffer_bytes: body_bytes_max.saturating_mul(2) },
    });
    let access = access::access(&config.auth);
    // Without tokens a page of another origin must not reach anything; with them real host names must work.
    let hosts = if access.is_open() { Hosts::local() } else { Hosts::any() };
    let loader = Arc::clone(&ends.loader);
    let admin = wasmill_console::router(wasmill_console::Parts {
        storage: wasmill_console::Storage::Log(ends.log.clone()),
        queue: ends.queue.clone(),
        store: ends.store.clone(),
        catalog: ends.following.clone(),
        prepare: Prepare::new(move |upload| loader.prepare(&upload)),
        clock: Arc::clone(&ends.clock),
        hosts: hosts.clone(),
        config: ConsoleConfig { module_bytes_max: body_bytes_max },
    });
    let probes = wasmill_console::probes(Probes {
        metrics: Arc::new(move || metrics.render()),
        missing: Arc::new(move || missing(&readiness.standing())),
    });
    let mut description = wasmill_ingest::openapi();
    description.merge(wasmill_console::openapi());
    wasmill_http::describe_tokens(&mut description, &access, access::needs);
    let description = wasmill_http::openapi_route(&description).map_err(|error| {
        Failure::new(Exit::No, format_args!("the API's description cannot be written: {error}."))
    })?;
    let jobs = wasmill_http::guard(jobs, hosts);
    let routes = jobs.merge(admin).merge(probes).merge(description);
    let router = wasmill_http::finish(wasmill_http::protect(routes, access, access::needs));
    let settings = http_config(&config.gateway);
    Ok(async move {
        wasmill_http::serve(listener, router, settings, stop).await;
    })
}

fn http_config(config: &GatewayConfig) -> HttpConfig {
    let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    HttpConfig {
        max_connections: NonZeroUsize::try_from(config.connections_max).unwrap_or(NonZeroUsize::MIN),
        header_timeout_ms: ms(config.header_timeout),
        drain_timeout_ms: ms(config.grace),
        ..HttpConfig::default()
    }
}

/// What `/readyz` says is missing.
fn missing(standing: &wasmill_process::Standing) -> Vec<String> {
    match standing {
        wasmill_process::Standing::Ready => Vec::new(),
        wasmill_process::Standing::Waiting(parts) => {
            parts.iter().map(|part| format!("waiting for {part}")).collect()
        }
        wasmill_process::Standing::Draining => vec!["the process is stopping".into()],
    }
}
