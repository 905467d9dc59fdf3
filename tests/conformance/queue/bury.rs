//! Burying: dead letters, and what is owed for them.

use wasmill_job::{Attempt, Offset};
use wasmill_queue::{DeadQuery, DebtId, Queue, State};

use super::QueueUnderTest;
use super::world::{World, bury, complete, failure, lane, name, progress};

fn all() -> DeadQuery {
    DeadQuery { max: 100, ..DeadQuery::default() }
}

pub(crate) async fn shows_the_letter_and_owes_it<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    world.run_one(bury()).await;
    let view = world.view(&job).await.unwrap();
    assert_eq!((view.state, view.ended_at), (State::Dead, Some(world.now())));
    assert_eq!(view.last.unwrap().failure, Some(failure()));
    let owed = world.queue.owed(10).await.unwrap();
    assert_eq!(owed.len(), 1);
    let letter = owed[0].letter().unwrap();
    assert_eq!((letter.job.as_ref(), letter.attempts, letter.died_at), (Some(&job), Attempt(1), world.now()));
    assert_eq!((&letter.failure, &letter.origin), (&failure(), &lane().at(Offset(0))));
    assert_eq!(world.queue.dead(all()).await.unwrap().letters, std::slice::from_ref(letter));
    assert_eq!(world.queue.owed(10).await.unwrap().len(), 1, "it stays owed until it is paid");
}

pub(crate) async fn settles_the_offset_when_paid<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 1);
    world.push(jobs.clone()).await;
    world.run_one(bury()).await;
    assert_eq!(world.progress().await, progress(0, &[]));
    let debt = world.queue.owed(10).await.unwrap()[0].id;
    world.queue.paid(vec![debt]).await.unwrap();
    assert_eq!(world.progress().await, progress(1, &[]));
    assert!(world.queue.owed(10).await.unwrap().is_empty());
    assert_eq!(world.state(&jobs[0]).await, Some(State::Dead), "paid, it is still dead");
}

pub(crate) async fn survives_a_restart_unpaid<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    world.push(jobs).await;
    let claims = world.take(3).await;
    world.settle_all(claims.into_iter().zip([complete(), bury(), bury()])).await;
    let before = world.queue.owed(10).await.unwrap();
    world.restart().await;
    let after = world.queue.owed(10).await.unwrap();
    assert_eq!(
        after.iter().map(|debt| debt.id).collect::<Vec<_>>(),
        before.iter().map(|debt| debt.id).collect::<Vec<_>>()
    );
    assert_eq!(after[1].owes, before[1].owes);
    assert_eq!(world.progress().await, progress(1, &[]));
    world.queue.paid(vec![after[1].id]).await.unwrap();
    assert_eq!(world.progress().await, progress(1, &[(2, 3)]));
    assert_eq!(world.queue.owed(1).await.unwrap().len(), 1);
}

pub(crate) async fn pays_what_is_unknown_without_harm<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job]).await;
    world.run_one(bury()).await;
    let debt = world.queue.owed(10).await.unwrap()[0].id;
    world.queue.paid(vec![DebtId(debt.0 + 1_000), debt, debt]).await.unwrap();
    world.queue.paid(vec![debt]).await.unwrap();
    assert_eq!(world.progress().await, progress(1, &[]));
}

pub(crate) async fn owes_at_most_what_was_asked_for<U: QueueUnderTest>(world: &mut World<U>) {
    for partition in [0, 1] {
        world.push_to(partition, "a", 2).await;
    }
    let claims = world.take(4).await;
    world.settle_all(claims.into_iter().map(|claim| (claim, bury()))).await;
    for max in [0, 1, 2, 3] {
        assert_eq!(world.queue.owed(max).await.unwrap().len(), max);
    }
    assert_eq!(world.queue.owed(9).await.unwrap().len(), 4);
}

pub(crate) async fn pages_letters_in_order<U: QueueUnderTest>(world: &mut World<U>) {
    let (a, b) = (world.jobs("a", 5), world.jobs("b", 2));
    world.push(a.clone()).await;
    world.push(b.clone()).await;
    let claims = world.take(10).await;
    world.settle_all(claims.into_iter().map(|claim| (claim, bury()))).await;
    let mut keys: Vec<String> = a.iter().map(|job| job.id.to_string()).collect();
    keys.sort_unstable();
    let mut seen = Vec::new();
    let mut query = DeadQuery { job_type: Some(name("a")), after: None, max: 2 };
    loop {
        let page = world.queue.dead(query.clone()).await.unwrap();
        assert!(page.letters.len() <= 2);
        seen.extend(page.letters.iter().map(|letter| letter.key()));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(seen, keys);
    assert_eq!(world.queue.dead(all()).await.unwrap().letters.len(), 7);
    let none = DeadQuery { job_type: Some(name("unheard-of")), ..all() };
    assert!(world.queue.dead(none).await.unwrap().letters.is_empty());
}
