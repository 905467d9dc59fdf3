//! `wasmill dev --watch`: a module's file that is deployed by itself whenever it was built anew, and run at once by the job
//! types that run any version of it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use wasmill_catalog::{
    ArtifactStore, Backing, Catalog, Following, Plan, SourceFile, StoreError, plan, with_version,
};
use wasmill_job::{Clock, JobType, ModuleDigest, ModuleTag};

use super::loader::Loader;
use crate::terminal::{DIM, GREEN, RED, styled, tell};

/// A module's file, and the name under which it is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Watched {
    /// Good for a module, and for a job type.
    name: JobType,
    file: PathBuf,
}

/// Watches one file.
pub(super) struct Watch {
    pub(super) watched: Watched,
    pub(super) store: ArtifactStore,
    pub(super) following: Following,
    pub(super) loader: Arc<Loader>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) backing: Backing,
}

/// What tells one build of a file from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    written_at: SystemTime,
}

/// What became of a deploy.
#[derive(Debug, PartialEq, Eq)]
struct Deployed {
    tag: ModuleTag,
    /// Who runs it now.
    types: Vec<JobType>,
    /// Whether the type of its name was made for it.
    is_new: bool,
}

/// How often the file is looked at. One that was the same twice is whole: compilers write within less.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often a revision is written again that somebody else was faster with.
const TRIES_MAX: u32 = 5;
/// As much of a digest as tells builds apart.
const DIGEST_SHOWN: usize = 12;

impl FromStr for Watched {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) => (name.to_owned(), file),
            None => (stem(text), text),
        };
        let name = name.parse().map_err(|error| format!("{error}; write NAME=FILE.wasm"))?;
        Ok(Self { name, file: file.into() })
    }
}

/// The name of the file without what follows its last dot, as cargo and npm write them: `to_ada.wasm` is `to-ada`.
fn stem(file: &str) -> String {
    let stem = Path::new(file).file_stem().unwrap_or_default();
    stem.to_string_lossy().replace('_', "-")
}

impl Watch {
    /// Watches until `stop`. What goes wrong is told, and the next build is waited for.
    pub(super) async fn run(self, stop: CancellationToken) {
        let Watched { name, file } = &self.watched;
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut deployed, mut last) = (None, None);
        if stamp(file).await.is_none() {
            tell(&styled(DIM, format_args!("watching {}, which is not there yet: build it", file.display())));
        }
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = looks.tick() => {}
            }
            let now = stamp(file).await;
            let is_whole = now.is_some() && now == last && now != deployed;
            last = now;
            if !is_whole {
                continue;
            }
            deployed = now;
            let began = Instant::now();
            match self.deploy().await {
                Ok(done) => {
                    tell(&format!("{done} {}", styled(DIM, format_args!("({:.0?})", began.elapsed()))));
                }
                Err(why) => tell(&format!("{} {name} is not deployed: {why}", styled(RED, "error"))),
            }
        }
    }

    async fn deploy(&self) -> Result<Deployed, String> {
        let Watched { name, file } = &self.watched;
        let unreadable = |error: std::io::Error| format!("{} cannot be read: {error}", file.display());
        let upload = Bytes::from(tokio::fs::read(file).await.map_err(unreadable)?);
        let (loader, bytes) = (Arc::clone(&self.loader), upload.clone());
        let prepared = tokio::task::spawn_blocking(move || loader.prepare(&bytes)).await;
        prepared.map_err(|error| error.to_string())?.map_err(|refusal| refusal.to_string())?;
        let said = |error: StoreError| error.to_string();
        let digest = self.store.put_module(upload).await.map_err(said)?;
        let version: String = digest.to_string().chars().take(DIGEST_SHOWN).collect();
        let tag: ModuleTag = format!("{name}@dev-{version}").parse().map_err(|error| format!("{error}"))?;
        self.store.tag(&tag, digest).await.map_err(said)?;
        self.route(tag, digest).await
    }

    /// Has the module's job types run this version: writes a revision, unless they do.
    async fn route(&self, tag: ModuleTag, digest: ModuleDigest) -> Result<Deployed, String> {
        for _ in 0..TRIES_MAX {
            let current = self.store.latest().await.map_err(|error| error.to_string())?;
            let (plan, is_new) = onto(&current, &self.watched.name, &tag, digest, self.backing)?;
            let types = runners(&plan.next, &tag);
            if !plan.changes.is_empty() {
                let message = format!("watch: {tag}");
                match self.store.create(&plan.into_revision(self.clock.now(), None, message)).await {
                    Ok(()) => self.following.notify(),
                    Err(StoreError::Conflict(_)) => continue,
                    Err(error) => return Err(error.to_string()),
                }
            }
            return Ok(Deployed { tag, types, is_new });
        }
        Err("others change the routing table all the time; save the file again".to_owned())
    }
}

/// The routing table in which whatever runs any version of the module runs this one; and, when nothing does, a job type of the
/// module's name, which is said.
fn onto(
    current: &Catalog,
    name: &JobType,
    tag: &ModuleTag,
    digest: ModuleDigest,
    backing: Backing,
) -> Result<(Plan, bool), String> {
    let plan_of_known = with_version(current, tag, digest);
    if !runners(&plan_of_known.next, tag).is_empty() {
        return Ok((plan_of_known, false));
    }
    if current.types.contains_key(name) {
        return Err(format!(
            "the job type {name} runs another module; give this one another name: NAME=FILE.wasm"
        ));
    }
    let text = format!("[type.\"{name}\"]\nhandlers = [{{ module = \"{tag}\" }}]\n");
    let modules = BTreeMap::from([(tag.clone(), digest)]);
    let made = plan(current, &[SourceFile::new("watch", text)], &modules, backing);
    made.map(|plan| (plan, true)).map_err(|mistakes| mistakes.to_string())
}

fn runners(catalog: &Catalog, tag: &ModuleTag) -> Vec<JobType> {
    let runs = catalog.types.iter().filter(|(_, spec)| spec.handlers.iter().any(|one| one.module == *tag));
    runs.map(|(name, _)| name.clone()).collect()
}

async fn stamp(file: &Path) -> Option<Stamp> {
    let found = tokio::fs::metadata(file).await.ok()?;
    Some(Stamp { bytes: found.len(), written_at: found.modified().ok()? })
}

impl fmt::Display for Deployed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tag, types, is_new } = self;
        write!(f, "{} {tag}", styled(GREEN, "deployed"))?;
        let names: Vec<_> = types.iter().map(JobType::as_str).collect();
        match (is_new, names.as_slice()) {
            (true, [name]) => {
                write!(f, ", for the new job type {name}: wasmill enqueue {name} --payload FILE")
            }
            _ => write!(f, ", run by {}", names.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests;
