//! Random operations against a simple model, with crashes between them, on every implementation of the port: what the
//! queue answers and shows is compared with the model; at the end everything is drained, and nothing may be missing.
//! `PROPTEST_CASES` asks for more cases than the few of each run.

mod comparing;
mod crashed;
mod debts;
mod driver;
mod order;
mod parking;
mod pushing;
mod simple;
mod taking;

use std::fmt::Write;

use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};

use super::QueueUnderTest;
use driver::{DEAD, Driver};

/// One step. Numbers are taken modulo what there is.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Up to so many records of a lane; what lies beyond the log's end is made up of these.
    Push {
        lane: usize,
        max_pending: Option<u64>,
        records: Vec<Made>,
        /// The relay is killed when it has parked copies, before it pushes.
        is_lost: bool,
    },
    /// A job of a lane is appended again.
    AppendAgain {
        lane: usize,
        job: usize,
    },
    /// A push at an offset that is not wanted.
    Misplaced {
        lane: usize,
        by: u64,
    },
    /// Jobs that stand in no log.
    Enqueue {
        lane: usize,
        max_pending: Option<u64>,
        jobs: Vec<Made>,
    },
    /// What the routing table says of a type from now on.
    Limit {
        job_type: u8,
        concurrency: Option<u32>,
        rate: Option<(u32, u64)>,
        is_paused: bool,
    },
    Take {
        worker: u64,
        max: usize,
        offered: u8,
    },
    /// A worker's last take once more.
    Repeat {
        worker: u64,
    },
    Settle {
        claims: Vec<(usize, Judged)>,
    },
    /// An earlier settle once more.
    SettleAgain {
        earlier: usize,
    },
    Renew {
        claims: Vec<usize>,
    },
    /// Time passes, and is swept up in bites of so many jobs.
    Advance {
        ms: u64,
        bite: usize,
    },
    Cancel {
        job: usize,
    },
    Purge {
        letters: Vec<usize>,
    },
    /// What is owed is written to the log, or handed to the queue, and paid; or whoever pays dies before he says so.
    Pay {
        max: usize,
        is_lost: bool,
    },
    /// The relay writes down how far the lanes are settled.
    Commit,
    Restart,
    /// Killed, with the loss of so many thousandths of what was written, where that can be chosen.
    Crash {
        lose: u32,
    },
    Wipe,
}

/// A record that is made when a push comes to the end of a lane's log, or a job that is enqueued.
#[derive(Clone, Copy, Debug)]
pub(super) enum Made {
    Gap,
    Ordered { job_type: u8, priority: u8 },
    Keyed { job_type: u8, key: u8, priority: u8 },
    Cancel { job: usize },
    Redrive { letter: usize, by: u32 },
    Undead { letter: usize },
    Dead { letter: usize },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Judged {
    Complete,
    /// Completes, and emits so many children.
    Emit {
        children: u32,
    },
    Retry {
        pause_ms: u64,
    },
    Bury,
    Release,
}

/// Cases of a run that does not ask for more.
const CASES: u32 = 48;

fn made() -> impl Strategy<Value = Made> {
    prop_oneof![
        1 => Just(Made::Gap),
        6 => (0..3u8, 0..4u8).prop_map(|(job_type, priority)| Made::Ordered { job_type, priority }),
        4 => (0..3u8, 0..5u8, 0..4u8)
            .prop_map(|(job_type, key, priority)| Made::Keyed { job_type, key, priority }),
        1 => any::<usize>().prop_map(|job| Made::Cancel { job }),
        2 => (any::<usize>(), 0..3u32).prop_map(|(letter, by)| Made::Redrive { letter, by }),
        1 => any::<usize>().prop_map(|letter| Made::Undead { letter }),
        1 => any::<usize>().prop_map(|letter| Made::Dead { letter }),
    ]
}

fn judged() -> impl Strategy<Value = Judged> {
    prop_oneof![
        4 => Just(Judged::Complete),
        2 => (1..4u32).prop_map(|children| Judged::Emit { children }),
        2 => (0..3_000u64).prop_map(|pause_ms| Judged::Retry { pause_ms }),
        2 => Just(Judged::Bury),
        1 => Just(Judged::Release),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let records = || prop::collection::vec(made(), 1..12);
    // Most pushes are of the queue's own lanes.
    let lane = || prop_oneof![5 => 0..2usize, 3 => 2..DEAD, 2 => Just(DEAD)];
    let max_pending = || prop::option::weighted(0.2, 0..12u64);
    let limits = (
        0..3u8,
        prop::option::of(0..4u32),
        prop::option::weighted(0.2, (1..6u32, 1..4_000u64)),
        prop::bool::weighted(0.1),
    );
    prop_oneof![
        10 => (lane(), max_pending(), records(), prop::bool::weighted(0.1)).prop_map(
            |(lane, max_pending, records, is_lost)| Step::Push { lane, max_pending, records, is_lost }
        ),
        2 => (0..DEAD, any::<usize>()).prop_map(|(lane, job)| Step::AppendAgain { lane, job }),
        1 => (lane(), 1..5u64).prop_map(|(lane, by)| Step::Misplaced { lane, by }),
        3 => (0..2usize, max_pending(), records())
            .prop_map(|(lane, max_pending, jobs)| Step::Enqueue { lane, max_pending, jobs }),
        1 => limits.prop_map(|(job_type, concurrency, rate, is_paused)| Step::Limit {
            job_type,
            concurrency,
            rate,
            is_paused
        }),
        8 => (0..3u64, 0..8usize, any::<u8>())
            .prop_map(|(worker, max, offered)| Step::Take { worker, max, offered }),
        1 => (0..3u64).prop_map(|worker| Step::Repeat { worker }),
        8 => prop::collection::vec((any::<usize>(), judged()), 1..6)
            .prop_map(|claims| Step::Settle { claims }),
        1 => any::<usize>().prop_map(|earlier| Step::SettleAgain { earlier }),
        1 => prop::collection::vec(any::<usize>(), 1..4).prop_map(|claims| Step::Renew { claims }),
        3 => (0..8_000u64, 1..9usize).prop_map(|(ms, bite)| Step::Advance { ms, bite }),
        1 => any::<usize>().prop_map(|job| Step::Cancel { job }),
        1 => prop::collection::vec(any::<usize>(), 1..4).prop_map(|letters| Step::Purge { letters }),
        3 => (0..4usize, prop::bool::weighted(0.2)).prop_map(|(max, is_lost)| Step::Pay { max, is_lost }),
        1 => Just(Step::Commit),
        1 => Just(Step::Restart),
        1 => (0..200u32).prop_map(|lose| Step::Crash { lose }),
        1 => Just(Step::Wipe),
    ]
}

/// Runs the cases; what fails is made as short as it goes, and told step by step.
pub(crate) fn run<U: QueueUnderTest>() {
    let asked = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { asked.cases } else { CASES };
    let config = ProptestConfig {
        cases,
        max_shrink_iters: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ran = TestRunner::new(config).run(&prop::collection::vec(step(), 1..60), |steps| {
        runtime.block_on(async {
            let mut driver = Driver::<U>::new().await;
            for step in &steps {
                driver.step(step).await;
            }
            driver.drain().await;
        });
        Ok(())
    });
    match ran {
        Ok(()) => {}
        Err(TestError::Fail(reason, steps)) => {
            let mut told = format!("{reason}\nafter these steps, and a drain:\n");
            for step in steps {
                writeln!(told, "    {step:?},").unwrap();
            }
            panic!("{told}");
        }
        Err(error) => panic!("{error}"),
    }
}
