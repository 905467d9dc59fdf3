//! Unit tests of `follow`.

#![allow(clippy::unwrap_used)]
use std::fs;
use std::path::PathBuf;

use wasmill_job::UnixMs;

use super::*;

/// A store in a folder, and the follower of it under test.
struct Scene {
    folder: tempfile::TempDir,
    store: ArtifactStore,
}

/// Longer than any of these takes; a hang becomes a failure.
const DEADLINE: Duration = Duration::from_secs(30);

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = ArtifactStore::folder(folder.path()).unwrap();
        Self { folder, store }
    }

    async fn apply(&self, number: u64) {
        let catalog = Catalog { revision: Revision(number), created_at: UnixMs(1), ..Catalog::default() };
        self.store.create(&catalog).await.unwrap();
    }

    fn file(&self, number: u64) -> PathBuf {
        self.folder.path().join(format!("catalog/revisions/{number:08}.json"))
    }

    fn damage(&self, number: u64) {
        fs::write(self.file(number), b"{\"v\":1").unwrap();
    }

    async fn follow(&self, every: Duration) -> Following {
        follow(self.store.clone(), every, None).await.unwrap()
    }
}

async fn reaches(following: &Following, number: u64) {
    let mut receiver = following.receiver();
    let reached = receiver.wait_for(|catalog| catalog.revision == Revision(number));
    tokio::time::timeout(DEADLINE, reached).await.unwrap().unwrap();
}

/// Asks often enough for a test, so that no test waits for a second.
const OFTEN: Duration = Duration::from_millis(5);
/// Never asks by itself within a test.
const NEVER: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_new_revision_is_taken_up() {
    let scene = Scene::new();
    let following = scene.follow(OFTEN).await;
    assert_eq!(following.current().revision, Revision(0));
    scene.apply(1).await;
    reaches(&following, 1).await;
    scene.apply(2).await;
    scene.apply(3).await;
    reaches(&following, 3).await;
}

#[tokio::test]
async fn the_process_that_applies_need_not_wait() {
    let scene = Scene::new();
    scene.apply(1).await;
    let following = scene.follow(NEVER).await;
    assert_eq!(following.current().revision, Revision(1));
    scene.apply(2).await;
    following.notify();
    reaches(&following, 2).await;
}

#[tokio::test]
async fn a_damaged_revision_leaves_the_last_good_one() {
    let scene = Scene::new();
    scene.apply(1).await;
    let mut follower = Follower::start(scene.store.clone(), None).await.unwrap();
    scene.apply(2).await;
    let whole = fs::read(scene.file(2)).unwrap();
    scene.damage(2);
    assert!(!follower.advance().await);
    assert_eq!(follower.good.revision, Revision(1));
    assert!(follower.trouble.as_ref().unwrap().starts_with("catalog/revisions/00000002.json"));
    fs::write(scene.file(2), whole).unwrap();
    assert!(follower.advance().await);
    assert_eq!((follower.good.revision, follower.trouble), (Revision(2), None));
}

#[tokio::test]
async fn a_good_revision_after_a_damaged_one_is_taken_up() {
    let scene = Scene::new();
    scene.apply(1).await;
    scene.apply(2).await;
    scene.damage(2);
    let mut follower = Follower::start(scene.store.clone(), None).await.unwrap();
    assert_eq!((follower.good.revision, follower.seen), (Revision(1), Revision(2)));
    scene.apply(3).await;
    assert!(follower.advance().await);
    assert_eq!(follower.good.revision, Revision(3));
}

#[tokio::test]
async fn a_damaged_revision_that_was_moved_away_frees_its_number() {
    let scene = Scene::new();
    scene.apply(1).await;
    let mut follower = Follower::start(scene.store.clone(), None).await.unwrap();
    scene.apply(2).await;
    scene.damage(2);
    assert!(!follower.advance().await);
    fs::remove_file(scene.file(2)).unwrap();
    assert!(!follower.advance().await);
    assert_eq!((follower.seen, follower.trouble.as_ref()), (Revision(1), None));
    scene.apply(2).await;
    assert!(follower.advance().await);
    assert_eq!(follower.good.revision, Revision(2));
}

#[tokio::test]
async fn a_store_that_is_away_leaves_the_last_good_one() {
    let scene = Scene::new();
    scene.apply(1).await;
    let mut follower = Follower::start(scene.store.clone(), None).await.unwrap();
    // A file where the folder was: looking for a revision in it is an error, not an absence.
    let (away, place) = (scene.folder.path().join("away"), scene.folder.path().join("catalog"));
    fs::rename(&place, &away).unwrap();
    fs::write(&place, b"").unwrap();
    assert!(!follower.advance().await);
    assert_eq!(follower.good.revision, Revision(1));
    assert!(follower.trouble.is_some());
    fs::remove_file(&place).unwrap();
    fs::rename(&away, &place).unwrap();
    scene.apply(2).await;
    assert!(follower.advance().await);
    assert_eq!((follower.good.revision, follower.trouble), (Revision(2), None));
}

#[tokio::test]
async fn a_process_does_not_begin_without_a_readable_revision() {
    let scene = Scene::new();
    scene.apply(1).await;
    scene.damage(1);
    let error = follow(scene.store.clone(), NEVER, None).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn the_following_ends_with_its_last_user() {
    let scene = Scene::new();
    let following = scene.follow(NEVER).await;
    let nudge = Arc::downgrade(&following.nudge);
    drop(following);
    let gone = async {
        while nudge.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, gone).await.unwrap();
}

#[tokio::test]
async fn a_process_starts_from_what_it_kept_when_the_store_has_lost_it() {
    let scene = Scene::new();
    let own = tempfile::tempdir().unwrap();
    let last = LastGood::at(own.path().join("catalog.last"));
    let start = || follow(scene.store.clone(), OFTEN, Some(last.clone()));
    scene.apply(1).await;
    scene.apply(2).await;
    assert_eq!(start().await.unwrap().current().revision, Revision(2));
    // Emptied, and put back as it was once: neither is newer than what is known.
    fs::rename(scene.file(1), own.path().join("1")).unwrap();
    fs::rename(scene.file(2), own.path().join("2")).unwrap();
    assert_eq!(start().await.unwrap().current().revision, Revision(2));
    fs::rename(own.path().join("1"), scene.file(1)).unwrap();
    let following = start().await.unwrap();
    assert_eq!(following.current().revision, Revision(2));
    fs::rename(own.path().join("2"), scene.file(2)).unwrap();
    scene.apply(3).await;
    reaches(&following, 3).await;
    assert_eq!(last.read().unwrap().revision, Revision(3));
}

#[tokio::test]
async fn a_process_starts_from_what_it_kept_when_the_store_cannot_be_read() {
    let scene = Scene::new();
    let own = tempfile::tempdir().unwrap();
    let last = LastGood::at(own.path().join("catalog.last"));
    scene.apply(1).await;
    drop(follow(scene.store.clone(), NEVER, Some(last.clone())).await.unwrap());
    fs::remove_file(scene.file(1)).unwrap();
    scene.apply(1).await;
    scene.damage(1);
    let following = follow(scene.store.clone(), NEVER, Some(last)).await.unwrap();
    assert_eq!(following.current().revision, Revision(1));
}
