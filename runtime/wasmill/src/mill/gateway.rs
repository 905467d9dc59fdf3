//! The HTTP edge of the process: job API, admin API, its pages and probes on one address; of a console all but what takes jobs in, of a
//! relay or a worker the probes.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wasmill_console::{ConsoleConfig, JobDesk, MakeTopics, Prepare, Probes, Tokens};
use wasmill_http::{Hosts, HttpConfig};
use wasmill_ingest::{Durability, IngestConfig};
use wasmill_log::Log;
use wasmill_process::config::GatewayConfig;
use wasmill_process::{Config, Readiness};
use wasmill_queue::Queue;

use crate::failure::{Exit, Failure, Result};
use crate::mill::ends::Ends;
use crate::mill::{Role, access, stores};

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

/// Puts together what this role answers: the APIs and the probes, or the probes alone; the future serves it until `stop`,
/// then drains.
pub(super) fn serve<L: Log, Q: Queue>(
    ends: &Ends<L, Q>,
    role: Role,
    config: &Config,
    listener: TcpListener,
    (metrics, readiness): (Arc<dyn Fn() -> String + Send + Sync>, Readiness),
    (stored, topics): (Durability, Option<MakeTopics>),
    stop: CancellationToken,
) -> Result<impl Future<Output = ()> + Send + 'static + use<L, Q>> {
    let (access, tokens) = (ends.access.clone(), ends.tokens.clone());
    let remarking = readiness.clone();
    let probes = wasmill_console::probes(Probes {
        metrics,
        missing: Arc::new(move || missing(&readiness.standing())),
        remarks: Arc::new(move || remarking.remarks()),
    });
    let routes = if role.administers() {
        // Without tokens a page of another origin must not reach anything; with them real host names must work.
        let hosts = if access.is_open() { Hosts::local() } else { Hosts::any() };
        let (jobs, admin) = parts(ends, role, config, (stored, topics), &hosts, stop.clone());
        let (jobs, mut description) = match role.takes_jobs_in() {
            true => (jobs.router(), wasmill_ingest::openapi()),
            false => (jobs.router_of_one(), wasmill_ingest::openapi_of_one()),
        };
        description.merge(wasmill_console::openapi());
        wasmill_http::describe_tokens(&mut description, &access, access::rules);
        let description = wasmill_http::openapi_route(&description).map_err(|error| {
            Failure::new(Exit::No, format_args!("the API's description cannot be written: {error}."))
        })?;
        let jobs = wasmill_http::guard(jobs, hosts);
        jobs.merge(wasmill_console::router(admin)).merge(probes).merge(description)
    } else {
        probes
    };
    // In front of what refuses: refusals are told, too.
    let told = wasmill_http::audit(wasmill_http::protect(routes, access, access::rules), access::rules);
    let router = wasmill_http::finish(told);
    let settings = http_config(&config.gateway);
    Ok(async move {
        wasmill_http::serve(listener, router, settings, stop).await;
        // Followed as long as somebody is let in by them.
        drop(tokens);
    })
}

/// The job API, and what the admin API and its pages are made of.
fn parts<L: Log, Q: Queue>(
    ends: &Ends<L, Q>,
    role: Role,
    config: &Config,
    (stored, topics): (Durability, Option<MakeTopics>),
    hosts: &Hosts,
    stop: CancellationToken,
) -> (wasmill_ingest::Jobs<L, Q>, wasmill_console::Parts<L, Q>) {
    use {wasmill_console as console, wasmill_ingest as ingest};
    let (jobs_in, jobs_at) = match ends.log.clone() {
        Some(log) => (ingest::Storage::Log(log.clone()), console::Storage::Log(log)),
        None => (ingest::Storage::Queue, console::Storage::Queue),
    };
    let backing = stores::backing(config);
    let body_bytes_max = usize::try_from(config.gateway.body_bytes_max).unwrap_or(usize::MAX);
    let jobs = ingest::Jobs::new(ingest::Parts {
        storage: jobs_in,
        backing,
        queue: ends.queue.clone(),
        catalog: ends.catalog(),
        clock: Arc::clone(&ends.clock),
        stored,
        config: IngestConfig { buffer_bytes: body_bytes_max.saturating_mul(2) },
    });
    let loader = Arc::clone(&ends.loader);
    let looker = Arc::clone(&ends.loader);
    let admin = console::Parts {
        storage: jobs_at,
        backing,
        redis: stores::redis_names(config),
        queue: ends.queue.clone(),
        store: ends.store.clone(),
        catalog: ends.following.clone(),
        tokens: Tokens { access: ends.access.clone(), following: ends.tokens.clone() },
        prepare: Prepare::new(move |upload| loader.prepare(&upload), move |module| looker.look(&module)),
        topics,
        desk: desk(&jobs),
        takes_jobs_in: role.takes_jobs_in(),
        history: Some(config.data.history_dir()),
        stop,
        clock: Arc::clone(&ends.clock),
        hosts: hosts.clone(),
        config: ConsoleConfig { module_bytes_max: body_bytes_max },
    };
    (jobs, admin)
}

/// What the console's page of a job asks of the job API.
fn desk<L: Log, Q: Queue>(jobs: &wasmill_ingest::Jobs<L, Q>) -> JobDesk {
    let (cancelling, looking, fetching) = (jobs.clone(), jobs.clone(), jobs.clone());
    JobDesk::new(
        move |name, id, caller: wasmill_http::Caller| {
            let jobs = cancelling.clone();
            async move { jobs.cancel(name, id, &caller).await }
        },
        move |name, id| {
            let jobs = looking.clone();
            async move { jobs.parked(name, id).await }
        },
        move |name, id, caller: wasmill_http::Caller| {
            let jobs = fetching.clone();
            async move { jobs.payload(name, id, &caller).await }
        },
    )
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
