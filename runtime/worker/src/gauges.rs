//! What the worker measures. The process exports it; without an exporter it costs nothing.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::{
    Counter, Gauge, Histogram, Label, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};
use wasmill_job::{End, Import, JobType, ModuleTag, Outcome, Stop, Usage, Verdict};

/// The metrics of one type's runs, looked up once: a run costs three additions and two samples. They are there from its
/// first run here on: of thousands of types few run on one worker, and each costs kilobytes in it and in every scrape.
pub(crate) struct RunGauges {
    job_type: JobType,
    series: OnceLock<Box<RunSeries>>,
}

struct RunSeries {
    results: [Counter; RESULTS.len()],
    verdicts: [Counter; VERDICTS.len()],
    run_time: Histogram,
    start_delay: Histogram,
}

/// The metrics of one version of a type's module, for whoever moves from one to the next; also from its first run on.
pub(crate) struct VersionGauges {
    job_type: JobType,
    module: ModuleTag,
    series: OnceLock<Box<VersionSeries>>,
}

struct VersionSeries {
    done: Counter,
    failed: Counter,
    spent: SpentGauges,
}

/// What one module's runs for one type have used.
struct SpentGauges {
    labels: [Label; 2],
    fuel: Counter,
    cpu_us: Counter,
    memory_peak: Gauge,
    /// The most so far, in bytes.
    memory_peak_bytes: AtomicU64,
    /// Those of an import are there once it was called: most types call few of them.
    imports: [OnceLock<ImportGauges>; Import::ALL.len()],
}

struct ImportGauges {
    calls: Counter,
    bytes: Counter,
    wall_us: Counter,
}

/// How an attempt can end.
const RESULTS: [&str; 15] = [
    "done",
    "retry",
    "rejected",
    "trap",
    "fuel",
    "timeout",
    "memory",
    "output",
    "host",
    "interrupted",
    "lost",
    "quarantined",
    "calls",
    "exited",
    "shadow",
];
/// What can become of a job.
const VERDICTS: [&str; 4] = ["complete", "retry", "bury", "release"];
/// The index of `lost` in [`RESULTS`]: the attempts were used up by workers that vanished.
const LOST: usize = 10;
/// The index of `quarantined` in [`RESULTS`]: the process died in which the job ran alone.
const QUARANTINED: usize = 11;
/// The index of `shadow` in [`RESULTS`]: the job was completed without being executed.
const SHADOW: usize = 14;

/// The words for attempts that did not end by themselves.
pub(crate) const LOST_WORD: &str = RESULTS[LOST];
pub(crate) const QUARANTINED_WORD: &str = RESULTS[QUARANTINED];
pub(crate) const SHADOW_WORD: &str = RESULTS[SHADOW];

impl RunGauges {
    pub(crate) fn of(job_type: &JobType) -> Self {
        Self { job_type: job_type.clone(), series: OnceLock::new() }
    }

    fn series(&self) -> &RunSeries {
        self.series.get_or_init(|| Box::new(RunSeries::of(&self.job_type)))
    }

    /// A job's first attempt starts, so long after the job was accepted.
    pub(crate) fn started(&self, delay: Duration) {
        self.series().start_delay.record(delay.as_secs_f64());
    }

    /// An attempt ended.
    pub(crate) fn ran(&self, outcome: &Outcome, verdict: &Verdict) {
        self.series().run_time.record(Duration::from_micros(outcome.usage.wall_us).as_secs_f64());
        self.series().ended(result_of(&outcome.end), verdict);
    }

    /// A job was buried without a run, because its workers had vanished too often.
    pub(crate) fn lost(&self, verdict: &Verdict) {
        self.series().ended(LOST, verdict);
    }

    /// A job was completed without being executed.
    pub(crate) fn shadowed(&self, verdict: &Verdict) {
        self.series().ended(SHADOW, verdict);
    }

    /// A job was buried because the process died in which it ran alone.
    pub(crate) fn quarantined(&self, ran: Duration, verdict: &Verdict) {
        self.series().run_time.record(ran.as_secs_f64());
        self.series().ended(QUARANTINED, verdict);
    }
}

