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
    assert_eq!(world.progress().await, progress(0, &[]), "and stands here from now on");
    let mut claims = world.take(2).await;
    world.settle(claims.remove(0), complete()).await;
    assert_eq!(world.progress().await, progress(0, &[]), "what did not come again settles nothing here");
    world.settle(claims.remove(0), complete()).await;
    assert_eq!(world.progress().await, progress(0, &[(1, 2)]));
    assert_eq!(ids(&world.complete_all().await), ids(&jobs[2..]));
    assert_eq!(world.progress().await, progress(3, &[]));
}

pub(crate) async fn jobs_of_before_have_a_log_again_when_they_come<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    assert_eq!(put_at(world, &lane(), 0, jobs.iter().map(job)).await, Pushed::whole());
    let claim = world.take(1).await.remove(0);
    adopt(world, 0).await;
    assert_eq!(put_at(world, &lane(), 0, jobs.iter().map(job)).await, applied(&[0, 1, 2]));
    assert_eq!(world.progress().await, progress(0, &[]));
    assert_eq!(world.settle(claim, complete()).await, Answer::Settled);
    world.restart().await;
    let told = world.progress().await;
    assert_eq!(told, progress(1, &[]), "one that was in flight settles the offset where it came again");
    // The queue is lost: what the log was told leaves out nobody who lived.
    world.wipe().await;
    assert_eq!(world.resume(&told).await, Offset(1));
    assert_eq!(put_at(world, &lane(), 1, jobs[1..].iter().map(job)).await, Pushed::whole());
    assert_eq!(ids(&world.complete_all().await), ids(&jobs[1..]));
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

pub(crate) async fn keeps_what_was_inherited_and_parked<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 5);
    world.resume(&progress(2, &[])).await;
    assert_eq!(put_at(world, &lane(), 2, [job(&jobs[0]), parked("a"), parked("a")]).await, applied(&[]));
    // The new offsets have come less far, and those of parked jobs are no hindrance to them.
    adopt(world, 1).await;
    world.restart().await;
    let of_parked = parked_lane("a");
    world.queue.resume(&of_parked, &progress(0, &[])).await.unwrap();
    assert_eq!(put_at(world, &lane(), 1, [job(&jobs[1]), parked("a")]).await, applied(&[]));
    let copies = [copy(&jobs[2], 1), copy(&jobs[3], 3), copy(&jobs[4], 2)];
    assert_eq!(
        put_at(world, &of_parked, 0, copies).await,
        applied(&[]),
        "inherited, parked, and parked by the new lane"
    );
    let copies = [copy(&jobs[2], 4), copy(&jobs[3], 3)];
    assert_eq!(put_at(world, &of_parked, 3, copies).await, Pushed::Early(Offset(4)), "each comes once");
    assert_eq!(
        put_at(world, &lane(), 3, [copy(&jobs[0], 2)]).await,
        applied(&[3]),
        "one that lives is found"
    );
    assert_eq!(ids(&world.complete_all().await), ids(&jobs));
}

pub(crate) async fn keeps_what_was_inherited_of_types_it_does_not_know<U: QueueUnderTest>(
    world: &mut World<U>,
) {
    let jobs = world.jobs("a", 1);
    world.resume(&progress(5, &[])).await;
    // The new offsets have come less far than the copy's origin.
    adopt(world, 0).await;
    let of_parked = parked_lane("a");
    world.queue.resume(&of_parked, &progress(0, &[])).await.unwrap();
    assert_eq!(put_at(world, &of_parked, 0, [copy(&jobs[0], 3)]).await, applied(&[]));
    assert_eq!(ids(&world.complete_all().await), ids(&jobs));
}

pub(crate) async fn of_parked_jobs_takes_those_that_still_come<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    let of_parked = parked_lane("a");
    assert_eq!(put_at(world, &lane(), 0, [parked("a"), parked("a")]).await, applied(&[]));
    world.queue.resume(&of_parked, &progress(0, &[])).await.unwrap();
    world.queue.adopt(&of_parked, Offset(5), 0).await.unwrap();
    world.restart().await;
    assert_eq!(put_at(world, &lane(), 2, [job(&jobs[0])]).await, applied(&[]), "it does not wait for them");
    assert_eq!(put_at(world, &of_parked, 5, [copy(&jobs[1], 1)]).await, applied(&[]));
    let again = put_at(world, &of_parked, 6, [copy(&jobs[2], 1)]).await;
    assert_eq!(again, applied_to(&of_parked, &[6]), "each comes once");
    assert_eq!(ids(&world.complete_all().await), ids(&jobs[..2]));
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
