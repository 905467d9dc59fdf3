//! From catalog files to the next revision: a pure function. Entries in the files are put over the current catalog;
//! entries not named in them stay as they are.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::ops::Range;

use wasmill_job::{Durability, Generation, JobType, ModuleDigest, ModuleTag, QueueName, Revision, UnixMs};

use crate::entry::{Entries, Entry, HandlerEntry, Named, QueueEntry, TypeEntry, read_entries};
use crate::mistake::{Mistakes, Report, did_you_mean};
use crate::{Backing, Catalog, Change, HandlerSpec, Handlers, QueueSpec, SourceFile, TypeSpec, diff};

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

/// The generation of a new queue.
const FIRST_GENERATION: Generation = Generation(1);

/// Checks `files` whole and puts their entries over `current`. `modules` are the tags that exist and what they point
/// to; `backing` says what the mill they are for can do.
///
/// # Errors
/// Every mistake in every file, at once.
pub fn plan(
    current: &Catalog,
    files: &[SourceFile],
    modules: &BTreeMap<ModuleTag, ModuleDigest>,
    backing: Backing,
) -> Result<Plan, Mistakes> {
    let mut reports: Vec<Report<'_>> = files.iter().map(Report::new).collect();
    // A file that is not TOML may define what the others refer to: then references are not judged.
    let mut all_read = true;
    let mut sources = Vec::with_capacity(files.len());
    for (file, report) in files.iter().zip(&mut reports) {
        let tables = file.tables(report);
        all_read &= tables.is_some();
        let entries = tables.map(|tables| read_entries(report, tables.get_ref(), backing));
        sources.push(entries.unwrap_or_default());
    }

    let mut merge = Merge { current, next: current.clone(), files, modules, all_read };
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
        let partitions = entry.value.as_ref().map_or(DEFAULT_PARTITIONS, |queue| queue.partitions.value);
        let durability = entry.value.as_ref().map(|queue| queue.durability).unwrap_or_default();
        if let Some(next) = self.next.queues.get_mut(&entry.name) {
            next.durability = durability;
        }
        let Some(existing) = self.current.queues.get(&entry.name) else {
            self.new_queue(&entry.name, partitions, durability);
            return;
        };
        if let Some(queue) =
            entry.value.as_ref().filter(|queue| queue.partitions.value != existing.partitions)
        {
            let (name, now, wanted) = (&entry.name, existing.partitions, queue.partitions.value);
            let message = format!(
                "queue `{name}` has {now} partitions and the file says {wanted}. Ids of jobs name their partition, so a \
                 change needs a new generation of the queue, which is not built yet; write partitions = {now}, or make \
                 a queue with another name"
            );
            report.add(&queue.partitions.at, message);
        }
    }

    /// Makes the default queue when a type needs it and nobody has defined it.
    fn default_queue(&mut self, sources: &[Entries]) {
        let unnamed =
            |entry: &TypeEntry| entry.queue.as_ref().is_none_or(|q| q.value.as_str() == DEFAULT_QUEUE);
        let types = sources.iter().flat_map(|entries| &entries.types);
        let is_needed = types.filter_map(|entry| entry.value.as_ref()).any(unnamed);
        if is_needed && !self.next.queues.contains_key(&default_queue()) {
            self.new_queue(&default_queue(), DEFAULT_PARTITIONS, Durability::default());
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

    /// The layout of a queue that the current catalog does not have. One that was deleted may have left its topic behind: with
    /// the same partitions it goes on there, with others it begins at the next generation.
    fn new_queue(&mut self, name: &QueueName, partitions: NonZeroU32, durability: Durability) {
        let generation = match self.current.retired.get(name) {
            None => FIRST_GENERATION,
            Some(old) if old.partitions == partitions => old.generation,
            Some(old) => Generation(old.generation.0 + 1),
        };
        self.next.retired.remove(name);
        self.next.queues.insert(name.clone(), QueueSpec { generation, partitions, durability });
    }
}

fn default_queue() -> QueueName {
    #[expect(clippy::unwrap_used, reason = "a constant that obeys the rules of names; a unit test reads it")]
    DEFAULT_QUEUE.parse().unwrap()
}

#[cfg(test)]
mod tests;
