//! A full disk: the queue says that it is not available, and goes on by itself when there is room.
//!
//! The case runs in a child with a tmpfs of its own. Mounting it needs root; without, the child gets a user and mount
//! namespace. Where neither is allowed, the test fails.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use wasmill_queue::{Pushed, Queue, QueueError};

use super::support::{assert_sound, child, child_dir, complete_all, open, push_of, resume};

#[test]
fn answers_unavailable_and_recovers_when_there_is_room() {
    let dir = TempDir::new().unwrap();
    let test = child("full_disk::fills_and_recovers", dir.path());
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command
        .args(["--mount", "sh", "-c", r#"mount -t tmpfs -o size=48m tmpfs "$0" && exec "$@""#])
        .arg(dir.path())
        .arg(test.get_program())
        .args(test.get_args())
        .envs(test.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{complained}");
}

#[tokio::test]
async fn fills_and_recovers() {
    let Some(dir) = child_dir() else { return };
    let (queue, _) = open(&dir).await;
    let ballast = dir.join("ballast");
    fill(&ballast, free(&dir) - (12 << 20));
    let mut from = resume(&queue).await;
    let refused = loop {
        match queue.push(push_of(from, 100, 10_000)).await {
            Ok(Pushed::Applied { .. }) => from.0 += 100,
            Ok(other) => panic!("{other:?}"),
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused, QueueError::Unavailable { .. }), "{refused}");
    println!("full after {from}: {refused}");
    fs::remove_file(&ballast).unwrap();
    // It begins anew by itself; a relay asks until it does.
    let asked = tokio::time::timeout(Duration::from_secs(60), async {
        while queue.counts().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    asked.await.unwrap();
    let unknown = queue.push(push_of(from, 1, 10)).await.unwrap();
    assert_eq!(unknown, Pushed::Unknown, "its lanes have to be resumed");
    assert_eq!(resume(&queue).await.0, 0);
    let pushed = queue.push(push_of(wasmill_job::Offset(0), 1_000, 1_000)).await.unwrap();
    assert_eq!(pushed, Pushed::whole());
    let done: BTreeSet<u64> = complete_all(&queue).await.into_iter().collect();
    assert_eq!(done.len(), 1_000);
    assert_sound(&queue).await;
    queue.close().await;
}

/// Takes `bytes` of room.
fn fill(path: &Path, bytes: u64) {
    let mut file = File::create(path).unwrap();
    for _ in 0..bytes >> 16 {
        file.write_all(&[1; 1 << 16]).unwrap();
    }
}

fn free(dir: &Path) -> u64 {
    let stat = rustix::fs::statvfs(dir).unwrap();
    stat.f_bavail * stat.f_frsize
}