impl RunSeries {
    fn of(job_type: &JobType) -> Self {
        let name = || job_type.to_string();
        let result = |result| counter!("wasmill_worker_runs_total", "type" => name(), "result" => result);
        let verdict =
            |verdict| counter!("wasmill_worker_verdicts_total", "type" => name(), "verdict" => verdict);
        Self {
            results: RESULTS.map(result),
            verdicts: VERDICTS.map(verdict),
            run_time: histogram!("wasmill_worker_run_seconds", "type" => name()),
            start_delay: histogram!("wasmill_worker_start_delay_seconds", "type" => name()),
        }
    }

    fn ended(&self, result: usize, verdict: &Verdict) {
        self.results[result].increment(1);
        self.verdicts[verdict_of(verdict)].increment(1);
    }
}

impl VersionGauges {
    pub(crate) fn of(job_type: &JobType, module: &ModuleTag) -> Self {
        Self { job_type: job_type.clone(), module: module.clone(), series: OnceLock::new() }
    }

    fn series(&self) -> &VersionSeries {
        self.series.get_or_init(|| Box::new(VersionSeries::of(&self.job_type, &self.module)))
    }

    /// An attempt ended.
    pub(crate) fn ran(&self, outcome: &Outcome) {
        let VersionSeries { done, failed, spent } = self.series();
        let counter = if matches!(outcome.end, End::Done { .. }) { done } else { failed };
        counter.increment(1);
        spent.add(&outcome.usage);
    }

    /// The process died in which an attempt ran alone.
    pub(crate) fn died(&self) {
        self.series().failed.increment(1);
    }
}

impl VersionSeries {
    fn of(job_type: &JobType, module: &ModuleTag) -> Self {
        let runs = |end: &'static str| {
            let labels =
                [("type", job_type.to_string()), ("module", module.to_string()), ("end", end.to_owned())];
            counter!("wasmill_worker_version_runs_total", &labels)
        };
        Self { done: runs("done"), failed: runs("failed"), spent: SpentGauges::of(job_type, module) }
    }
}

impl std::fmt::Debug for VersionGauges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VersionGauges")
    }
}

impl SpentGauges {
    fn of(job_type: &JobType, module: &ModuleTag) -> Self {
        let labels = [Label::new("type", job_type.to_string()), Label::new("module", module.to_string())];
        Self {
            fuel: counter!("wasmill_worker_fuel_total", labels.iter()),
            cpu_us: counter!("wasmill_worker_cpu_microseconds_total", labels.iter()),
            memory_peak: gauge!("wasmill_worker_memory_peak_bytes", labels.iter()),
            memory_peak_bytes: AtomicU64::new(0),
            imports: Default::default(),
            labels,
        }
    }

    fn add(&self, usage: &Usage) {
        self.fuel.increment(usage.fuel);
        self.cpu_us.increment(usage.cpu_us);
        if usage.memory_peak_bytes
            > self.memory_peak_bytes.fetch_max(usage.memory_peak_bytes, Ordering::Relaxed)
        {
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; exact below 2^53")]
            self.memory_peak.set(usage.memory_peak_bytes as f64);
        }
        for (import, used) in usage.imports.called() {
            let gauges = self.imports[import as usize].get_or_init(|| self.import(import));
            gauges.calls.increment(used.calls);
            gauges.bytes.increment(used.bytes);
            gauges.wall_us.increment(used.wall_us);
        }
    }

    fn import(&self, import: Import) -> ImportGauges {
        let [job_type, module] = self.labels.clone();
        let labels = [job_type, module, Label::new("import", import.as_str())];
        ImportGauges {
            calls: counter!("wasmill_worker_import_calls_total", labels.iter()),
            bytes: counter!("wasmill_worker_import_bytes_total", labels.iter()),
            wall_us: counter!("wasmill_worker_import_wait_microseconds_total", labels.iter()),
        }
    }
}

impl std::fmt::Debug for RunGauges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RunGauges")
    }
}

