//! A disk that is full, and one that refuses to write: nothing half-written, and it goes on by itself afterwards.
//!
//! Each case runs in a child with a tmpfs of its own. Mounting it needs root; without, the child gets a user and mount
//! namespace. Where neither is allowed, the tests fail.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use super::support::{child, child_dir, floor, mail, offsets, open, read_all, record};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;
use wasmill_job::SystemClock;
use wasmill_log::{AppendError, EmbeddedLog, Log, LogConfig};

/// Runs the test `name` of this binary as a child, on a tmpfs of so many MiB.
fn on_a_small_disk(name: &str, mib: u32) {
    let dir = TempDir::new().unwrap();
    let test = child(name, dir.path());
    let mut command = std::process::Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command
        .args(["--mount", "sh", "-c", r#"mount -t tmpfs -o "size=$0m" tmpfs "$1" && shift && exec "$@""#])
        .arg(mib.to_string())
        .arg(dir.path())
        .arg(test.get_program())
        .args(test.get_args())
        .envs(test.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Takes room on the disk until only `left` bytes are free.
fn ballast(dir: &Path, left: u64) {
    let mut file = File::create(dir.join("ballast")).unwrap();
    while free(dir) > left {
        let bytes = (free(dir) - left).min(1 << 20) as usize;
        if file.write_all(&vec![1; bytes]).is_err() {
            return;
        }
    }
}

fn free(dir: &Path) -> u64 {
    let stat = rustix::fs::statvfs(dir).unwrap();
    stat.f_bavail * stat.f_frsize
}

#[test]
fn a_full_disk_refuses_records_and_keeps_serving() {
    on_a_small_disk("failing_disk::refuses_and_keeps_serving", 64);
}

#[tokio::test]
async fn refuses_and_keeps_serving() {
    let Some(dir) = child_dir() else { return };
    let log = open(&dir).unwrap();
    let mut stored = 0;
    let refused = loop {
        let batch = (0..100).map(|_| record(&mail(0), vec![5; 10_000])).collect();
        match log.append(batch).await {
            Ok(_) => stored += 100,
            Err(refused) => break refused,
        }
    };
    let AppendError::Full { path, free_bytes } = &refused else { panic!("{refused}") };
    assert_eq!(Path::new(path), dir);
    assert!(*free_bytes > 16 << 20, "the reserve is left: {free_bytes}");
    assert!(stored >= 2000);

    // Reading and progress go on.
    assert_eq!(read_all(&log, &mail(0)).await.unwrap().len(), stored);
    log.commit(&mail(0), floor(7)).await.unwrap();

    // Without any reserve left, still nothing is damaged.
    ballast(&dir, 0);
    assert_eq!(free(&dir), 0);
    assert!(matches!(log.append(vec![record(&mail(0), "a")]).await, Err(AppendError::Full { .. })));
    assert!(matches!(log.commit(&mail(0), floor(8)).await, Err(AppendError::Full { .. })));
    assert_eq!(log.committed(&mail(0)).await.unwrap(), floor(7));

    // It closes, opens and reads with no byte free.
    log.close().await;
    let log = open(&dir).unwrap();
    assert_eq!(read_all(&log, &mail(0)).await.unwrap().len(), stored);
    assert!(matches!(log.append(vec![record(&mail(0), "a")]).await, Err(AppendError::Full { .. })));

    // Room again: it goes on by itself, where it stopped.
    fs::remove_file(dir.join("ballast")).unwrap();
    let small = log.append(vec![record(&mail(0), "after")]).await.unwrap();
    assert_eq!(small[0].offset.0, stored as u64);
    log.close().await;
    let all: Vec<_> = (0..=stored as u64).collect();
    assert_eq!(offsets(&read_all(&open(&dir).unwrap(), &mail(0)).await.unwrap()), all);
}

#[test]
fn what_retention_gives_back_can_be_used_on_a_full_disk() {
    on_a_small_disk("failing_disk::reuses_its_own_space", 96);
}

#[tokio::test]
async fn reuses_its_own_space() {
    let Some(dir) = child_dir() else { return };
    let config = LogConfig { retention_bytes: 0, ..LogConfig::new(&dir) };
    let log = EmbeddedLog::open(config, Arc::new(SystemClock)).unwrap();
    let batch = || (0..100).map(|_| record(&mail(0), vec![5; 10_000])).collect::<Vec<_>>();
    while log.append(batch()).await.is_ok() {}
    let next = log.bounds(&mail(0)).await.unwrap().next;
    log.commit(&mail(0), floor(next.0)).await.unwrap();
    log.trim().await.unwrap();
    assert_eq!(log.bounds(&mail(0)).await.unwrap().first, next);
    ballast(&dir, 5 << 20);
    for _ in 0..5 {
        log.append(batch()).await.unwrap();
    }
    assert_eq!(read_all(&log, &mail(0)).await.unwrap().len(), 500);
}

#[test]
fn running_out_of_space_in_the_middle_of_a_commit_stores_nothing_of_it() {
    on_a_small_disk("failing_disk::runs_out_in_the_middle", 24);
}

#[tokio::test]
async fn runs_out_in_the_middle() {
    let Some(dir) = child_dir() else { return };
    // Without a reserve the check before the commit is too hopeful about many partitions with a little each.
    let config = LogConfig { reserve_bytes: 0, ..LogConfig::new(&dir) };
    let log = EmbeddedLog::open(config.clone(), Arc::new(SystemClock)).unwrap();
    for number in 0..50 {
        log.append(vec![record(&mail(0), number.to_string())]).await.unwrap();
    }
    log.commit(&mail(0), floor(3)).await.unwrap();
    let before = read_all(&log, &mail(0)).await.unwrap();
    let identity = log.identity();

    let wide = || (1..=2000).map(|partition| record(&mail(partition), "0123456789")).collect::<Vec<_>>();
    let checked_bytes = 4 * 2000 * (12 + 10);
    ballast(&dir, checked_bytes + (16 << 10));
    let refused = log.append(wide()).await.unwrap_err();
    let AppendError::Full { free_bytes, .. } = refused else { panic!("{refused}") };
    assert!(free_bytes >= checked_bytes, "the check before the commit let it pass");

    // The file was opened again: all that was there is there, and nothing of the batch.
    assert_eq!(log.partitions().await.unwrap(), [mail(0)]);
    assert_eq!(read_all(&log, &mail(0)).await.unwrap(), before);
    assert_eq!(log.committed(&mail(0)).await.unwrap(), floor(3));

    fs::remove_file(dir.join("ballast")).unwrap();
    assert_eq!(log.append(wide()).await.unwrap().len(), 2000);
    assert_eq!(log.partitions().await.unwrap().len(), 2001);
    log.close().await;
    let log = EmbeddedLog::open(config, Arc::new(SystemClock)).unwrap();
    assert_eq!(log.identity(), identity);
    assert_eq!(read_all(&log, &mail(0)).await.unwrap(), before);
    assert_eq!(read_all(&log, &mail(2000)).await.unwrap().len(), 1);
}

#[test]
fn a_write_that_fails_is_unknown_and_stores_nothing() {
    let dir = TempDir::new().unwrap();
    let test = child("failing_disk::fails_to_write", dir.path());
    // A file-size limit makes the system refuse writes with EFBIG, once its signal is ignored.
    let mut command = std::process::Command::new("sh");
    command.args(["-c", r#"trap "" XFSZ; exec "$0" "$@""#]).arg(test.get_program()).args(test.get_args());
    let output = command.env(super::support::CHILD, dir.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
async fn fails_to_write() {
    let Some(dir) = child_dir() else { return };
    let log = open(&dir).unwrap();
    log.append(vec![record(&mail(0), "before")]).await.unwrap();
    let unlimited = getrlimit(Resource::Fsize);
    let file_bytes = fs::metadata(dir.join("log.redb")).unwrap().len();
    setrlimit(Resource::Fsize, Rlimit { current: Some(file_bytes), ..unlimited }).unwrap();
    let large = || vec![record(&mail(0), vec![1; 12 << 20])];
    for _ in 0..3 {
        let refused = log.append(large()).await.unwrap_err();
        assert!(matches!(refused, AppendError::Unknown { .. }), "{refused}");
        assert_eq!(offsets(&read_all(&log, &mail(0)).await.unwrap()), [0]);
    }
    setrlimit(Resource::Fsize, unlimited).unwrap();
    assert_eq!(log.append(large()).await.unwrap()[0].offset.0, 1);
    log.close().await;
    assert_eq!(offsets(&read_all(&open(&dir).unwrap(), &mail(0)).await.unwrap()), [0, 1]);
}
