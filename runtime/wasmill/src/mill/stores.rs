//! Opens what the data folder holds; each failure is one sentence that names the file or the process in the way.

use std::path::Path;
use std::sync::Arc;

use wasmill_catalog::{ArtifactStore, Backing, BucketConfig, RedisName, RedisNames};
use wasmill_job::Clock;
use wasmill_log::{EmbeddedLog, LogConfig};
use wasmill_process::Config;
use wasmill_process::config::{ArtifactsConfig, ArtifactsUrl, LogKind, QueueKind};
use wasmill_queue::{EmbeddedConfig, EmbeddedQueue, Opening};

use crate::failure::{Exit, Failure, Result};

/// Makes the data folder.
pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| {
        Failure::new(
            Exit::Config,
            format_args!("the data folder {} cannot be made: {error}.", folder.display()),
        )
        .advise("Choose one that this user may write to, with --data.")
    })
}

/// Opens the log, the one thing that must not be lost.
pub(super) async fn open_log(config: &Config, clock: &Arc<dyn Clock>) -> Result<EmbeddedLog> {
    let settings = LogConfig {
        retention_age: config.log.retention_age,
        retention_bytes: config.log.retention_bytes,
        ..LogConfig::new(config.log.dir_in(&config.data))
    };
    let clock = Arc::clone(clock);
    let opened = tokio::task::spawn_blocking(|| EmbeddedLog::open(settings, clock)).await;
    let opened = opened.map_err(|error| Failure::new(Exit::Config, error))?;
    opened.map_err(|error| Failure::new(Exit::Config, format_args!("{error}.")))
}

/// Opens the queue, or begins an empty one that the log fills.
pub(super) async fn open_queue(
    config: &Config,
    log: &EmbeddedLog,
    clock: &Arc<dyn Clock>,
) -> Result<EmbeddedQueue> {
    let settings = EmbeddedConfig::new(config.data.queue_dir());
    let identity = u128::from_be_bytes(log.identity().0);
    let opened = EmbeddedQueue::open(settings, identity, Arc::clone(clock)).await;
    let (queue, opening) = opened.map_err(|error| Failure::new(Exit::Config, format_args!("{error}.")))?;
    match opening {
        Opening::Begun => tracing::info!("an empty queue was begun"),
        Opening::Opened { jobs } => tracing::info!(jobs, "the queue goes on"),
        Opening::Rebuilt { reason, set_aside } => {
            let set_aside = set_aside.map(|path| path.display().to_string());
            tracing::warn!(
                reason,
                set_aside,
                "the queue could not be used and is rebuilt from the log; no job is lost"
            );
        }
    }
    Ok(queue)
}

/// What stands behind the queue of a mill with this configuration: which paths its job types can have.
pub(crate) fn backing(config: &Config) -> Backing {
    match (config.log.kind, config.queue.kind) {
        (LogKind::None, _) => Backing::Nothing,
        (LogKind::Embedded | LogKind::Kafka, QueueKind::Redis) => Backing::LogAndQueue,
        (LogKind::Embedded | LogKind::Kafka, QueueKind::Embedded) => Backing::Log,
    }
}

/// The names of the sets of Redis servers that this configuration has, in order.
pub(crate) fn redis_names(config: &Config) -> RedisNames {
    let more = config.queue.more.iter().map(|set| RedisName::from(set.name.as_str()));
    let more = more.filter(|_| config.queue.kind == QueueKind::Redis);
    RedisNames::Known([RedisName::default()].into_iter().chain(more).collect())
}

/// Opens the artifact store: catalog revisions and modules.
pub(crate) fn open_artifacts(config: &Config) -> Result<ArtifactStore> {
    let opened = match &config.artifacts.url {
        ArtifactsUrl::Folder => ArtifactStore::folder(&config.data.artifacts_dir()),
        ArtifactsUrl::Bucket { bucket, prefix } => {
            let ArtifactsConfig { endpoint, region, access_key_id, secret_access_key, .. } =
                &config.artifacts;
            let said = |text: &String| (!text.is_empty()).then(|| text.clone());
            ArtifactStore::bucket(&BucketConfig {
                bucket: bucket.clone(),
                prefix: prefix.clone(),
                endpoint: said(endpoint),
                region: said(region),
                key: said(access_key_id).map(|id| (id, secret_access_key.reveal().to_owned())),
            })
        }
    };
    opened.map_err(|error| Failure::new(Exit::Config, format_args!("{error}.")))
}
