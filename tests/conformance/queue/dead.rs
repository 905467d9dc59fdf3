//! Dead letters as they come back from the log, redrives and purges.

use std::sync::Arc;

use bytes::Bytes;
use wasmill_job::{Attempt, DeadLetter, Job, Offset, Partition, Progress, Topic, TopicPartition};
use wasmill_queue::{DeadQuery, Entry, Queue, State};

use super::QueueUnderTest;
use super::world::{World, bury, failure, ids, lane, name};

fn dead_lane() -> TopicPartition {
    TopicPartition::new(Topic::dead(), Partition(0))
}

async fn begin<U: QueueUnderTest>(world: &World<U>) {
    world.queue.resume(&dead_lane(), &Progress::default()).await.unwrap();
}

fn letter<U: QueueUnderTest>(world: &World<U>, job: &Job) -> Arc<DeadLetter> {
    Arc::new(DeadLetter {
        job: Some(job.clone()),
        raw: None,
        failure: failure(),
        attempts: Attempt(3),
        died_at: world.now(),
        origin: lane().at(Offset(500)),
    })
}

async fn push_dead<U: QueueUnderTest>(world: &mut World<U>, letter: Arc<DeadLetter>) {
    world.push_records(&dead_lane(), [|offset| Some(Entry::Dead { offset, letter })]).await;
}

async fn push_undead<U: QueueUnderTest>(world: &mut World<U>, key: String) {
    world.push_records(&dead_lane(), [|offset| Some(Entry::Undead { offset, key })]).await;
}

async fn shown<U: QueueUnderTest>(world: &World<U>) -> Vec<Arc<DeadLetter>> {
    world.queue.dead(DeadQuery { max: 100, ..DeadQuery::default() }).await.unwrap().letters
}

pub(crate) async fn letters_come_from_the_log<U: QueueUnderTest>(world: &mut World<U>) {
    begin(world).await;
    let job = world.job("a");
    let letter = letter(world, &job);
    push_dead(world, letter.clone()).await;
    world.restart().await;
    assert_eq!(shown(world).await, [letter]);
    let view = world.view(&job).await.unwrap();
    assert_eq!((view.state, view.attempts), (State::Dead, Attempt(3)));
    assert_eq!(world.counts("a").await.dead, 1);
    assert!(world.queue.owed(10).await.unwrap().is_empty());
    assert_eq!(world.queue.progress(&dead_lane()).await.unwrap().floor, Offset(1));
}

pub(crate) async fn letters_of_live_jobs_are_not_shown<U: QueueUnderTest>(world: &mut World<U>) {
    begin(world).await;
    let job = world.job("a");
    world.push([job.clone()]).await;
    let letter = letter(world, &job);
    push_dead(world, letter).await;
    assert!(shown(world).await.is_empty());
    assert_eq!(world.state(&job).await, Some(State::Pending));
}

pub(crate) async fn letters_go_when_they_are_redriven_or_purged<U: QueueUnderTest>(world: &mut World<U>) {
    begin(world).await;
    let job = world.job("a");
    let letter = letter(world, &job);
    push_dead(world, letter.clone()).await;
    push_undead(world, letter.record_key()).await;
    push_undead(world, "never heard of".into()).await;
    assert!(shown(world).await.is_empty());
    assert_eq!(world.state(&job).await, None);
    assert_eq!(world.counts("a").await.dead, 0);
}

pub(crate) async fn letters_that_are_owed_do_not_go<U: QueueUnderTest>(world: &mut World<U>) {
    begin(world).await;
    let job = world.job("a");
    world.push([job.clone()]).await;
    world.run_one(bury()).await;
    push_undead(world, job.id.to_string()).await;
    assert_eq!(
        world.state(&job).await,
        Some(State::Dead),
        "the log cannot mean a letter that it does not have"
    );
    let owed = world.queue.owed(10).await.unwrap().remove(0);
    push_dead(world, owed.letter().unwrap().clone()).await;
    assert_eq!(world.queue.owed(10).await.unwrap().len(), 1, "reading it back does not pay for it");
    world.queue.paid(vec![owed.id]).await.unwrap();
    push_undead(world, job.id.to_string()).await;
    assert_eq!(world.state(&job).await, None);
}

