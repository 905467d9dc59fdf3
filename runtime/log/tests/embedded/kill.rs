//! kill -9 in the middle of appends: what was acknowledged is there afterwards; and no second process gets in.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::support::{child, child_dir, mail, open, read_all, record, text};
use tempfile::TempDir;
use wasmill_job::Position;
use wasmill_log::{Log, OpenError};

const PARTITIONS: u32 = 3;

/// The child: appends for ever from several tasks, and says on standard output what was acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn append_until_killed() {
    let Some(dir) = child_dir() else { return };
    let log = open(&dir).unwrap();
    println!("ready");
    let appenders = (0..8).map(|appender: u32| {
        let log = log.clone();
        tokio::spawn(async move {
            for batch in 0_u32.. {
                let texts: Vec<_> =
                    (0..1 + batch % 7).map(|part| format!("{appender}/{batch}/{part}")).collect();
                let records = texts.iter().map(|text| record(&mail(appender % PARTITIONS), text.clone()));
                let positions = log.append(records.collect()).await.unwrap();
                let acknowledged = positions.iter().zip(&texts);
                let lines: Vec<_> = acknowledged
                    .map(|(at, text)| format!("{} {} {text}\n", at.partition, at.offset))
                    .collect();
                print!("{}", lines.concat());
            }
        })
    });
    for appender in appenders.collect::<Vec<_>>() {
        appender.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_acknowledged_survives_kill_9() {
    let dir = TempDir::new().unwrap();
    let mut acknowledged: BTreeMap<Position, String> = BTreeMap::new();
    for round in 0..12_usize {
        let mut child =
            child("kill::append_until_killed", dir.path()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut before_the_kill = 1 + round * 397 % 1500;
        for line in lines {
            // The last line may be torn by the kill.
            if let Some((position, text)) = line.ok().and_then(|line| parse(&line)) {
                assert!(acknowledged.insert(position, text).is_none(), "a position was given twice");
                before_the_kill = before_the_kill.saturating_sub(1);
            }
            if before_the_kill == 0 {
                // Goes on reading: what was acknowledged until the kill is in the pipe.
                before_the_kill = usize::MAX;
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        let log = open(dir.path()).unwrap();
        let mut found = BTreeMap::new();
        for partition in 0..PARTITIONS {
            for stored in read_all(&log, &mail(partition)).await.unwrap() {
                found.insert(mail(partition).at(stored.offset), text(&stored).to_owned());
            }
        }
        for (position, text) in &acknowledged {
            assert_eq!(
                found.get(position),
                Some(text),
                "{position} was acknowledged in round {round} or before"
            );
        }
        log.close().await;
    }
    assert!(acknowledged.len() > 5000);
}

fn parse(line: &str) -> Option<(Position, String)> {
    let mut words = line.split(' ');
    let (partition, offset, text) = (words.next()?, words.next()?, words.next()?);
    let whole = text.split('/').count() == 3 && !text.ends_with('/');
    let of = mail(partition.parse().ok()?);
    whole.then_some((of.at(wasmill_job::Offset(offset.parse().ok()?)), text.to_owned()))
}

#[test]
fn a_second_process_is_told_who_the_first_is() {
    let dir = TempDir::new().unwrap();
    let mut child = child("kill::append_until_killed", dir.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("ready")));
    let refused = open(dir.path()).unwrap_err();
    let message = refused.to_string();
    let OpenError::InUse { dir: named, pid } = refused else { panic!("{refused}") };
    assert_eq!(named, dir.path());
    assert_eq!(pid, Some(child.id()));
    assert!(message.contains(&format!("process {}", child.id())));
    child.kill().unwrap();
    child.wait().unwrap();
    open(dir.path()).unwrap();
}
