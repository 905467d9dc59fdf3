//! The books of a scenario: what clients were told against what servers did, checked once everything has drained
//! (the total-queue check).

use std::collections::{HashMap, HashSet};
use std::fmt;

use wasmill_tests::{Executions, Mill, World};

use crate::load::Told;

/// What the check found. `broken` names every promise that did not hold.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub acknowledged: usize,
    pub completed: usize,
    pub dead: u64,
    pub lost: usize,
    /// Executions beyond the first of each job.
    pub duplicated: u64,
    pub broken: Vec<String>,
}

/// Checks the books of a drained world. No server process may have executed a job twice: repeats need a crash.
pub(crate) async fn check(world: &World, told: &Told, job_type: &str) -> Verdict {
    let mut verdict = check_with_rebuilds(world, &world.executions(), told, job_type).await;
    for (number, server) in world.executions().iter().enumerate() {
        if let Some(twice) = server.started.iter().find(|(_, count)| **count > 1) {
            verdict
                .broken
                .push(format!("server {} executed a job twice without a fault: {twice:?}", number + 1));
        }
    }
    verdict
}

/// Checks the books of a drained mill in which a server may have rebuilt its queue while it ran, a named cause of
/// repeats.
pub(crate) async fn check_with_rebuilds(
    mill: &Mill,
    executions: &[Executions],
    told: &Told,
    job_type: &str,
) -> Verdict {
    check_with_losses(mill, executions, told, job_type, |_| false).await
}

/// The same where a named cause may have lost jobs that were acknowledged: `excused` says which. They still count as
/// lost.
pub(crate) async fn check_with_losses(
    mill: &Mill,
    executions: &[Executions],
    told: &Told,
    job_type: &str,
    excused: impl Fn(&str) -> bool,
) -> Verdict {
    let done = completed(executions);
    let missing: Vec<&String> = told.acknowledged.keys().filter(|id| !done.contains(id.as_str())).collect();
    let lost = still_missing(mill, job_type, &missing).await;
    let unexcused: Vec<&String> = lost.iter().filter(|id| !excused(id)).collect();
    let started = total_started(executions);
    let counts = mill.counts(job_type).await;
    let mut verdict = Verdict {
        acknowledged: told.acknowledged.len(),
        completed: told.acknowledged.len() - lost.len(),
        dead: counts["dead"].as_u64().unwrap_or_default(),
        lost: lost.len(),
        duplicated: started.values().map(|count| u64::from(*count) - 1).sum(),
        broken: Vec::new(),
    };
    let mut broken = |holds: bool, sentence: String| {
        if !holds {
            verdict.broken.push(sentence);
        }
    };
    broken(
        unexcused.is_empty(),
        format!("{} acknowledged jobs never completed, such as {:?}", unexcused.len(), unexcused.first()),
    );
    broken(verdict.dead == 0, format!("{} jobs died, and none should", verdict.dead));
    // An execution of a job nobody was told about needs a request whose answer was lost.
    let unexpected = started.keys().filter(|id| !told.acknowledged.contains_key(*id)).count();
    broken(
        unexpected <= told.jobs_of_unknown_fate,
        format!(
            "{unexpected} jobs ran that no client was told about; only {} are explained",
            told.jobs_of_unknown_fate
        ),
    );
    verdict
}

fn completed(executions: &[Executions]) -> HashSet<&str> {
    executions.iter().flat_map(|server| server.done.keys().map(String::as_str)).collect()
}

fn total_started(executions: &[Executions]) -> HashMap<String, u32> {
    let mut total = HashMap::new();
    for (id, count) in executions.iter().flat_map(|server| &server.started) {
        *total.entry(id.clone()).or_default() += count;
    }
    total
}

/// Those among `missing` that the server does not know as completed either: a log line is lost when the process dies
/// between the attempt and the line.
async fn still_missing(mill: &Mill, job_type: &str, missing: &[&String]) -> Vec<String> {
    let mut lost = Vec::new();
    for id in missing {
        let reply = mill.get(&format!("/v1/jobs/{job_type}/{id}")).await;
        if reply.status != 200 || reply.json()["state"] != "completed" {
            lost.push((*id).clone());
        }
    }
    lost
}

impl Verdict {
    /// For faults after which no job may run again.
    pub(crate) fn ran_once(&mut self) {
        if self.duplicated > 0 {
            self.broken
                .push(format!("{} executions too many, and nothing that explains them", self.duplicated));
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, completed, dead, lost, duplicated, .. } = self;
        write!(
            f,
            "acknowledged={acknowledged} completed={completed} dead={dead} lost={lost} duplicated={duplicated}"
        )
    }
}