pub(crate) async fn a_redrive_brings_the_job_back<U: QueueUnderTest>(world: &mut World<U>) {
    begin(world).await;
    let job = world.job("a");
    world.push([job.clone()]).await;
    world.run_one(bury()).await;
    let again = Job { redrives: 1, ..job.clone() };
    assert_eq!(world.push([again.clone()]).await, []);
    let view = world.view(&job).await.unwrap();
    assert_eq!((view.state, view.attempts), (State::Pending, Attempt(0)));
    assert!(shown(world).await.is_empty());
    assert!(world.queue.owed(10).await.unwrap().is_empty(), "the redrive stands in the log instead");
    assert_eq!(world.push([again.clone()]).await.len(), 1, "the redrive itself may come twice");
    assert_eq!(world.complete_all().await, std::slice::from_ref(&again));
    assert_eq!(world.push([again]).await.len(), 1, "also when it is done");
    let stale = letter(world, &job);
    push_dead(world, stale).await;
    assert_eq!(world.state(&job).await, Some(State::Completed), "the letter is from before the redrive");
    assert_eq!(world.progress().await.floor, Offset(4));
}

pub(crate) async fn a_repeat_of_a_dead_job_is_a_duplicate<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.keyed("a", "once");
    world.push([job.clone()]).await;
    world.run_one(bury()).await;
    assert_eq!(world.push([job.clone()]).await, [lane().at(Offset(1))]);
    assert_eq!(world.state(&job).await, Some(State::Dead));
    let again = Job { redrives: 1, ..job.clone() };
    world.push([again]).await;
    world.run_one(bury()).await;
    let again = Job { redrives: 1, ..job };
    assert_eq!(world.push([again]).await.len(), 1, "a redrive of the death before the last");
}

pub(crate) async fn letters_without_a_job_are_kept_too<U: QueueUnderTest>(world: &mut World<U>) {
    begin(world).await;
    let raw = DeadLetter {
        job: None,
        raw: Some(Bytes::from_static(b"\x00 no record")),
        failure: failure(),
        attempts: Attempt(0),
        died_at: world.now(),
        origin: lane().at(Offset(44)),
    };
    let job = world.job("a");
    let whole = letter(world, &job);
    push_dead(world, Arc::new(raw.clone())).await;
    push_dead(world, whole).await;
    world.restart().await;
    let letters = shown(world).await;
    assert_eq!(letters.len(), 2);
    assert!(letters.iter().any(|letter| **letter == raw));
    let of_a = world.queue.dead(DeadQuery { job_type: Some(name("a")), after: None, max: 9 }).await.unwrap();
    assert_eq!(ids(of_a.letters.iter().filter_map(|letter| letter.job.as_ref())), [job.id]);
    push_undead(world, raw.record_key()).await;
    assert_eq!(shown(world).await.len(), 1);
}

pub(crate) async fn letters_of_a_later_death_do_not_go_with_an_earlier_one<U: QueueUnderTest>(
    world: &mut World<U>,
) {
    begin(world).await;
    let job = world.job("a");
    world.push([job.clone()]).await;
    world.run_one(bury()).await;
    let first = world.queue.owed(1).await.unwrap().remove(0);
    let earlier = first.letter().unwrap().record_key();
    world.queue.paid(vec![first.id]).await.unwrap();
    // It is redriven, and dies again before the tombstone of its first letter comes by.
    world.push([Job { redrives: 1, ..job.clone() }]).await;
    world.run_one(bury()).await;
    let second = world.queue.owed(1).await.unwrap().remove(0);
    let later = second.letter().unwrap().record_key();
    assert_ne!(earlier, later, "in a compacted topic the tombstone would take the letter away");
    world.queue.paid(vec![second.id]).await.unwrap();
    push_undead(world, earlier).await;
    assert_eq!(world.state(&job).await, Some(State::Dead));
    push_undead(world, later).await;
    assert_eq!(world.state(&job).await, None);
}
