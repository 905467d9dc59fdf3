//! Unit tests of `embedded`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use tempfile::TempDir;

use super::store::{Store, StoreError};
use crate::record::{Key, Serial, TypeNo, Write};

const CACHE: u64 = 8 << 20;

fn open(dir: &Path) -> Store {
    let mut store = Store::open(dir, CACHE).unwrap();
    scanned(&mut store);
    store
}

fn scanned(store: &mut Store) -> Vec<(Key, Vec<u8>)> {
    let mut found = Vec::new();
    store
        .scan(|key, value| {
            found.push((key, value.to_vec()));
            Ok(())
        })
        .unwrap();
    found
}

fn chunk(number: u64) -> Key {
    Key::Chunk(Serial(number))
}

fn value(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7 % 251) as u8).collect()
}

#[test]
fn values_of_all_sizes_come_back() {
    let dir = TempDir::new().unwrap();
    let sizes = [0, 1, 16 << 10, (16 << 10) + 1, 500_000, 3 << 20];
    let mut store = open(dir.path());
    for (number, size) in (1..).zip(sizes) {
        store.apply(vec![Write::Put(chunk(number), value(size))]).unwrap();
        assert_eq!(store.expect(&chunk(number)).unwrap(), value(size), "from the buffer");
    }
    store.write_out().unwrap();
    for (number, size) in (1..).zip(sizes) {
        assert_eq!(store.expect(&chunk(number)).unwrap(), value(size), "from the engine");
    }
    drop(store);
    let expected: Vec<_> = (1..).zip(sizes).map(|(number, size)| (chunk(number), value(size))).collect();
    assert_eq!(scanned(&mut open(dir.path())), expected);
}

#[test]
fn a_large_value_leaves_no_pieces_behind() {
    let dir = TempDir::new().unwrap();
    let mut store = open(dir.path());
    for size in [100_000, 40_000, 10, 70_000] {
        store.apply(vec![Write::Put(chunk(1), value(size))]).unwrap();
        assert_eq!(scanned(&mut store), [(chunk(1), value(size))]);
    }
    drop(store);
    let mut store = open(dir.path());
    store.apply(vec![Write::Delete(chunk(1))]).unwrap();
    assert_eq!(scanned(&mut store), []);
}

#[test]
fn what_is_deleted_in_time_never_reaches_the_engine() {
    let dir = TempDir::new().unwrap();
    let mut store = open(dir.path());
    store.apply(vec![Write::Put(chunk(5), value(10)), Write::Put(Key::Type(TypeNo(0)), value(3))]).unwrap();
    store.apply(vec![Write::Delete(chunk(5))]).unwrap();
    assert_eq!(store.get(&chunk(5)).unwrap(), None);
    assert_eq!(scanned(&mut store), [(Key::Type(TypeNo(0)), value(3))]);
    // Once it is there, a deletion has to go there too.
    store.apply(vec![Write::Put(chunk(6), value(10))]).unwrap();
    store.write_out().unwrap();
    store.apply(vec![Write::Delete(chunk(6)), Write::Delete(Key::Type(TypeNo(0)))]).unwrap();
    assert_eq!(store.get(&chunk(6)).unwrap(), None);
    drop(store);
    assert_eq!(scanned(&mut open(dir.path())), []);
}

#[test]
fn values_under_a_wrong_key_are_noticed() {
    let dir = TempDir::new().unwrap();
    let mut store = open(dir.path());
    store.apply(vec![Write::Put(chunk(1), value(10))]).unwrap();
    drop(store);
    // The engine lets go of its lock a moment after it is dropped.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let db = loop {
        match sled::Config::default().path(dir.path()).segment_size(2 << 20).open() {
            Ok(db) => break db,
            Err(error) => assert!(std::time::Instant::now() < deadline, "{error}"),
        }
    };
    let (key, sealed) = db.iter().next().unwrap().unwrap();
    db.remove(&key).unwrap();
    db.insert(chunk(2).to_bytes(), sealed).unwrap();
    drop(db);
    let store = Store::open(dir.path(), CACHE).unwrap();
    assert!(matches!(store.get(&chunk(2)), Err(StoreError::Damaged(_))));
}
