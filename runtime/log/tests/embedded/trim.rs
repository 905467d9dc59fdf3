//! Retention and compaction as a user sees them: what goes, what stays, and that its space is used again.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::support::{HandClock, dead, floor, keyed, mail, offsets, read_all, record};
use tempfile::TempDir;
use wasmill_job::{Offset, SystemClock};
use wasmill_log::{EmbeddedLog, Log, LogConfig, ReadError, Trimmed};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn open(dir: &Path, clock: &Arc<HandClock>, retention_bytes: u64) -> EmbeddedLog {
    let clock: Arc<HandClock> = Arc::clone(clock);
    EmbeddedLog::open(LogConfig { retention_bytes, ..LogConfig::new(dir) }, clock).unwrap()
}

async fn append(log: &EmbeddedLog, partition: u32, records: usize, bytes: usize) {
    let records = (0..records).map(|_| record(&mail(partition), vec![3; bytes]));
    log.append(records.collect()).await.unwrap();
}

/// Trims. That drops so much, or less: the keeper may have come by itself before.
async fn trim(log: &EmbeddedLog, most: Trimmed) {
    let trimmed = log.trim().await.unwrap();
    assert!(trimmed.chunks <= most.chunks && trimmed.records <= most.records, "{trimmed:?}");
}

#[tokio::test]
async fn what_is_old_and_settled_goes_and_nothing_else() {
    let (dir, clock) = (TempDir::new().unwrap(), HandClock::new());
    let log = open(dir.path(), &clock, u64::MAX);
    for _ in 0..10 {
        append(&log, 0, 10, 100).await;
        append(&log, 1, 10, 100).await;
        clock.advance(DAY);
    }
    // Ten days are there; seven are kept. Nothing is settled yet.
    assert_eq!(log.trim().await.unwrap(), Trimmed::default());
    log.commit(&mail(0), floor(25)).await.unwrap();
    trim(&log, Trimmed { chunks: 2, records: 0 }).await;
    let bounds = log.bounds(&mail(0)).await.unwrap();
    assert_eq!((bounds.first, bounds.next), (Offset(20), Offset(100)));
    assert_eq!(offsets(&read_all(&log, &mail(0)).await.unwrap()), (20..100).collect::<Vec<_>>());
    assert_eq!(read_all(&log, &mail(1)).await.unwrap().len(), 100);
    let gone = log.read(&mail(0), Offset(19), 1).await.unwrap_err();
    assert_eq!(gone, ReadError::Gone { of: mail(0), asked: Offset(19), first: Offset(20) });

    log.commit(&mail(0), floor(100)).await.unwrap();
    clock.advance(100 * DAY);
    trim(&log, Trimmed { chunks: 8, records: 0 }).await;
    assert_eq!(read_all(&log, &mail(0)).await.unwrap(), []);
    log.close().await;

    // An emptied partition is still known, and its offsets go on.
    let log = open(dir.path(), &clock, u64::MAX);
    assert_eq!(log.partitions().await.unwrap(), [mail(0), mail(1)]);
    assert_eq!(log.append(vec![record(&mail(0), "a")]).await.unwrap()[0].offset, Offset(100));
    assert_eq!(read_all(&log, &mail(1)).await.unwrap().len(), 100);
}

#[tokio::test]
async fn a_topic_that_takes_too_much_loses_its_oldest_settled_records() {
    let (dir, clock) = (TempDir::new().unwrap(), HandClock::new());
    let log = open(dir.path(), &clock, 40 << 16);
    for _ in 0..50 {
        // A chunk that takes 64 KiB on the disk.
        append(&log, 0, 1, 60_000).await;
        append(&log, 1, 1, 60_000).await;
        clock.advance(Duration::from_secs(1));
    }
    log.commit(&mail(0), floor(50)).await.unwrap();
    log.commit(&mail(1), floor(10)).await.unwrap();
    // A hundred are there and forty may stay: ten of the second partition may go, so all of the first do.
    trim(&log, Trimmed { chunks: 60, records: 0 }).await;
    assert_eq!(log.bounds(&mail(0)).await.unwrap().first, Offset(50));
    assert_eq!(log.bounds(&mail(1)).await.unwrap().first, Offset(10));
    assert_eq!(log.trim().await.unwrap(), Trimmed::default());
}

