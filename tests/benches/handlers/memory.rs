//! The memory of a worker with a thousand modules and 256 slots: a process of its own, that loads modules which were
//! compiled before, as a worker does.

use std::path::Path;
use std::process::Command;
use std::sync::Barrier;
use std::time::Instant;

use wasmill_job::ModuleDigest;
use wasmill_sandbox::{ArtifactStore, CheckLimits, Handler, Sandbox, SandboxConfig, check};
use wasmill_tests::guest;

use crate::fresh::once;

/// The argument of the process that loads.
pub(crate) const WORKER: &str = "worker-with-modules-of";

const MODULES: u32 = 1_000;
const SLOTS: u32 = 256;
const PAYLOAD: &str = r#"{"name": "Ada"}"#;

/// Compiles the modules, and starts the process that loads them.
pub(crate) fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, store) = open(folder.path());
    let mut digests = String::new();
    let began = Instant::now();
    for number in 0..MODULES {
        let component = check(&module(number), &CheckLimits::default()).unwrap();
        store.compile(&sandbox, &component).unwrap();
        digests += &format!("{}\n", component.digest());
    }
    println!("{MODULES} modules compiled in {:.1} s\n", began.elapsed().as_secs_f64());
    std::fs::write(folder.path().join("digests"), digests).unwrap();
    let mut worker = Command::new(std::env::current_exe().unwrap());
    assert!(worker.arg(WORKER).arg(folder.path()).status().unwrap().success());
}

/// Loads the modules, runs one job of each, then as many at once as there are slots, and prints what memory it has.
pub(crate) fn be_worker(folder: &Path) {
    println!("{:<44} {:>10} {:>12} {:>12}", "a worker's process", "resident", "of its own", "of files");
    print("nothing yet");
    let (sandbox, store) = open(folder);
    print(&format!("with a sandbox of {SLOTS} slots"));
    let began = Instant::now();
    let handlers: Vec<Handler> = std::fs::read_to_string(folder.join("digests"))
        .unwrap()
        .lines()
        .map(|digest| digest.parse::<ModuleDigest>().unwrap())
        .map(|digest| sandbox.load(&store.find(&sandbox, digest).unwrap().unwrap()).unwrap())
        .collect();
    let loaded_in = began.elapsed();
    print(&format!("with {MODULES} modules loaded"));
    for handler in &handlers {
        once(&sandbox, handler, PAYLOAD);
    }
    print("when each has run a job");
    let together = Barrier::new(SLOTS as usize);
    std::thread::scope(|scope| {
        for handler in handlers.iter().take(SLOTS as usize) {
            let (sandbox, together) = (&sandbox, &together);
            scope.spawn(move || {
                together.wait();
                for _ in 0..20 {
                    once(sandbox, handler, PAYLOAD);
                }
            });
        }
    });
    print(&format!("when {SLOTS} have run at once"));
    println!("\nloading one took {:.0} µs", loaded_in.as_secs_f64() * 1e6 / f64::from(MODULES));
}

fn open(folder: &Path) -> (Sandbox, ArtifactStore) {
    let sandbox = Sandbox::new(SandboxConfig { instances: SLOTS, ..SandboxConfig::default() }).unwrap();
    (sandbox, ArtifactStore::open(folder.join("compiled")).unwrap())
}

/// The guest `hello`, different from all others by a section that nobody reads.
fn module(number: u32) -> Vec<u8> {
    let mut bytes = guest("hello");
    bytes.extend([0, 9, 4, b'n', b'u', b'm', b'b']);
    bytes.extend(number.to_le_bytes());
    bytes
}

fn print(when: &str) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mib = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        format!("{:.1} MiB", kib / 1_024.0)
    };
    println!("{when:<44} {:>10} {:>12} {:>12}", mib("VmRSS"), mib("RssAnon"), mib("RssFile"));
}
