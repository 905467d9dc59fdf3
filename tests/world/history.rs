//! What a server executed, read from its log: the worker tells each attempt's start and end at level debug.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::SystemTime;

use serde_json::Value;

/// The attempts that one server process told about.
#[derive(Clone, Debug, Default)]
pub struct Executions {
    /// Job id to the number of attempts that began.
    pub started: HashMap<String, u32>,
    /// Job id to the number of attempts that ended with a result.
    pub done: HashMap<String, u32>,
    /// Job id to when its first attempt began, by the machine's clock.
    pub first_started: HashMap<String, SystemTime>,
    /// Job id to when the first attempt with a result ended.
    pub first_done: HashMap<String, SystemTime>,
    /// Job id to the version of the module that its last attempt ran on.
    pub modules: HashMap<String, String>,
    /// Job id to the processes that its attempts began in: the server's own, or a child of it.
    pub pids: HashMap<String, Vec<u32>>,
}

/// Settings that make a server tell its attempts, as JSON lines.
pub const TELLING: [(&str, &str); 2] =
    [("WASMILL_TELEMETRY_FORMAT", "json"), ("WASMILL_TELEMETRY_LEVEL", "info,wasmill_worker::attempt=debug")];

/// Reads the log of one server process. A line cut by `kill -9` is passed over.
///
/// # Panics
/// When there is no such file.
pub fn executions(log: &Path) -> Executions {
    let mut executions = Executions::default();
    let file = std::fs::File::open(log).unwrap();
    for line in BufReader::new(file).lines().map_while(Result::ok) {
        if !line.contains("wasmill_worker::attempt") {
            continue;
        }
        let Ok(line) = serde_json::from_str::<Value>(&line) else { continue };
        let Some(job) = line["job"].as_str() else { continue };
        let told = line["timestamp"].as_str().and_then(|time| humantime::parse_rfc3339(time).ok());
        let (counts, firsts) = match line["message"].as_str() {
            Some("attempt started") => {
                let pid = line["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
                executions.pids.entry(job.into()).or_default().extend(pid);
                executions.modules.extend(line["module"].as_str().map(|module| (job.into(), module.into())));
                (&mut executions.started, &mut executions.first_started)
            }
            Some("attempt ended") if line["end"] == "done" => {
                (&mut executions.done, &mut executions.first_done)
            }
            _ => continue,
        };
        *counts.entry(job.into()).or_default() += 1;
        if let Some(at) = told {
            firsts.entry(job.into()).or_insert(at);
        }
    }
    executions
}