#[tokio::test]
async fn the_file_does_not_grow_when_retention_gives_back_what_comes_in() {
    let (dir, clock) = (TempDir::new().unwrap(), HandClock::new());
    let log = open(dir.path(), &clock, 4 << 20);
    let mut most = 0;
    for round in 0..40 {
        append(&log, 0, 20, 100_000).await;
        let next = log.bounds(&mail(0)).await.unwrap().next;
        log.commit(&mail(0), floor(next.0)).await.unwrap();
        log.trim().await.unwrap();
        if round == 10 {
            most = disk_bytes(dir.path());
        }
    }
    let now = disk_bytes(dir.path());
    assert!(now <= most + most / 2, "80 MB went through; {most} bytes on the disk early, {now} at the end");
}

fn disk_bytes(dir: &Path) -> u64 {
    dir.join("log.redb").metadata().unwrap().blocks() * 512
}

#[tokio::test]
async fn compaction_keeps_each_live_dead_letter_and_gives_the_rest_back() {
    let (dir, clock) = (TempDir::new().unwrap(), HandClock::new());
    let log = open(dir.path(), &clock, 1);
    let letter = |number: u64| Some(vec![number as u8; 2000]);
    for start in (0..1000).step_by(100) {
        let letters = (start..start + 100).map(|number| keyed(&dead(), &number.to_string(), letter(number)));
        log.append(letters.collect()).await.unwrap();
    }
    // Most are redriven; some die again.
    let again = |number: u64| (number % 10 == 1).then(|| letter(number)).flatten();
    let rest: Vec<_> = (0..1000).filter(|number| number % 10 != 0).collect();
    for some in rest.chunks(100) {
        let records = some.iter().map(|number| keyed(&dead(), &number.to_string(), again(*number)));
        log.append(records.collect()).await.unwrap();
    }
    log.commit(&dead(), floor(1900)).await.unwrap();
    trim(&log, Trimmed { chunks: 0, records: 900 }).await;
    let kept = read_all(&log, &dead()).await.unwrap();
    assert_eq!(kept.len(), 100 + 100 + 800);
    assert_eq!(log.bounds(&dead()).await.unwrap().first, Offset(0));

    // Tombstones go when everybody has had time to see them; dead letters stay whatever their age.
    log.append(vec![keyed(&dead(), "1000", letter(1000))]).await.unwrap();
    clock.advance(1000 * DAY);
    trim(&log, Trimmed { chunks: 0, records: 800 }).await;
    let kept = read_all(&log, &dead()).await.unwrap();
    let mut keys: Vec<u64> = kept
        .iter()
        .map(|kept| std::str::from_utf8(kept.key.as_ref().unwrap()).unwrap().parse().unwrap())
        .collect();
    keys.sort_unstable();
    assert_eq!(keys, (0..=1000).filter(|number| number % 10 < 2).collect::<Vec<_>>());
    assert!(kept.iter().all(|kept| kept.value.as_ref().unwrap().len() == 2000));
    log.close().await;
    let log = EmbeddedLog::open(LogConfig::new(dir.path()), Arc::new(SystemClock)).unwrap();
    assert_eq!(read_all(&log, &dead()).await.unwrap(), kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trimming_while_records_come_and_are_read_disturbs_nobody() {
    let (dir, clock) = (TempDir::new().unwrap(), HandClock::new());
    let log = open(dir.path(), &clock, 64 << 10);
    let writing = tokio::spawn({
        let log = log.clone();
        async move {
            for number in 0..400_u64 {
                log.append(vec![record(&mail(0), number.to_string().repeat(500))]).await.unwrap();
            }
        }
    });
    let mut next = Offset(0);
    while next < Offset(400) {
        log.arrived(&mail(0), next).await;
        for stored in log.read(&mail(0), next, 5000).await.unwrap() {
            assert_eq!(stored.offset, next);
            assert!(super::support::text(&stored).starts_with(&next.to_string()));
            next = next.next();
        }
        log.commit(&mail(0), floor(next.0)).await.unwrap();
        if next.0.is_multiple_of(20) {
            log.trim().await.unwrap();
        }
    }
    writing.await.unwrap();
    log.trim().await.unwrap();
    let kept = read_all(&log, &mail(0)).await.unwrap();
    assert!(!kept.is_empty() && kept.len() < 100);
    assert_eq!(kept.last().unwrap().offset, Offset(399));
}
