//! Unit tests of `store`.

#![allow(clippy::unwrap_used)]
use std::fs;

use bytes::Bytes;
use wasmill_job::{ModuleDigest, ModuleTag, Revision, UnixMs};

use super::*;
use crate::Catalog;

fn store() -> (tempfile::TempDir, ArtifactStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = ArtifactStore::folder(&folder.path().join("deep/artifacts")).unwrap();
    (folder, store)
}

fn file(folder: &tempfile::TempDir, name: &str) -> std::path::PathBuf {
    folder.path().join("deep/artifacts").join(name)
}

fn revision(number: u64, message: &str) -> Catalog {
    Catalog {
        revision: Revision(number),
        created_at: UnixMs(7),
        message: message.into(),
        ..Catalog::default()
    }
}

fn tag(text: &str) -> ModuleTag {
    text.parse().unwrap()
}

#[tokio::test]
async fn an_empty_store_has_revision_zero() {
    let (_folder, store) = store();
    assert_eq!(store.latest().await.unwrap(), Catalog::default());
    assert!(store.modules().await.unwrap().is_empty() && store.tags().await.unwrap().is_empty());
}

#[tokio::test]
async fn revisions_are_kept_and_the_newest_is_found() {
    let (_folder, store) = store();
    for number in 1..=11 {
        store.create(&revision(number, "made")).await.unwrap();
    }
    assert_eq!(store.latest().await.unwrap().revision, Revision(11));
    assert_eq!(store.revision(Revision(2)).await.unwrap(), revision(2, "made"));
    assert!(matches!(store.revision(Revision(12)).await, Err(StoreError::NoRevision(Revision(12)))));
}

#[tokio::test]
async fn of_two_that_apply_at_once_one_wins() {
    let (_folder, store) = store();
    let (mine, theirs) = (revision(1, "mine"), revision(1, "theirs"));
    let answers = tokio::join!(store.create(&mine), store.create(&theirs));
    let lost = match answers {
        (Ok(()), Err(lost)) | (Err(lost), Ok(())) => lost,
        other => panic!("{other:?}"),
    };
    assert!(matches!(lost, StoreError::Conflict(Revision(1))));
    assert!(lost.to_string().contains("repeat the apply"), "{lost}");
    let winner = store.latest().await.unwrap();
    // Repeating what was stored is fine: only the answer had been lost.
    store.create(&winner).await.unwrap();
}

#[tokio::test]
async fn revisions_leave_no_gap() {
    let (_folder, store) = store();
    for number in [0, 2] {
        let error = store.create(&revision(number, "made")).await.unwrap_err();
        assert!(matches!(error, StoreError::Gap(_)), "{error}");
        assert!(!error.to_string().is_empty());
    }
}

#[tokio::test]
async fn a_damaged_revision_is_refused_by_name() {
    let (folder, store) = store();
    store.create(&revision(1, "made")).await.unwrap();
    let path = file(&folder, "catalog/revisions/00000001.json");
    let half = fs::read(&path).unwrap();
    fs::write(&path, &half[..half.len() / 2]).unwrap();
    let error = store.latest().await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Damaged { file, .. } if file == "catalog/revisions/00000001.json"),
        "{error}"
    );
}

#[tokio::test]
async fn a_module_is_named_by_its_bytes() {
    let (_folder, store) = store();
    let bytes = Bytes::from_static(b"\0asm");
    let digest = store.put_module(bytes.clone()).await.unwrap();
    assert_eq!(digest, ModuleDigest::of(&bytes));
    assert_eq!(store.put_module(bytes.clone()).await.unwrap(), digest);
    assert_eq!(store.module(digest).await.unwrap(), bytes);
    let [stored] = store.modules().await.unwrap()[..] else { panic!("one module is stored") };
    assert_eq!((stored.digest, stored.size_bytes), (digest, 4));
    assert!(stored.stored_at > UnixMs(1_767_225_600_000), "{stored:?}");
    let missing = ModuleDigest::of(b"");
    assert!(matches!(store.module(missing).await, Err(StoreError::NoModule(digest)) if digest == missing));
}

