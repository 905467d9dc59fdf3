//! What is on the disk: found again, expired, bounded, damaged, in use.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use redb::{Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata};
use wasmill_job::{JobType, UnixMs};

use super::{FILE, HOURS_KEPT, HistoryError, ROWS, Store};
use crate::history::collect::Closed;
use crate::history::hour::TYPES_MAX;
use crate::history::minute::{Minute, MinuteNumber};
use crate::history::row::tests::{ROW_BYTES_MAX, busy, greatest};
use crate::history::steps::{MINUTES_MAX, Span};

fn name(number: usize) -> JobType {
    format!("type-{number:04}").parse().unwrap()
}

fn at(minute: u64) -> UnixMs {
    MinuteNumber(minute).begins()
}

fn open(folder: &Path, minute: u64) -> Store {
    let (store, aside) = Store::open(folder, at(minute)).unwrap();
    assert!(aside.is_none());
    store
}

/// A minute in which each of so many types is busy.
fn closed(minute: u64, types: usize, of: Minute) -> Closed {
    let types: BTreeMap<_, _> = (0..types).map(|number| (name(number), of)).collect();
    Closed { minute: MinuteNumber(minute), mill: of, types }
}

/// The minutes in which a type was recorded, up to a moment.
fn minutes(store: &Store, own: Option<&JobType>, now: u64) -> Vec<u64> {
    let steps = store.steps(own, Span::until(at(now), MINUTES_MAX, MINUTES_MAX)).unwrap();
    steps.iter().map(|step| step.at.0 / 60_000).collect()
}

/// The bytes of all files in a folder.
fn bytes(folder: &Path) -> u64 {
    let of = |entry: fs::DirEntry| {
        let of = entry.metadata().unwrap();
        if of.is_dir() { bytes(&entry.path()) } else { of.len() }
    };
    fs::read_dir(folder).unwrap().map(|entry| of(entry.unwrap())).sum()
}

const BEGIN: u64 = 1_000 * 60;

#[test]
fn a_restart_finds_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("data/history");
    let store = open(&folder, BEGIN);
    store.write(&closed(BEGIN + 3, 2, busy(10))).unwrap();
    let second = Store::open(&folder, at(BEGIN)).err().unwrap();
    assert!(matches!(second, HistoryError::InUse { .. }), "{second}");
    drop(store);
    let store = open(&folder, BEGIN + 3);
    // In the same minute, and one later: the first is one minute still.
    store.write(&closed(BEGIN + 3, 2, busy(10))).unwrap();
    store.write(&closed(BEGIN + 5, 1, busy(10))).unwrap();
    assert_eq!(minutes(&store, None, BEGIN + 5), [BEGIN + 3, BEGIN + 5]);
    let steps = store.steps(Some(&name(1)), Span::until(at(BEGIN + 5), 60, 60)).unwrap();
    let told: Vec<_> = steps.iter().map(|step| (step.flow.completed, step.pending)).collect();
    assert_eq!(told, [(20, 5), (0, 0)], "in the second minute nothing of it was pending");
}

#[test]
fn what_is_older_than_a_week_goes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), BEGIN);
    for hour in 0..200 {
        store.write(&closed(BEGIN + hour * 60 + 1, 3, busy(1))).unwrap();
    }
    let first = prefix_of_first(&store);
    assert_eq!(first, 1_000 + 199 - HOURS_KEPT);
    assert_eq!(rows(&store), (HOURS_KEPT as usize + 1) * 4);
    // Down for a month: at the next start all of it is too old.
    drop(store);
    assert_eq!(rows(&open(folder.path(), BEGIN + 30 * 24 * 60)), 0);
}

fn rows(store: &Store) -> usize {
    let rows = store.db.begin_read().unwrap().open_table(ROWS).unwrap();
    usize::try_from(rows.len().unwrap()).unwrap()
}

fn prefix_of_first(store: &Store) -> u32 {
    let rows = store.db.begin_read().unwrap().open_table(ROWS).unwrap();
    let (key, _) = rows.first().unwrap().unwrap();
    u32::from_be_bytes(key.value()[..4].try_into().unwrap())
}

#[test]
fn a_clock_that_jumps_leaves_no_minute_twice_and_nothing_in_times_to_come() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), BEGIN);
    for minute in [70, 71, 10, 11, 70, 71, 72] {
        store.write(&closed(BEGIN + minute, 1, busy(1))).unwrap();
    }
    let all = [10, 11, 70, 71, 72].map(|minute| BEGIN + minute);
    assert_eq!(minutes(&store, None, BEGIN + 72), all);
    assert_eq!(minutes(&store, Some(&name(0)), BEGIN + 72), all);
    // Three days ahead, and back.
    store.write(&closed(BEGIN + 3 * 24 * 60, 1, busy(1))).unwrap();
    store.write(&closed(BEGIN + 73, 1, busy(1))).unwrap();
    assert_eq!(minutes(&store, None, BEGIN + 4 * 24 * 60).last(), Some(&(BEGIN + 73)));
}

#[test]
fn what_is_damaged_is_set_aside_once() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("history");
    for round in 1..=2_u64 {
        let store = open(&folder, BEGIN);
        store.write(&closed(BEGIN, 1, busy(1))).unwrap();
        drop(store);
        fs::write(folder.join(FILE), b"what is this").unwrap();
        let (store, aside) = Store::open(&folder, at(BEGIN + round)).unwrap();
        let aside = aside.unwrap();
        assert!(aside.to.is_dir() && aside.reason.contains("is damaged"), "{}", aside.reason);
        assert!(minutes(&store, None, BEGIN).is_empty());
        store.write(&closed(BEGIN + 1, 1, busy(1))).unwrap();
    }
    let kept = fs::read_dir(above.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains("damaged"));
    assert_eq!(kept.count(), 1);
}

#[test]
fn a_folder_that_cannot_be_is_an_error() {
    let above = tempfile::tempdir().unwrap();
    fs::write(above.path().join("file"), b"").unwrap();
    let error = Store::open(&above.path().join("file/history"), at(0)).err().unwrap();
    assert!(matches!(error, HistoryError::Folder { .. }), "{error}");
}

/// What the README states for [`TYPES_MAX`] types, for as many as a test has time for: rows of their greatest size, a name of the
/// greatest length, and what the engine takes besides.
fn bytes_max(types: usize) -> u64 {
    const KEY_BYTES_MAX: usize = 5 + 128;
    const ENGINE: u64 = 4;
    const BEGUN: u64 = 8 << 20;
    let rows = (types as u64 + 1) * u64::from(HOURS_KEPT + 1);
    rows * (ROW_BYTES_MAX + KEY_BYTES_MAX) as u64 * ENGINE + BEGUN
}

#[test]
fn two_weeks_stay_below_the_bound() {
    assert!(bytes_max(TYPES_MAX) < 1_750_000_000, "{}", bytes_max(TYPES_MAX));
    const TYPES: usize = 12;
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), BEGIN);
    let of = greatest();
    for minute in 0..2 * MINUTES_MAX {
        // On the disk each hour: an fsync for each of 20,160 minutes is what takes time, and not what takes room.
        let durability = if minute % 60 == 59 { Durability::Immediate } else { Durability::None };
        store.record(&closed(BEGIN + minute, TYPES, of), durability).unwrap();
    }
    let (taken, max) = (bytes(folder.path()), bytes_max(TYPES));
    assert_eq!(rows(&store), (HOURS_KEPT as usize + 1) * (TYPES + 1));
    assert!(taken < max, "{taken} of {max}");
}
