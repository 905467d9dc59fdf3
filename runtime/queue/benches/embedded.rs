//! Measures the embedded queue: the life of a job through push, take and settle, in batches; with a backlog; and how
//! long opening takes. `cargo bench -p wasmill-queue -- [jobs] [backlog] [batch]`; prints one line per measurement.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use wasmill_job::{
    Generation, IdSource, Job, JobType, Mode, Offset, Partition, Path as JobPath, Progress, Revision, Stamp,
    SystemClock, Topic, TopicPartition, UnixMs, Verdict,
};
use wasmill_queue::{
    AttemptRecord, EmbeddedConfig, EmbeddedQueue, Entry, NewJob, Offer, Push, Pushed, Queue, Take, TypeOffer,
    WorkerId,
};

struct Bench {
    queue: EmbeddedQueue,
    lane: TopicPartition,
    ids: IdSource,
    job_type: JobType,
    offer: Arc<Offer>,
    offset: u64,
    request: u64,
    payload: Bytes,
}

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let jobs = numbers.first().copied().unwrap_or(1_000_000);
    let backlog = numbers.get(1).copied().unwrap_or(0);
    let batch = numbers.get(2).copied().unwrap_or(256);
    let folder =
        tempfile::tempdir_in(std::env::var_os("WASMILL_BENCH_DIR").unwrap_or_else(|| ".".into())).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut bench = Bench::open(folder.path()).await;
        let started = Instant::now();
        while bench.offset < backlog {
            bench.push(batch).await;
        }
        report("push only", bench.offset, started, folder.path());
        let (started, before, cpu) = (Instant::now(), bench.offset, cpu());
        let mut times = [Duration::ZERO; 3];
        while bench.offset - before < jobs {
            bench.life(batch, &mut times).await;
        }
        let done = bench.offset - before;
        report(&format!("push+take+settle of {batch}"), done, started, folder.path());
        let each = |time: Duration| time.as_secs_f64() * 1e6 / done as f64;
        println!(
            "  µs per job: push {:.2}, take {:.2}, settle {:.2}; cpu {:.2}",
            each(times[0]),
            each(times[1]),
            each(times[2]),
            (self::cpu() - cpu) * 1e6 / done as f64
        );
        assert_eq!(bench.queue.check().await.unwrap().faults, [""; 0]);
        let started = Instant::now();
        bench.queue.close().await;
        println!("close: {:?}", started.elapsed());
        let started = Instant::now();
        let config = EmbeddedConfig::new(folder.path().join("queue"));
        let (queue, opening) = EmbeddedQueue::open(config, 1, Arc::new(SystemClock)).await.unwrap();
        println!("open: {:?}, {opening:?}, resident {} MB", started.elapsed(), resident_mb());
        queue.close().await;
    });
}

impl Bench {
    async fn open(folder: &Path) -> Self {
        let config = EmbeddedConfig::new(folder.join("queue"));
        let (queue, _) = EmbeddedQueue::open(config, 1, Arc::new(SystemClock)).await.unwrap();
        let lane = TopicPartition::new(Topic::from("wasmill.q.bench.1"), Partition(0));
        queue.resume(&lane, &Progress::default()).await.unwrap();
        let job_type = JobType::try_from(Arc::<str>::from("bench.noop")).unwrap();
        let types = [(job_type.clone(), TypeOffer::default())].into();
        let offer = Arc::new(Offer { revision: Revision(1), types, ..Offer::default() });
        let payload = Bytes::from(vec![b'x'; 200]);
        Self { queue, lane, ids: IdSource::default(), job_type, offer, offset: 0, request: 0, payload }
    }

    async fn push(&mut self, batch: u64) {
        let now = UnixMs(1_700_000_000_000 + self.offset / 100);
        let entries = (self.offset..self.offset + batch).map(|offset| {
            let job = Job {
                id: self.ids.next(now, offset, Generation(1), Partition(0)),
                job_type: self.job_type.clone(),
                payload: self.payload.clone(),
                accepted_at: now,
                stamp: Stamp { revision: Revision(1), path: JobPath::Log, mode: Mode::Live },
                priority: wasmill_job::Priority::Normal,
                idempotency_key: None,
                traceparent: None,
                redrives: 0,
                run_at: None,
                unknown: serde_json::Map::new(),
            };
            let new = NewJob::new(job, Duration::from_secs(600));
            Entry::Job { offset: Offset(offset), new }
        });
        let entries = entries.collect();
        let (from, to) = (Offset(self.offset), Offset(self.offset + batch));
        let pushed =
            self.queue.push(Push { lane: self.lane.clone(), from, to, passed: None, entries }).await.unwrap();
        assert_eq!(pushed, Pushed::whole());
        self.offset += batch;
    }

    async fn life(&mut self, batch: u64, times: &mut [Duration; 3]) {
        let started = Instant::now();
        self.push(batch).await;
        let pushed = Instant::now();
        self.request += 1;
        let take = Take {
            worker: WorkerId(1),
            request: self.request,
            max: usize::try_from(batch).unwrap(),
            lease: Duration::from_secs(30),
            offer: self.offer.clone(),
        };
        let claims = self.queue.take(take).await.unwrap();
        let taken = Instant::now();
        let record = AttemptRecord { keep_result: Duration::from_secs(3600), ..AttemptRecord::default() };
        let verdict = || Verdict::Complete { output: Bytes::from_static(b"ok") };
        let settlements: Vec<_> =
            claims.into_iter().map(|claim| claim.settle(verdict(), record.clone())).collect();
        self.queue.settle(settlements.into()).await.unwrap();
        times[0] += pushed - started;
        times[1] += taken - pushed;
        times[2] += taken.elapsed();
    }
}

fn report(what: &str, jobs: u64, started: Instant, folder: &Path) {
    let rate = jobs as f64 / started.elapsed().as_secs_f64();
    println!(
        "{what}: {jobs} jobs, {rate:.0}/s, folder {} MB, resident {} MB",
        size(folder) >> 20,
        resident_mb()
    );
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            if entry.path().is_dir() { size(&entry.path()) } else { entry.metadata().map_or(0, |m| m.len()) }
        })
        .sum()
}

fn resident_mb() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    (statm.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096) >> 20
}

/// CPU seconds of this process so far.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}
