//! BullMQ, the job queue for Node: installed from its lock file into the target folder, run on a Redis of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;
use wasmill_tests::Redis;

pub(crate) const JOBS: usize = 100_000;
/// Jobs that one worker process runs at once. The best one counts.
const CONCURRENCIES: [usize; 4] = [25, 50, 100, 200];
/// Of the latency measurement.
pub(crate) const PER_SECOND: usize = 200;
pub(crate) const SECONDS: usize = 20;

/// The installed peer.
struct BullMq {
    folder: PathBuf,
}

/// Measures and prints all of it. Answers the best drain, in jobs per second.
pub(crate) async fn print_all() -> f64 {
    let peer = BullMq::install().await;
    let mut runs = Vec::new();
    for concurrency in CONCURRENCIES {
        runs.push(peer.drain(concurrency, 1).await);
    }
    let best = fastest(&runs)["concurrency"].as_u64().unwrap();
    runs.push(peer.drain(usize::try_from(best).unwrap(), 2).await);
    let best = fastest(&runs);
    let figure = |name: &str| best[name].as_f64().unwrap();
    print("BullMQ, enqueue in bulks of 500", &format!("{:>9.0} jobs/s", figure("enqueue_per_second")));
    print("BullMQ, commands per job, enqueue + drain", &{
        let (enqueue, drain) = (figure("enqueue_commands_per_job"), figure("drain_commands_per_job"));
        format!("{:>9.1} ({enqueue:.1} + {drain:.1})", enqueue + drain)
    });
    print("BullMQ, round trips per job", &format!("{:>9.2}", figure("round_trips_per_job")));
    let waits = peer.latency().await;
    let wait = |name: &str| waits[name].as_f64().unwrap();
    print(
        &format!("BullMQ, enqueue to start at {PER_SECOND} jobs/s"),
        &format!("p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms", wait("p50_ms"), wait("p99_ms"), wait("max_ms")),
    );
    print(
        &format!(
            "BullMQ, drain of a backlog of {JOBS}, the best: {} processes of {}",
            best["processes"], best["concurrency"]
        ),
        &format!("{:>9.0} jobs/s", figure("drain_per_second")),
    );
    figure("drain_per_second")
}

fn fastest(runs: &[Value]) -> &Value {
    let rate = |run: &Value| run["drain_per_second"].as_f64().unwrap();
    runs.iter().max_by(|left, right| rate(left).total_cmp(&rate(right))).unwrap()
}

impl BullMq {
    /// Installs it unless these very versions are there already.
    async fn install() -> Self {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
        // The bench itself stands in TARGET/PROFILE/deps.
        let folder = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("peers");
        std::fs::create_dir_all(&folder).unwrap();
        let lock = std::fs::read(sources.join("package-lock.json")).unwrap();
        let installed = std::fs::read(folder.join("installed-lock.json")).unwrap_or_default();
        for file in ["package.json", "package-lock.json", "bullmq.js"] {
            std::fs::copy(sources.join(file), folder.join(file)).unwrap();
        }
        if installed != lock {
            let npm =
                Command::new("npm").args(["ci", "--ignore-scripts"]).current_dir(&folder).output().await;
            let npm = npm.expect("npm cannot be started: install Debian's packages nodejs and npm");
            assert!(npm.status.success(), "npm ci: {}", String::from_utf8_lossy(&npm.stderr));
            std::fs::write(folder.join("installed-lock.json"), &lock).unwrap();
        }
        Self { folder }
    }

    async fn drain(&self, concurrency: usize, processes: usize) -> Value {
        let figures = self.run("drain", &[JOBS, concurrency, processes]).await;
        print(
            &format!("BullMQ, drain of a backlog of {JOBS}, {processes} processes of {concurrency}"),
            &format!("{:>9.0} jobs/s", figures["drain_per_second"].as_f64().unwrap()),
        );
        figures
    }

    async fn latency(&self) -> Value {
        self.run("latency", &[PER_SECOND, SECONDS]).await
    }

    /// One run on an empty Redis.
    async fn run(&self, mode: &str, numbers: &[usize]) -> Value {
        let redis = Redis::start().await;
        let output = Command::new("node")
            .args(["bullmq.js", mode, &redis.url()])
            .args(numbers.iter().map(usize::to_string))
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .expect("node cannot be started: install Debian's package nodejs");
        let text = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(text.trim())
            .unwrap_or_else(|_| panic!("bullmq.js: {text}{}", String::from_utf8_lossy(&output.stderr)))
    }
}

pub(crate) fn print(what: &str, figure: &str) {
    println!("{what:<72} {figure}");
}
