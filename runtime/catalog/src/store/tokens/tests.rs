//! Unit tests of `store::tokens`.
#![allow(clippy::unwrap_used)]

use std::fs;

use wasmill_job::{Roles, Scope};

use super::*;

fn store() -> (tempfile::TempDir, ArtifactStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = ArtifactStore::folder(folder.path()).unwrap();
    (folder, store)
}

fn name(text: &str) -> TokenName {
    text.parse().unwrap()
}

fn token(text: &str, secret: &str) -> StoredToken {
    StoredToken {
        name: name(text),
        roles: Roles::ALL,
        scope: Scope::WHOLE,
        hash: TokenHash::of(secret),
        previous: None,
        created_at: UnixMs(1),
        created_by: name("admin"),
        expires_at: None,
    }
}

#[tokio::test]
async fn a_token_is_made_once_rotated_and_revoked() {
    let (_folder, store) = store();
    let app = token("app.1", "wm_1");
    assert_eq!(store.token(&app.name).await.unwrap(), None);
    store.create_token(&app).await.unwrap();
    let again = store.create_token(&token("app.1", "wm_other")).await.unwrap_err();
    assert!(matches!(&again, StoreError::TokenTaken(taken) if *taken == app.name), "{again}");
    assert_eq!(store.token(&app.name).await.unwrap(), Some(app.clone()));

    let rotated = store.rotate_token(&app, TokenHash::of("wm_2"), UnixMs(9)).await.unwrap();
    assert_eq!((rotated.hash, rotated.previous.unwrap().hash), (TokenHash::of("wm_2"), app.hash));
    let late = store.rotate_token(&app, TokenHash::of("wm_9"), UnixMs(9)).await.unwrap_err();
    assert!(matches!(late, StoreError::TokenMoved(_)), "{late}");
    // Only two are ever valid.
    let third = store.rotate_token(&rotated, TokenHash::of("wm_3"), UnixMs(10)).await.unwrap();
    assert_eq!(third.previous.unwrap(), crate::PreviousHash { hash: rotated.hash, until: UnixMs(10) });
    assert_eq!(store.token(&app.name).await.unwrap(), Some(third));
    assert!(store.create_token(&app).await.is_err(), "the name is taken whatever its number");

    assert!(store.revoke_token(&app.name).await.unwrap());
    assert!(!store.revoke_token(&app.name).await.unwrap());
    assert_eq!(store.token(&app.name).await.unwrap(), None);
    let gone = store.rotate_token(&app, app.hash, UnixMs(1)).await.unwrap_err();
    assert!(matches!(gone, StoreError::NoToken(_)), "{gone}");
    store.create_token(&app).await.unwrap();
}

#[tokio::test]
async fn of_two_that_rotate_at_once_at_most_one_does_and_of_two_that_make_one() {
    let (_folder, store) = store();
    let (mine, theirs) = (token("app", "wm_mine"), token("app", "wm_theirs"));
    let made = tokio::join!(store.create_token(&mine), store.create_token(&theirs));
    assert!(made.0.is_ok() != made.1.is_ok(), "{made:?}");
    let name = name("app");
    let (one, other) = (TokenHash::of("wm_one"), TokenHash::of("wm_other"));
    let seen = store.token(&name).await.unwrap().unwrap();
    let rotated =
        tokio::join!(store.rotate_token(&seen, one, UnixMs(1)), store.rotate_token(&seen, other, UnixMs(1)));
    let winner = match &rotated {
        (Ok(winner), Err(StoreError::TokenMoved(_))) | (Err(StoreError::TokenMoved(_)), Ok(winner)) => winner,
        other => panic!("{other:?}"),
    };
    assert_eq!(store.token(&name).await.unwrap().as_ref(), Some(winner));
}

#[tokio::test]
async fn the_last_use_is_noted_and_goes_with_the_token() {
    let (_folder, store) = store();
    store.create_token(&token("app", "wm_1")).await.unwrap();
    store.note_token_use(&name("app"), UnixMs(5)).await.unwrap();
    store.note_token_use(&name("app"), UnixMs(7)).await.unwrap();
    store.note_token_use(&name("configured"), UnixMs(6)).await.unwrap();
    let expected = [(name("app"), UnixMs(7)), (name("configured"), UnixMs(6))];
    assert_eq!(store.token_uses().await.unwrap(), expected.into());
    store.revoke_token(&name("app")).await.unwrap();
    assert_eq!(store.token_uses().await.unwrap().len(), 1);
}

#[tokio::test]
async fn no_file_holds_a_token_and_a_damaged_one_is_named() {
    let (folder, store) = store();
    store.create_token(&token("app", "wm_secret")).await.unwrap();
    let file = folder.path().join("tokens/app@1.json");
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains("wm_") && text.contains(&TokenHash::of("wm_secret").to_string()), "{text}");
    fs::write(&file, &text[..9]).unwrap();
    let error = store.token(&name("app")).await.unwrap_err().to_string();
    assert!(error.starts_with("tokens/app@1.json in the artifact store is damaged"), "{error}");
}
