//! From catalog files to the next revision: a pure function. Entries in the files are put over the current catalog;
//! entries not named in them stay as they are.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::ops::Range;

use wasmill_job::{Durability, JobType, ModuleDigest, ModuleTag, QueueName, Revision, ServerSet, UnixMs};

use crate::entry::{Entries, Entry, HandlerEntry, Named, QueueEntry, TypeEntry, read_entries};
use crate::mistake::{Mistakes, Report, did_you_mean};
use crate::{
    Backing, Catalog, Change, HandlerSpec, Handlers, Layout, QueueSpec, RedisName, SourceFile, Stores,
    TypeSpec, diff,
};

/// What applying files would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The catalog it leads to. Numbered, but not dated, signed or explained: [`Plan::into_revision`] adds that.
    pub next: Catalog,
    /// How `next` differs from the current one. Empty: there is nothing to apply.
    pub changes: Vec<Change>,
}

/// The queue of types that name none. It exists without being defined, with [`DEFAULT_PARTITIONS`].
pub const DEFAULT_QUEUE: &str = "default";

/// Partitions of a queue that does not say: enough for several relays and workers, few enough to be cheap when idle.
pub(crate) const DEFAULT_PARTITIONS: NonZeroU32 = match NonZeroU32::new(4) {
    Some(four) => four,
    None => NonZeroU32::MIN,
};

/// Checks `files` whole and puts their entries over `current`. `modules` are the tags that exist and what they point
/// to; `stores` says what the mill they are for can do.
///
/// # Errors
/// Every mistake in every file, at once.
pub fn plan(
    current: &Catalog,
    files: &[SourceFile],
    modules: &BTreeMap<ModuleTag, ModuleDigest>,
    stores: impl Into<Stores>,
) -> Result<Plan, Mistakes> {
    let stores = stores.into();
    let mut reports: Vec<Report<'_>> = files.iter().map(Report::new).collect();
    // A file that is not TOML may define what the others refer to: then references are not judged.
    let mut all_read = true;
    let mut sources = Vec::with_capacity(files.len());
    for (file, report) in files.iter().zip(&mut reports) {
        let tables = file.tables(report);
        all_read &= tables.is_some();
        let entries = tables.map(|tables| read_entries(report, tables.get_ref(), stores.backing));
        sources.push(entries.unwrap_or_default());
    }

    let mut merge = Merge { current, next: current.clone(), files, modules, stores: &stores, all_read };
    merge.refuse_repeats(&mut reports, &sources);
    for (report, entries) in reports.iter_mut().zip(&sources) {
        entries.queues.iter().for_each(|queue| merge.queue(report, queue));
    }
    merge.default_queue(&sources);
    for (report, entries) in reports.iter_mut().zip(&sources) {
        entries.types.iter().for_each(|job_type| merge.job_type(report, job_type));
    }

    let mistakes: Vec<_> = reports.into_iter().flat_map(Report::into_mistakes).collect();
    if !mistakes.is_empty() {
        return Err(Mistakes(mistakes));
    }
    let next = Catalog { revision: Revision(current.revision.0 + 1), ..merge.next };
    Ok(Plan { changes: diff(current, &next), next })
}

impl Plan {
    /// The revision to store: dated, signed, and with the reason in the words of whoever makes it.
    #[must_use]
    pub fn into_revision(
        self,
        created_at: UnixMs,
        author: Option<String>,
        message: impl Into<String>,
    ) -> Catalog {
        Catalog { created_at, author, message: message.into(), ..self.next }
    }
}

/// The catalog under construction, and what its entries may refer to.
struct Merge<'a> {
    current: &'a Catalog,
    next: Catalog,
    files: &'a [SourceFile],
    modules: &'a BTreeMap<ModuleTag, ModuleDigest>,
    stores: &'a Stores,
    all_read: bool,
}

