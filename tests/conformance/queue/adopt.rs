//! Adopt: a partition whose offsets mean other records than they did begins anew.

use wasmill_job::{Offset, Partition, Passed, Progress, RecordHash, TopicPartition};
use wasmill_queue::{Answer, Push, Pushed, Queue, QueueError, State};

use super::QueueUnderTest;
use super::records::{Record, applied, applied_to, copy, job, parked, parked_lane};
use super::world::{World, bury, complete, entry, ids, lane, progress};

/// Pushes records to the lane from an offset on, past the small log of the world.
async fn put_at<U: QueueUnderTest>(
    world: &World<U>,
    lane: &TopicPartition,
    from: u64,
    records: impl IntoIterator<Item = Record>,
) -> Pushed {
    let entries: Vec<_> =
        (from..).zip(records).filter_map(|(offset, record)| record(Offset(offset))).collect();
    let to = Offset(from + entries.len() as u64);
    let push = Push { lane: lane.clone(), from: Offset(from), to, passed: None, entries };
    world.queue.push(push).await.unwrap()
}

async fn adopt<U: QueueUnderTest>(world: &World<U>, from: u64) {
    world.queue.adopt(&lane(), Offset(from), 0).await.unwrap();
}

pub(crate) async fn begins_anew<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 4);
    let entries = vec![entry(Offset(0), jobs[0].clone())];
    let passed = Some(Passed { offset: Offset(8), hash: RecordHash(3) });
    let push = Push { lane: lane(), from: Offset(0), to: Offset(9), passed, entries };
    assert_eq!(world.queue.push(push).await.unwrap(), Pushed::whole());
    adopt(world, 2).await;
    assert_eq!(world.queue.passed(&lane()).await.unwrap(), None);
    assert_eq!(world.progress().await, progress(2, &[]));
    assert_eq!(put_at(world, &lane(), 9, []).await, Pushed::Wants(Offset(2)));
    assert_eq!(put_at(world, &lane(), 2, jobs[1..].iter().map(job)).await, Pushed::whole());
    assert_eq!(world.progress().await, progress(2, &[]));
    assert_eq!(world.resume(&progress(1, &[])).await, Offset(5));
    assert_eq!(ids(&world.complete_all().await), ids(&jobs));
    assert_eq!(world.progress().await, progress(5, &[]));
}

pub(crate) async fn is_not_undone_by_progress_of_before<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 4);
    assert_eq!(put_at(world, &lane(), 0, jobs[..2].iter().map(job)).await, Pushed::whole());
    world.queue.adopt(&lane(), Offset(0), 2).await.unwrap();
    assert_eq!(put_at(world, &lane(), 0, jobs[2..3].iter().map(job)).await, Pushed::whole());
    // A relay that was frozen in mid-resume wakes, with what it had read: a floor beyond jobs that have not come yet.
    for epoch in [0, 1] {
        let late = Progress { epoch, ..progress(4, &[]) };
        let refused = world.queue.resume(&lane(), &late).await.unwrap_err();
        assert!(matches!(refused, QueueError::Unavailable { .. }), "{refused}");
        assert!(refused.to_string().contains("begun"), "{refused}");
    }
    let known = Progress { epoch: 2, ..progress(0, &[]) };
    assert_eq!(world.queue.resume(&lane(), &known).await.unwrap(), Offset(1));
    // Reading a later epoch is enough; from then on that one counts, also after a restart.
    let later = Progress { epoch: 3, ..progress(0, &[]) };
    assert_eq!(world.queue.resume(&lane(), &later).await.unwrap(), Offset(1));
    world.restart().await;
    world.queue.resume(&lane(), &Progress { epoch: 2, ..progress(4, &[]) }).await.unwrap_err();
    assert_eq!(world.queue.resume(&lane(), &later).await.unwrap(), Offset(1));
    assert_eq!(put_at(world, &lane(), 1, jobs[3..].iter().map(job)).await, Pushed::whole());
    assert_eq!(ids(&world.complete_all().await), ids(&jobs));
    // A queue that was lost knows of no epoch.
    world.wipe().await;
    assert_eq!(
        world.queue.resume(&lane(), &Progress { epoch: 1, ..progress(2, &[]) }).await.unwrap(),
        Offset(2)
    );
}

