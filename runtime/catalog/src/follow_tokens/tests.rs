//! Unit tests of `follow_tokens`.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;

use wasmill_job::{Roles, Scope, TokenHash, UnixMs};

use super::*;

/// A store in a folder, and what a follower of it keeps and hands on.
struct Scene {
    folder: tempfile::TempDir,
    store: ArtifactStore,
    taken: Arc<Mutex<Vec<StoredToken>>>,
}

/// Longer than any of these takes; a hang becomes a failure.
const DEADLINE: Duration = Duration::from_secs(30);
/// Asks often enough for a test, so that no test waits for a second.
const OFTEN: Duration = Duration::from_millis(5);

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = ArtifactStore::folder(&folder.path().join("artifacts")).unwrap();
        Self { folder, store, taken: Arc::default() }
    }

    fn last(&self) -> LastTokens {
        LastTokens::at(self.folder.path().join("tokens.last"))
    }

    async fn follow(&self) -> FollowingTokens {
        let taken = Arc::clone(&self.taken);
        let take = move |tokens: &[StoredToken]| *taken.lock().unwrap() = tokens.to_vec();
        follow_tokens(self.store.clone(), OFTEN, Some(self.last()), take).await
    }

    async fn create(&self, name: &str) -> StoredToken {
        let token = StoredToken {
            name: name.parse().unwrap(),
            roles: Roles::ALL,
            scope: Scope::WHOLE,
            hash: TokenHash::of(name),
            previous: None,
            created_at: UnixMs(1),
            created_by: "admin".parse().unwrap(),
            expires_at: None,
        };
        self.store.create_token(&token).await.unwrap();
        token
    }
}

async fn reaches(following: &FollowingTokens, expected: &[StoredToken]) {
    assert!(following.reaches(DEADLINE, |tokens| **tokens == *expected).await, "{:?}", following.current());
}

#[tokio::test]
async fn what_is_made_rotated_and_revoked_is_taken_up_and_handed_on_first() {
    let scene = Scene::new();
    let following = scene.follow().await;
    assert!(following.current().is_empty());
    let (b, a) = (scene.create("b").await, scene.create("a").await);
    reaches(&following, &[a.clone(), b.clone()]).await;
    assert_eq!(*scene.taken.lock().unwrap(), [a.clone(), b.clone()]);
    let rotated = scene.store.rotate_token(&a, TokenHash::of("new"), UnixMs(9)).await.unwrap();
    reaches(&following, &[rotated, b.clone()]).await;
    scene.store.revoke_token(&a.name).await.unwrap();
    reaches(&following, std::slice::from_ref(&b)).await;
    // Made again under the same name and number.
    scene.store.revoke_token(&b.name).await.unwrap();
    let again = StoredToken { hash: TokenHash::of("again"), ..b };
    scene.store.create_token(&again).await.unwrap();
    reaches(&following, std::slice::from_ref(&again)).await;
    scene.store.revoke_token(&again.name).await.unwrap();
    reaches(&following, &[]).await;
    assert!(scene.taken.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_store_that_is_away_or_emptied_leaves_the_last_ones_also_to_a_process_that_starts() {
    let scene = Scene::new();
    let app = scene.create("app").await;
    let following = scene.follow().await;
    let known = std::slice::from_ref(&app);
    assert_eq!(*following.current(), *known);
    let (artifacts, away) = (scene.folder.path().join("artifacts"), scene.folder.path().join("away"));
    fs::rename(&artifacts, &away).unwrap();
    let mut follower = Follower {
        store: scene.store.clone(),
        last: None,
        read: BTreeMap::new(),
        good: following.current(),
        trouble: None,
    };
    for make in [
        |path: &std::path::Path| fs::create_dir_all(path.join("tokens")),
        |path: &std::path::Path| fs::create_dir_all(path).and_then(|()| fs::write(path.join("tokens"), b"")),
    ] {
        make(&artifacts).unwrap();
        assert!(!follower.advance().await);
        assert!(follower.trouble.take().is_some());
        assert_eq!(*follower.good, *known);
        assert_eq!(*scene.follow().await.current(), *known);
        fs::remove_dir_all(&artifacts).unwrap();
    }
    fs::rename(&away, &artifacts).unwrap();
    scene.store.revoke_token(&app.name).await.unwrap();
    reaches(&following, &[]).await;
    assert_eq!(scene.last().read(), Some(Vec::new()));
}

#[tokio::test]
async fn a_damaged_token_is_refused_and_the_others_are_not() {
    let scene = Scene::new();
    let (bad, good) = (scene.create("bad").await, scene.create("good").await);
    let following = scene.follow().await;
    reaches(&following, &[bad, good.clone()]).await;
    fs::write(scene.folder.path().join("artifacts/tokens/bad@1.json"), b"{\"v\":1").unwrap();
    reaches(&following, &[good]).await;
}

#[tokio::test]
async fn what_is_kept_is_for_its_owner_alone() {
    let scene = Scene::new();
    scene.create("app").await;
    drop(scene.follow().await);
    let file = scene.folder.path().join("tokens.last");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(scene.last().read().unwrap().len(), 1);
    fs::write(&file, b"{").unwrap();
    assert_eq!(scene.last().read(), None);
}