impl Merge<'_> {
    /// Reports names that come in more than one file. (TOML itself refuses them inside one file.)
    fn refuse_repeats(&self, reports: &mut [Report<'_>], sources: &[Entries]) {
        let mut queues: BTreeMap<&str, (usize, &Range<usize>)> = BTreeMap::new();
        let mut types = queues.clone();
        for (index, entries) in sources.iter().enumerate() {
            let queue_names = entries.queues.iter().map(|entry| (entry.name.as_str(), &entry.at));
            let type_names = entries.types.iter().map(|entry| (entry.name.as_str(), &entry.at));
            let named =
                queue_names.map(|name| ("queue", name)).chain(type_names.map(|name| ("job type", name)));
            for (what, (name, at)) in named {
                let seen = if what == "queue" { &mut queues } else { &mut types };
                if let Some(&(first, first_at)) = seen.get(name) {
                    let (line, _) = self.files[first].line_and_column(first_at.start);
                    let place = format!("{}:{line}", self.files[first].name);
                    reports[index].add(
                        at,
                        format!("{what} `{name}` is already defined at {place}; keep one of the two"),
                    );
                } else {
                    seen.insert(name, (index, at));
                }
            }
        }
    }

    fn queue(&mut self, report: &mut Report<'_>, entry: &Entry<QueueName, QueueEntry>) {
        let Some(value) = &entry.value else {
            // So that what refers to it is not a mistake, too.
            self.next.queues.entry(entry.name.clone()).or_insert_with(|| plain_queue(&entry.name));
            return;
        };
        let redis = &value.redis;
        let set = match self.stores.redis.set_of(&redis.value) {
            Ok(set) => set,
            Err(known) => {
                let message = no_redis(&entry.name, &redis.value, known, self.stores.backing);
                report.add(&redis.at, message);
                ServerSet::MAIN
            }
        };
        let layout = Layout { partitions: value.partitions.value, redis: redis.value.clone(), set };
        let now = self.current.queues.get(&entry.name).or_else(|| self.current.retired.get(&entry.name));
        let moves = now.is_some_and(|now| now.current.generation.server_set() != set);
        let planned = match now {
            Some(now) => now.relaid(&entry.name, layout),
            None => QueueSpec::new(&entry.name, layout, value.durability),
        };
        match planned {
            Ok(queue) => {
                let queue = QueueSpec { durability: value.durability, ..queue };
                self.next.retired.remove(&entry.name);
                self.next.queues.insert(entry.name.clone(), queue);
            }
            Err(refusal) => {
                report.add(if moves { &redis.at } else { &value.partitions.at }, refusal.to_string());
            }
        }
    }

    /// Makes the default queue when a type needs it and nobody has defined it.
    fn default_queue(&mut self, sources: &[Entries]) {
        let unnamed =
            |entry: &TypeEntry| entry.queue.as_ref().is_none_or(|q| q.value.as_str() == DEFAULT_QUEUE);
        let types = sources.iter().flat_map(|entries| &entries.types);
        let is_needed = types.filter_map(|entry| entry.value.as_ref()).any(unnamed);
        let name = default_queue();
        if is_needed && !self.next.queues.contains_key(&name) {
            let before = self.next.retired.remove(&name);
            // One that was deleted goes on as it was.
            self.next.queues.insert(name.clone(), before.unwrap_or_else(|| plain_queue(&name)));
        }
    }

    fn job_type(&mut self, report: &mut Report<'_>, entry: &Entry<JobType, TypeEntry>) {
        let Some(value) = &entry.value else { return };
        let handlers = self.handlers(report, &value.handlers);
        let queue = value.queue.as_ref().map_or_else(default_queue, |queue| queue.value.clone());
        let queue_at = value.queue.as_ref().map_or(&entry.at, |queue| &queue.at);
        if self.all_read && !self.next.queues.contains_key(&queue) {
            let hint = did_you_mean(queue.as_str(), self.next.queues.keys().map(QueueName::as_str));
            report
                .add(queue_at, format!("there is no queue `{queue}`: define it, with [queue.{queue}]{hint}"));
        }
        if let Some(existing) = self.current.types.get(&entry.name).filter(|existing| existing.queue != queue)
        {
            let (name, now) = (&entry.name, &existing.queue);
            let message = format!(
                "job type `{name}` is in queue `{now}`, where its jobs are looked up by id; moving it to `{queue}` is \
                 not built yet. Write queue = \"{now}\", or make a job type with another name"
            );
            report.add(queue_at, message);
        }
        let Some(handlers) = handlers else { return };
        let spec = TypeSpec {
            owner: value.owner.clone(),
            queue,
            path: value.path,
            mode: value.mode,
            handlers,
            limits: value.limits,
            retry: value.retry,
            flow: value.flow,
            grants: value.grants.clone(),
            keep_result: value.keep_result,
            dedup_window: value.dedup_window,
        };
        self.next.types.insert(entry.name.clone(), spec);
    }

    /// The handlers with their digests; every one without is reported.
    fn handlers(&self, report: &mut Report<'_>, entries: &[HandlerEntry]) -> Option<Handlers> {
        let mut handlers = Vec::with_capacity(entries.len());
        for HandlerEntry { module: Named { value: tag, at }, weight } in entries {
            if let Some(digest) = self.modules.get(tag) {
                handlers.push(HandlerSpec { module: tag.clone(), digest: *digest, weight: *weight });
                continue;
            }
            let hint = did_you_mean(tag.as_str(), self.modules.keys().map(ModuleTag::as_str));
            let message = format!(
                "there is no module `{tag}`: deploy it first, with wasmill deploy FILE.wasm --name {tag}{hint}"
            );
            report.add(at, message);
        }
        // Repeats and weights were judged when the entries were read: then there is no plan.
        Handlers::new(handlers).ok().filter(|handlers| handlers.iter().len() == entries.len())
    }
}

/// A new queue of which nobody has said anything.
fn plain_queue(name: &QueueName) -> QueueSpec {
    let layout =
        || Layout { partitions: DEFAULT_PARTITIONS, redis: RedisName::default(), set: ServerSet::MAIN };
    #[expect(
        clippy::unwrap_used,
        reason = "of the main set there is a first generation; a unit test makes one"
    )]
    QueueSpec::new(name, layout(), Durability::default()).unwrap()
}

fn no_redis(queue: &QueueName, wanted: &RedisName, known: &[RedisName], backing: Backing) -> String {
    match known {
        _ if backing == Backing::Log => format!(
            "`redis` of queue `{queue}`: the queue of this mill is embedded, which is one place; write \"main\" or leave it out"
        ),
        [_, _, ..] => {
            let names: Vec<_> = known.iter().map(|name| format!("\"{name}\"")).collect();
            let hint = did_you_mean(wanted.as_str(), known.iter().map(RedisName::as_str));
            format!(
                "`redis` of queue `{queue}`: the processes' configuration has no Redis \"{wanted}\"; it has {}{hint}",
                names.join(", ")
            )
        }
        _ => format!(
            "`redis` of queue `{queue}`: the processes' configuration has no Redis \"{wanted}\"; write \"main\" or leave it \
             out, or give the mill another set of servers with [[queue.more]]"
        ),
    }
}

fn default_queue() -> QueueName {
    #[expect(clippy::unwrap_used, reason = "a constant that obeys the rules of names; a unit test reads it")]
    DEFAULT_QUEUE.parse().unwrap()
}

#[cfg(test)]
mod tests;
