//! Damaged files: the queue is set aside or sound, never in between, and the log fills it again.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;
use wasmill_job::Offset;
use wasmill_queue::{Opening, Queue};

use super::support::{
    complete, complete_all, copy_folder, files, id_at, open, push, push_of, resume, settled, take,
};

/// Jobs in the log.
const JOBS: u64 = 1_000;

/// A queue with a bit of everything, closed.
async fn used(dir: &Path) {
    let (queue, _) = open(dir).await;
    for _ in 0..10 {
        push(&queue, 100).await;
        let claims = take(&queue, 70).await;
        queue.settle(settled(claims, &complete())).await.unwrap();
    }
    queue.close().await;
}

/// Whatever state the queue came back with, with the log everything gets done.
async fn everything_gets_done(dir: &Path, what: &str) -> Opening {
    let (queue, opening) = open(dir).await;
    assert_eq!(queue.check().await.unwrap().faults, [""; 0], "{what}");
    let from = resume(&queue).await;
    assert!(from <= Offset(JOBS), "{what}");
    let missing = JOBS - from.0;
    queue.push(push_of(from, missing, 200)).await.unwrap();
    let done: BTreeSet<u64> = complete_all(&queue).await.into_iter().collect();
    for offset in 0..JOBS {
        let known = done.contains(&offset) || queue.job(id_at(offset)).await.unwrap().is_some();
        assert!(known, "{what}: job {offset} is lost");
    }
    assert_eq!(queue.check().await.unwrap().faults, [""; 0], "{what}");
    queue.close().await;
    opening
}

#[tokio::test]
async fn garbage_in_place_of_files_is_set_aside() {
    let dir = TempDir::new().unwrap();
    used(dir.path()).await;
    for file in files(&dir.path().join("queue")) {
        let copy = TempDir::new().unwrap();
        copy_folder(dir.path(), copy.path());
        let target = copy.path().join(file.strip_prefix(dir.path()).unwrap());
        fs::write(target, b"this is not what was here before".repeat(1_000)).unwrap();
        everything_gets_done(copy.path(), &format!("garbage in {}", file.display())).await;
    }
}

#[tokio::test]
async fn a_file_in_place_of_the_folder_is_set_aside() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("queue"), b"a file").unwrap();
    let opening = everything_gets_done(dir.path(), "a file").await;
    assert!(matches!(opening, Opening::Rebuilt { .. }), "{opening:?}");
}

#[tokio::test]
async fn truncated_files_are_noticed() {
    let dir = TempDir::new().unwrap();
    used(dir.path()).await;
    for file in files(&dir.path().join("queue")) {
        let len = fs::metadata(&file).unwrap().len();
        for keep in [0, len / 3, len * 2 / 3, len.saturating_sub(1)] {
            let copy = TempDir::new().unwrap();
            copy_folder(dir.path(), copy.path());
            let target = copy.path().join(file.strip_prefix(dir.path()).unwrap());
            fs::OpenOptions::new().write(true).open(target).unwrap().set_len(keep).unwrap();
            everything_gets_done(copy.path(), &format!("{} cut to {keep}", file.display())).await;
        }
    }
}

#[tokio::test]
async fn flipped_bits_are_noticed() {
    let dir = TempDir::new().unwrap();
    used(dir.path()).await;
    let mut random = SmallRng::seed_from_u64(20_240_229);
    let all = files(&dir.path().join("queue"));
    for round in 0..24 {
        let file = &all[round % all.len()];
        let copy = TempDir::new().unwrap();
        copy_folder(dir.path(), copy.path());
        let target = copy.path().join(file.strip_prefix(dir.path()).unwrap());
        let mut bytes = fs::read(&target).unwrap();
        if bytes.is_empty() {
            continue;
        }
        let at = random.random_range(0..bytes.len());
        bytes[at] ^= 1 << random.random_range(0..8);
        fs::write(target, bytes).unwrap();
        let opening =
            everything_gets_done(copy.path(), &format!("a flip at {at} of {}", file.display())).await;
        println!("a flip at {at} of {}: {opening:?}", file.display());
    }
}