/// How an attempt ended, in the word of the metric.
pub(crate) fn result_word(end: &End) -> &'static str {
    RESULTS[result_of(end)]
}

fn result_of(end: &End) -> usize {
    match end {
        End::Done { .. } => 0,
        End::Retry { .. } => 1,
        End::Rejected { .. } => 2,
        End::Stopped { stop, .. } => match stop {
            Stop::Trap => 3,
            Stop::Fuel => 4,
            Stop::Timeout => 5,
            Stop::Memory => 6,
            Stop::Output => 7,
            Stop::Host => 8,
            Stop::Interrupted => 9,
            Stop::Calls => 12,
        },
        End::Exited { .. } => 13,
    }
}

fn verdict_of(verdict: &Verdict) -> usize {
    match verdict {
        Verdict::Complete { .. } => 0,
        Verdict::Retry { .. } => 1,
        Verdict::Bury { .. } => 2,
        Verdict::Release => 3,
    }
}

/// Counts claims that somebody else holds, or nobody, by the time they were settled.
pub(crate) fn count_lost_claims(claims: usize) {
    counter!("wasmill_worker_claims_lost_total").increment(claims as u64);
}

/// Counts a module that could not be loaded for this type.
pub(crate) fn count_load_failure(job_type: &JobType) {
    counter!("wasmill_worker_load_failures_total", "type" => job_type.to_string()).increment(1);
}

/// How many suspects wait, and run, at the moment.
pub(crate) fn suspects(suspects: usize) {
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; exact below 2^53")]
    gauge!("wasmill_worker_suspects").set(suspects as f64);
}

/// What the worker holds at the moment.
pub(crate) fn load(prefetched: usize, busy: usize, held: usize) {
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; exact below 2^53")]
    let set = |name: &'static str, value: usize| gauge!(name).set(value as f64);
    set("wasmill_worker_prefetched", prefetched);
    set("wasmill_worker_slots_busy", busy);
    set("wasmill_worker_claims_held", held);
}

/// Names the metrics for people.
pub(crate) fn describe() {
    describe_counter!("wasmill_worker_runs_total", "attempts by job type and how they ended");
    describe_counter!(
        "wasmill_worker_version_runs_total",
        "attempts by job type, version of its module, and whether they gave a result"
    );
    describe_counter!("wasmill_worker_verdicts_total", "attempts by job type and what became of the job");
    describe_histogram!("wasmill_worker_run_seconds", Unit::Seconds, "wall time of attempts");
    describe_histogram!(
        "wasmill_worker_start_delay_seconds",
        Unit::Seconds,
        "from a job's acceptance to the start of its first attempt"
    );
    describe_counter!("wasmill_worker_fuel_total", "fuel used, by job type and module");
    describe_counter!(
        "wasmill_worker_cpu_microseconds_total",
        "processor time of attempts, by job type and module"
    );
    describe_gauge!(
        "wasmill_worker_memory_peak_bytes",
        "the most memory that an attempt has had since this worker started, by job type and module"
    );
    describe_counter!(
        "wasmill_worker_import_calls_total",
        "calls to the host, by job type, module and import"
    );
    describe_counter!(
        "wasmill_worker_import_bytes_total",
        "bytes given and got in calls to the host, by job type, module and import"
    );
    describe_counter!(
        "wasmill_worker_import_wait_microseconds_total",
        "time handlers have waited for the host, by job type, module and import"
    );
    describe_counter!("wasmill_worker_claims_lost_total", "claims that were lost before they were settled");
    describe_counter!("wasmill_worker_load_failures_total", "modules that could not be loaded, by job type");
    describe_gauge!("wasmill_worker_prefetched", "claims that wait for a slot");
    describe_gauge!("wasmill_worker_slots_busy", "slots that run a job");
    describe_gauge!("wasmill_worker_suspects", "jobs that wait to run alone in a child process, or do");
    describe_gauge!("wasmill_worker_claims_held", "claims taken and not yet settled");
}

#[cfg(test)]
mod tests;
