//! kill -9 at any moment: what comes back is a state that the queue was in, and with the log nothing is lost.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;
use wasmill_job::{Failure, FailureCode, Offset, Verdict};
use wasmill_queue::{Opening, Pushed, Queue};

use super::support::{
    assert_sound, child, child_dir, complete, complete_all, lane, open, push_of, resume, settled, take,
};

/// Offsets that the children's log has.
const END: u64 = 100_000;

#[tokio::test]
async fn between_operations_loses_no_job_and_tears_nothing() {
    let dir = TempDir::new().unwrap();
    let mut random = SmallRng::seed_from_u64(7);
    let mut done = BTreeSet::new();
    for round in 0..8 {
        let mut child =
            child("kill::works_until_it_is_killed", dir.path()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut left = random.random_range(1..150);
        for line in lines {
            let line = line.unwrap();
            assert!(!line.contains("rebuilt"), "round {round}: {line}");
            // The first line begins with the name of the test.
            if let Some((_, offsets)) = line.split_once("done ") {
                done.extend(offsets.split_whitespace().map(|offset| offset.parse::<u64>().unwrap()));
                left -= 1;
            }
            if left == 0 {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let (queue, opening) = open(dir.path()).await;
    assert!(matches!(opening, Opening::Opened { .. }), "{opening:?}");
    assert_sound(&queue).await;
    let from = resume(&queue).await;
    let to = Offset(done.last().map_or(0, |last| last + 1).max(from.0));
    assert!(matches!(queue.push(push_of(from, to.0 - from.0, 200)).await.unwrap(), Pushed::Applied { .. }));
    done.extend(complete_all(&queue).await);
    let lost: Vec<u64> = (0..to.0).filter(|offset| !done.contains(offset)).collect();
    assert!(lost.is_empty(), "pushed in some round, and done in none: {lost:?}");
    assert_eq!(queue.progress(&lane()).await.unwrap().floor, to);
    assert_sound(&queue).await;
}

#[tokio::test]
async fn works_until_it_is_killed() {
    let Some(dir) = child_dir() else { return };
    let (queue, opening) = open(&dir).await;
    if let Opening::Rebuilt { reason, .. } = opening {
        println!("rebuilt: {reason}");
    }
    assert_sound(&queue).await;
    let mut from = resume(&queue).await;
    while from.0 < END {
        queue.push(push_of(from, 50, 200)).await.unwrap();
        from = Offset(from.0 + 50);
        let mut claims = take(&queue, 60).await;
        let again = claims.split_off(claims.len() * 9 / 10);
        let failure = Failure::new(FailureCode::Retry, "once more");
        queue.settle(settled(again, &Verdict::Retry { pause: Duration::ZERO, failure })).await.unwrap();
        let offsets: Vec<String> = claims.iter().map(|claim| claim.job.accepted_at.0.to_string()).collect();
        queue.settle(settled(claims, &complete())).await.unwrap();
        writeln!(std::io::stdout(), "done {}", offsets.join(" ")).unwrap();
    }
}