#[tokio::test]
async fn a_damaged_module_is_refused_by_name_and_healed_by_a_deploy() {
    let (folder, store) = store();
    let bytes = Bytes::from_static(b"\0asm");
    let digest = store.put_module(bytes.clone()).await.unwrap();
    let name = format!("modules/{digest}.wasm");
    fs::write(file(&folder, &name), b"\0asn").unwrap();
    let error = store.module(digest).await.unwrap_err();
    assert!(matches!(&error, StoreError::Damaged { file, .. } if *file == name), "{error}");
    store.put_module(bytes.clone()).await.unwrap();
    assert_eq!(store.module(digest).await.unwrap(), bytes);
}

#[tokio::test]
async fn a_tag_points_to_one_module_for_ever() {
    let (_folder, store) = store();
    let first = store.put_module(Bytes::from_static(b"one")).await.unwrap();
    let second = store.put_module(Bytes::from_static(b"two")).await.unwrap();
    store.tag(&tag("hello@1.0.0"), first).await.unwrap();
    store.tag(&tag("hello@1.0.0"), first).await.unwrap();
    let error = store.tag(&tag("hello@1.0.0"), second).await.unwrap_err().to_string();
    assert!(error.contains(&first.to_string()) && error.contains(&second.to_string()), "{error}");
    store.tag(&tag("hello@1.0.1"), second).await.unwrap();
    let expected = [(tag("hello@1.0.0"), first), (tag("hello@1.0.1"), second)];
    assert_eq!(store.tags().await.unwrap(), expected.into());
    assert_eq!(store.resolve(&tag("hello@2.0.0")).await.unwrap(), None);
}

#[tokio::test]
async fn a_module_that_was_removed_comes_back_under_its_tag() {
    let (_folder, store) = store();
    let digest = store.put_module(Bytes::from_static(b"one")).await.unwrap();
    store.tag(&tag("hello@1.0.0"), digest).await.unwrap();
    store.remove_module(digest).await.unwrap();
    store.remove_module(digest).await.unwrap();
    assert!(matches!(store.module(digest).await, Err(StoreError::NoModule(_))));
    assert_eq!(store.resolve(&tag("hello@1.0.0")).await.unwrap(), Some(digest));
    store.put_module(Bytes::from_static(b"one")).await.unwrap();
    store.module(digest).await.unwrap();
}

#[tokio::test]
async fn a_tag_needs_its_module() {
    let (_folder, store) = store();
    let error = store.tag(&tag("hello@1.0.0"), ModuleDigest::of(b"")).await.unwrap_err();
    assert!(matches!(error, StoreError::NoModule(_)), "{error}");
}

#[tokio::test]
async fn a_damaged_tag_is_refused_by_name() {
    let (folder, store) = store();
    let digest = store.put_module(Bytes::from_static(b"one")).await.unwrap();
    store.tag(&tag("hello@1.0.0"), digest).await.unwrap();
    fs::write(file(&folder, "tags/hello@1.0.0.json"), b"").unwrap();
    let error = store.tags().await.unwrap_err().to_string();
    assert!(error.starts_with("tags/hello@1.0.0.json in the artifact store is damaged"), "{error}");
}

#[tokio::test]
async fn what_a_crash_leaves_half_written_is_not_seen() {
    let (folder, store) = store();
    store.create(&revision(1, "made")).await.unwrap();
    // `object_store` writes beside the name, with a number, and links it into place when it is whole.
    fs::write(file(&folder, "catalog/revisions/00000002.json#1"), b"half").unwrap();
    assert_eq!(store.latest_number().await.unwrap(), Revision(1));
    store.create(&revision(2, "made")).await.unwrap();
    assert_eq!(store.latest().await.unwrap().revision, Revision(2));
}

#[test]
fn a_store_that_cannot_be_opened_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, b"").unwrap();
    let error = ArtifactStore::folder(&path.join("artifacts")).unwrap_err().to_string();
    assert!(error.contains("file/artifacts"), "{error}");
}
