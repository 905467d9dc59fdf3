//! Random operations against a simple model, with crashes between them: after each, the queue's own check, a rebuild
//! from what is stored, and a comparison with the model; at the end everything is drained, and nothing may be missing.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod driver;
mod made;
mod simple;

use proptest::prelude::*;

use driver::Driver;

/// One step. Numbers are taken modulo what there is.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Up to so many records of a lane; what lies beyond the log's end is made up of these.
    Push {
        lane: usize,
        records: Vec<Made>,
    },
    /// A push at an offset that is not wanted.
    Misplaced {
        lane: usize,
        by: u64,
    },
    Enqueue {
        records: Vec<Made>,
    },
    Take {
        worker: u64,
        max: usize,
        offered: u8,
        concurrency: Option<u32>,
    },
    Repeat {
        worker: u64,
    },
    Settle {
        claims: Vec<(usize, Judged)>,
    },
    Renew {
        claim: usize,
    },
    Advance {
        ms: u64,
    },
    Sweep {
        max: usize,
    },
    Cancel {
        job: usize,
    },
    Pay {
        max: usize,
    },
    Commit,
    /// The process dies; this many of the last writes are lost.
    Crash {
        writes: usize,
    },
    Wipe,
}

/// A record that is made when a push comes to the end of a lane's log.
#[derive(Clone, Copy, Debug)]
pub(super) enum Made {
    Gap,
    Ordered { job_type: u8, priority: usize, max_pending: Option<u64> },
    Keyed { job_type: u8, key: u8 },
    Cancel { job: usize },
    Redrive { dead: usize, by: u32 },
    Undead { dead: usize },
    Dead { dead: usize },
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

fn made() -> impl Strategy<Value = Made> {
    prop_oneof![
        1 => Just(Made::Gap),
        6 => (0..3u8, 0..4usize, prop::option::of(0..4u64))
            .prop_map(|(job_type, priority, max_pending)| Made::Ordered { job_type, priority, max_pending }),
        4 => (0..3u8, 0..5u8).prop_map(|(job_type, key)| Made::Keyed { job_type, key }),
        1 => any::<usize>().prop_map(|job| Made::Cancel { job }),
        2 => (any::<usize>(), 0..3u32).prop_map(|(dead, by)| Made::Redrive { dead, by }),
        1 => any::<usize>().prop_map(|dead| Made::Undead { dead }),
        1 => any::<usize>().prop_map(|dead| Made::Dead { dead }),
    ]
}

fn judged() -> impl Strategy<Value = Judged> {
    prop_oneof![
        4 => Just(Judged::Complete),
        2 => (1..3u32).prop_map(|children| Judged::Emit { children }),
        2 => (0..3_000u64).prop_map(|pause_ms| Judged::Retry { pause_ms }),
        2 => Just(Judged::Bury),
        1 => Just(Judged::Release),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let settle = prop::collection::vec((any::<usize>(), judged()), 1..6);
    prop_oneof![
        8 => (0..2usize, prop::collection::vec(made(), 1..12)).prop_map(|(lane, records)| Step::Push { lane, records }),
        1 => (0..2usize, 1..5u64).prop_map(|(lane, by)| Step::Misplaced { lane, by }),
        2 => prop::collection::vec(made(), 1..5).prop_map(|records| Step::Enqueue { records }),
        6 => (0..3u64, 0..8usize, any::<u8>(), prop::option::of(0..4u32))
            .prop_map(|(worker, max, offered, concurrency)| Step::Take { worker, max, offered, concurrency }),
        1 => (0..3u64).prop_map(|worker| Step::Repeat { worker }),
        8 => settle.prop_map(|claims| Step::Settle { claims }),
        1 => any::<usize>().prop_map(|claim| Step::Renew { claim }),
        3 => (0..8_000u64).prop_map(|ms| Step::Advance { ms }),
        1 => (0..5usize).prop_map(|max| Step::Sweep { max }),
        1 => any::<usize>().prop_map(|job| Step::Cancel { job }),
        2 => (0..4usize).prop_map(|max| Step::Pay { max }),
        1 => Just(Step::Commit),
        1 => (0..6usize).prop_map(|writes| Step::Crash { writes }),
        1 => Just(Step::Wipe),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn the_queue_does_what_the_model_does(steps in prop::collection::vec(step(), 1..60)) {
        let mut driver = Driver::new();
        for step in steps {
            driver.step(&step);
        }
        driver.drain();
    }
}