pub(crate) async fn lets_the_jobs_of_before_live_on<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 4);
    assert_eq!(put_at(world, &lane(), 0, jobs[..2].iter().map(job)).await, Pushed::whole());
    adopt(world, 0).await;
    assert_eq!(world.state(&jobs[1]).await, Some(State::Pending));
    let records = [job(&jobs[2]), job(&jobs[1]), job(&jobs[3])];
    assert_eq!(put_at(world, &lane(), 0, records).await, applied(&[1]), "a job that is there is a duplicate");
    let mut claims = world.take(2).await;
    world.settle(claims.remove(0), complete()).await;
    world.settle(claims.remove(0), complete()).await;
    assert_eq!(world.progress().await, progress(0, &[(1, 2)]), "what ends of them settles nothing here");
    assert_eq!(ids(&world.complete_all().await), ids(&jobs[2..]));
    assert_eq!(world.progress().await, progress(3, &[]));
}

pub(crate) async fn keeps_claims_of_before<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    assert_eq!(put_at(world, &lane(), 0, [job(&jobs[0])]).await, Pushed::whole());
    let claim = world.take(1).await.remove(0);
    adopt(world, 0).await;
    assert_eq!(put_at(world, &lane(), 0, [job(&jobs[1])]).await, Pushed::whole());
    assert_eq!(world.settle(claim, complete()).await, Answer::Settled);
    assert_eq!(world.progress().await, progress(0, &[]));
}

pub(crate) async fn settles_nothing_new_for_the_letters_of_before<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    assert_eq!(put_at(world, &lane(), 0, jobs[..2].iter().map(job)).await, Pushed::whole());
    let mut claims = world.take(2).await;
    world.settle(claims.remove(0), bury()).await;
    adopt(world, 0).await;
    assert_eq!(put_at(world, &lane(), 0, [job(&jobs[2])]).await, Pushed::whole());
    world.settle(claims.remove(0), bury()).await;
    world.restart().await;
    let owed = world.queue.owed(9).await.unwrap();
    let origins: Vec<_> = owed.iter().map(|debt| debt.letter().unwrap().origin.clone()).collect();
    assert_eq!(origins, [lane().at(Offset(0)), lane().at(Offset(1))], "they keep where they came from");
    world.queue.paid(owed.iter().map(|debt| debt.id).collect()).await.unwrap();
    assert_eq!(world.progress().await, progress(0, &[]));
    assert_eq!(ids(&world.complete_all().await), ids(&jobs[2..]));
}

pub(crate) async fn survives_a_restart<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    assert_eq!(put_at(world, &lane(), 0, jobs[..2].iter().map(job)).await, Pushed::whole());
    adopt(world, 7).await;
    assert_eq!(put_at(world, &lane(), 7, [job(&jobs[2])]).await, Pushed::whole());
    world.restart().await;
    assert_eq!(world.progress().await, progress(7, &[]));
    assert_eq!(world.resume(&progress(7, &[])).await, Offset(8));
    assert_eq!(ids(&world.complete_all().await), ids(&jobs));
    assert_eq!(world.progress().await, progress(8, &[]));
    adopt(world, 1).await;
    adopt(world, 3).await;
    world.restart().await;
    assert_eq!(world.progress().await, progress(3, &[]), "more than once");
}

pub(crate) async fn forgets_what_was_inherited_and_parked<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    world.resume(&progress(2, &[])).await;
    assert_eq!(put_at(world, &lane(), 2, [job(&jobs[0]), parked("a")]).await, applied(&[]));
    adopt(world, 4).await;
    let of_parked = parked_lane("a");
    world.queue.resume(&of_parked, &progress(0, &[])).await.unwrap();
    let copies = [1, 2, 3].map(|origin| copy(&jobs[1], origin));
    assert_eq!(put_at(world, &of_parked, 0, copies).await, applied_to(&of_parked, &[0, 1, 2]));
    let records = [job(&jobs[2]), copy(&jobs[0], 2)];
    assert_eq!(put_at(world, &lane(), 4, records).await, applied(&[5]), "nothing waits, nothing moves");
    assert_eq!(ids(&world.complete_all().await), ids([&jobs[0], &jobs[2]]));
}

pub(crate) async fn begins_a_partition_that_is_not_known<U: QueueUnderTest>(world: &mut World<U>) {
    let other = TopicPartition::new(lane().topic, Partition(lane().partition.0 + 2));
    world.queue.adopt(&other, Offset(5), 0).await.unwrap();
    assert_eq!(world.queue.progress(&other).await.unwrap(), progress(5, &[]));
    let one = world.job("a");
    assert_eq!(put_at(world, &other, 5, [job(&one)]).await, Pushed::whole());
    assert_eq!(world.queue.progress(&other).await.unwrap(), progress(5, &[]));
    world.complete_all().await;
    assert_eq!(world.queue.progress(&other).await.unwrap(), progress(6, &[]));
}
