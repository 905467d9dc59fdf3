//! What every store does.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use wasmill_catalog::{StoreError, follow};
use wasmill_job::{ModuleDigest, ModuleTag, Revision, UnixMs};
use wasmill_tests::DEADLINE;

use crate::world::{World, revision};

/// Runs each story on each kind of store.
macro_rules! on_each {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        mod folder { $( #[tokio::test] async fn $name() { super::$name(super::World::folder().await).await } )+ }
        mod bucket { $( #[tokio::test] async fn $name() { super::$name(super::World::bucket().await).await } )+ }
    };
}

on_each!(
    an_empty_store_has_revision_zero,
    revisions_follow_one_another_and_stay,
    of_many_that_apply_at_once_one_wins,
    a_module_is_named_by_its_bytes,
    a_tag_points_to_one_module_for_ever,
    a_follower_hears_of_what_is_new,
);

async fn an_empty_store_has_revision_zero(world: World) {
    assert_eq!(world.store.latest().await.unwrap().revision, Revision(0));
    assert!(!world.store.has_revision(Revision(1)).await.unwrap());
    assert!(world.store.modules().await.unwrap().is_empty());
    assert!(world.store.tags().await.unwrap().is_empty());
}

async fn revisions_follow_one_another_and_stay(world: World) {
    for number in 1..=11 {
        world.store.create(&revision(number, "made")).await.unwrap();
    }
    assert_eq!(world.store.latest().await.unwrap().revision, Revision(11));
    assert_eq!(world.store.revision(Revision(2)).await.unwrap(), revision(2, "made"));
    assert!(matches!(world.store.revision(Revision(12)).await, Err(StoreError::NoRevision(Revision(12)))));
    assert!(matches!(world.store.create(&revision(13, "made")).await, Err(StoreError::Gap(Revision(13)))));
    // Only the answer was lost: repeating is fine. Another one in its place is not.
    world.store.create(&revision(11, "made")).await.unwrap();
    let taken = world.store.create(&revision(11, "other")).await;
    assert!(matches!(taken, Err(StoreError::Conflict(Revision(11)))), "{taken:?}");
    assert_eq!(world.store.revision(Revision(11)).await.unwrap().message, "made");
}

async fn of_many_that_apply_at_once_one_wins(world: World) {
    for number in 1..=20 {
        let writers: Vec<_> = (0..6).map(|writer| revision(number, &format!("writer {writer}"))).collect();
        let tries = writers.iter().map(|mine| {
            let (store, mine) = (world.store.clone(), mine.clone());
            tokio::spawn(async move { store.create(&mine).await.map(|()| mine) })
        });
        let mut won = Vec::new();
        for answer in tries.collect::<Vec<_>>() {
            match answer.await.unwrap() {
                Ok(mine) => won.push(mine),
                Err(StoreError::Conflict(taken)) => assert_eq!(taken, Revision(number)),
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(won, [world.store.revision(Revision(number)).await.unwrap()]);
    }
}

async fn a_module_is_named_by_its_bytes(world: World) {
    // More than one part of a network buffer, and no text.
    let bytes = Bytes::from((0..3_000_000_u32).map(|at| (at * 7 % 251) as u8).collect::<Vec<_>>());
    let digest = world.store.put_module(bytes.clone()).await.unwrap();
    assert_eq!(digest, ModuleDigest::of(&bytes));
    assert_eq!(world.store.put_module(bytes.clone()).await.unwrap(), digest);
    assert_eq!(world.store.module(digest).await.unwrap(), bytes);
    let [stored] = world.store.modules().await.unwrap()[..] else { panic!("one module is stored") };
    assert_eq!((stored.digest, stored.size_bytes), (digest, 3_000_000));
    assert!(stored.stored_at > UnixMs(1_767_225_600_000), "{stored:?}");
    world.store.remove_module(digest).await.unwrap();
    world.store.remove_module(digest).await.unwrap();
    assert!(matches!(world.store.module(digest).await, Err(StoreError::NoModule(gone)) if gone == digest));
}

async fn a_tag_points_to_one_module_for_ever(world: World) {
    let tag = |text: &str| text.parse::<ModuleTag>().unwrap();
    let first = world.store.put_module(Bytes::from_static(b"one")).await.unwrap();
    let second = world.store.put_module(Bytes::from_static(b"two")).await.unwrap();
    world.store.tag(&tag("hello@1.0.0"), first).await.unwrap();
    world.store.tag(&tag("hello@1.0.0"), first).await.unwrap();
    let moved = world.store.tag(&tag("hello@1.0.0"), second).await;
    assert!(matches!(moved, Err(StoreError::TagTaken { points_to, .. }) if points_to == first));
    world.store.tag(&tag("hello@1.0.1-rc.1"), second).await.unwrap();
    let expected = BTreeMap::from([(tag("hello@1.0.0"), first), (tag("hello@1.0.1-rc.1"), second)]);
    assert_eq!(world.store.tags().await.unwrap(), expected);
    assert_eq!(world.store.resolve(&tag("hello@2.0.0")).await.unwrap(), None);
    let missing = world.store.tag(&tag("hello@3.0.0"), ModuleDigest::of(b"none")).await;
    assert!(matches!(missing, Err(StoreError::NoModule(_))), "{missing:?}");
}

async fn a_follower_hears_of_what_is_new(world: World) {
    world.store.create(&revision(1, "first")).await.unwrap();
    let following = follow(world.store.clone(), Duration::from_millis(50), None).await.unwrap();
    assert_eq!(following.current().revision, Revision(1));
    world.store.create(&revision(2, "second")).await.unwrap();
    let mut receiver = following.receiver();
    let newer = receiver.wait_for(|catalog| catalog.revision == Revision(2));
    assert_eq!(tokio::time::timeout(DEADLINE, newer).await.unwrap().unwrap().message, "second");
}
