//! `kill -9` of the server, with appendonly everysec and the end of its file torn off: whole operations are lost, and what
//! came from a log is wanted again.

use std::collections::BTreeSet;
use std::time::Duration;

use wasmill_job::{Cancel, ChildKey, Generation, Job, JobId, Offset, Partition, UnixMs, Verdict};
use wasmill_queue::{AttemptRecord, Child, Claim, DeadQuery, Queue, Settlement, State};
use wasmill_tests::{DEADLINE, until};

use crate::world::{LEASE, World, again, bury, complete, enqueue, lane, retry, settle};

/// Each of the operations that write, some of them on some jobs.
async fn some_of_everything(world: &mut World) {
    let jobs = (0..40).map(|number| world.job_in("a", Partition(0), number * 20)).collect();
    world.push(jobs).await;
    let direct = world.jobs("b", 5);
    let cancelled = direct[4].clone();
    enqueue(&world.queue, direct).await;
    for verdict in [complete, retry, bury, || Verdict::Release] {
        let claims = world.take(8).await;
        settle(&world.queue, claims, verdict).await;
    }
    let emitting = world.take(4).await.into_iter().map(emit).collect::<Vec<_>>();
    world.queue.settle(emitting.into()).await.unwrap();
    let logged = world.logged(&lane(0)).last().unwrap().clone();
    let cancel = Cancel { id: logged.id, job_type: logged.job_type, at: UnixMs(0) };
    world.queue.cancel(cancel).await.unwrap();
    let held = world.take(8).await;
    world.queue.renew(held.iter().map(|claim| claim.reference()).collect(), LEASE * 2).await.unwrap();
    let cancel = Cancel { id: cancelled.id, job_type: cancelled.job_type.clone(), at: UnixMs(0) };
    world.queue.cancel(cancel).await.unwrap();
    // The oldest, letters, and the newest, children.
    let mut debts: Vec<_> = world.queue.owed(10_000).await.unwrap().into_iter().map(|debt| debt.id).collect();
    let newest = debts.split_off(debts.len() - 1);
    debts.truncate(3);
    world.queue.paid([debts, newest].concat()).await.unwrap();
    world.queue.progress(&lane(0)).await.unwrap();
    world.queue.sweep(10).await.unwrap();
}

/// Completes a claim's job, which emits a child.
fn emit(claim: Claim) -> Settlement {
    let (job_type, key) = (claim.job.job_type.clone(), ChildKey::Number(0));
    let id = JobId::child_of(claim.job.id, &job_type, &key, Generation(1), Partition(0));
    let job = Job { id, ..claim.job.clone() };
    let dedup_window = Duration::from_secs(600);
    let child = Child { job, queue: "mail".parse().unwrap(), dedup_window, delay: Duration::ZERO };
    let record = AttemptRecord { keep_result: dedup_window, dedup_window, ..AttemptRecord::default() };
    claim.settle(complete(), record).with_children(vec![child])
}

/// Waits until the kernel has all that was answered. How many bytes were written since the last start or rewrite.
async fn handed_over(world: &World) -> u64 {
    world.redis.handed_over().await;
    let size = |text: String| text.parse::<u64>().unwrap();
    size(world.redis.info("aof_current_size").await) - size(world.redis.info("aof_base_size").await)
}

#[tokio::test]
async fn a_torn_file_loses_whole_operations_that_are_wanted_again() {
    let mut world = World::fresh().await;
    let mut lost = 0;
    for round in 0..12 {
        // In every other round the file is torn while the queue may still be having it rewritten, which brings half of a transaction
        // back at the next start. In the others what is torn off is what was written last.
        if round % 2 == 0 {
            until("the file is rewritten", DEADLINE, || async {
                let info = |name| world.redis.info(name);
                let is_done = info("aof_rewrite_in_progress").await == "0"
                    && info("aof_rewrite_scheduled").await == "0";
                is_done.then_some(())
            })
            .await;
        }
        some_of_everything(&mut world).await;
        let end = world.end(&lane(0));
        world.check().await;
        let written = handed_over(&world).await;
        world.redis.kill();
        // Each round a larger part of what it wrote, so that each kind of operation is cut into.
        world.redis.truncate_aof(written * (round + 1) / 13);
        world.redis.restart().await;
        // The first sweep begins to mend what came back by half.
        again("the queue answers", || world.queue.sweep(1)).await;
        world.mended().await;
        world.check().await;
        let wanted = world.replay(&lane(0)).await;
        lost += end.0 - wanted.0;
        world.check().await;
    }
    assert!(lost > 0, "no push was lost: the test shows nothing");
    println!("12 torn files: {lost} pushed jobs were wanted again");
    // What was in flight comes back when its lease is over.
    world.make_due("l").await;
    world.drain().await;
    let debts = world.queue.owed(10_000).await.unwrap();
    world.queue.paid(debts.into_iter().map(|debt| debt.id).collect()).await.unwrap();
    let logged: BTreeSet<JobId> = world.logged(&lane(0)).iter().map(|job| job.id).collect();
    let mut ended = BTreeSet::new();
    for id in &logged {
        let view = world.queue.job(*id).await.unwrap().expect("no job is forgotten");
        assert!(matches!(view.state, State::Completed | State::Dead | State::Cancelled), "{view:?}");
        ended.insert(view.id);
    }
    assert_eq!(ended, logged);
    let progress = world.queue.progress(&lane(0)).await.unwrap();
    assert_eq!((progress.floor, progress.settled.iter().count()), (world.end(&lane(0)), 0));
    world.check().await;
}

#[tokio::test]
async fn a_killed_server_keeps_what_it_had_handed_to_the_kernel() {
    let mut world = World::with(&[], 2).await;
    let jobs = world.jobs("a", 100);
    world.push(jobs.clone()).await;
    let claims = world.take(4).await;
    let taken: Vec<_> = claims.iter().map(|claim| claim.job.clone()).collect();
    let mut claims = claims.into_iter();
    settle(&world.queue, claims.by_ref().take(1).collect(), complete).await;
    settle(&world.queue, claims.by_ref().take(1).collect(), bury).await;
    handed_over(&world).await;
    world.redis.kill();
    world.redis.restart().await;
    // The same handle connects again; a claim from before is as good as it was.
    let rest = claims.collect::<Vec<_>>();
    let named: Vec<_> = rest.iter().map(|claim| claim.reference()).collect();
    assert_eq!(again("the queue answers", || world.queue.renew(named.clone(), LEASE)).await, []);
    assert_eq!(settle(&world.queue, rest, complete).await, [wasmill_queue::Answer::Settled; 2]);
    assert_eq!(world.state(&taken[0]).await, Some(State::Completed));
    assert_eq!(world.state(&taken[1]).await, Some(State::Dead));
    let other = world.elsewhere().await;
    assert_eq!(other.dead(DeadQuery { max: 9, ..DeadQuery::default() }).await.unwrap().letters.len(), 1);
    assert_eq!(world.queue.resume(&lane(0), &Default::default()).await.unwrap(), Offset(100));
    assert_eq!(world.drain().await, 96);
    world.check().await;
}

/// Debts that were paid, of which only the first effects were loaded: their offsets are settled, the letter says that nothing is
/// owed for it, and the debts are still there.
#[tokio::test]
async fn debts_that_were_paid_by_half_are_mended_as_paid_ones() {
    let mut world = World::fresh().await;
    let jobs = world.jobs("a", 2);
    world.push(jobs).await;
    let claims = world.take(1).await;
    settle(&world.queue, claims, bury).await;
    let emitting = world.take(1).await.into_iter().map(emit).collect::<Vec<_>>();
    world.queue.settle(emitting.into()).await.unwrap();
    assert_eq!(world.queue.owed(9).await.unwrap().len(), 2);
    for script in [
        "for offset = 0, 1 do redis.call('SETBIT', KEYS[1] .. 'b:1:0', offset, 1) end",
        "local letter = redis.call('HKEYS', KEYS[1] .. 'di')[1]
         local index = redis.call('HGET', KEYS[1] .. 'di', letter)
         redis.call('HSET', KEYS[1] .. 'di', letter, string.sub(index, 1, 11) .. string.rep('\\0', 7) .. string.sub(index, 19))",
        // Something else is wrong, too: only then everything is counted anew.
        "redis.call('HSET', KEYS[1] .. 'd', 'half', 'a letter')",
        "redis.call('HSET', KEYS[1] .. 'c', 'run', 'another')",
    ] {
        world.redis.must(&["EVAL", script, "1", "{wasmill:0}:"]).await;
    }
    let elsewhere = world.elsewhere().await;
    elsewhere.sweep(1).await.unwrap();
    world.mended().await;
    world.check().await;
    assert!(world.queue.owed(9).await.unwrap().is_empty());
    assert_eq!(world.queue.progress(&lane(0)).await.unwrap().floor, Offset(2));
    assert_eq!(world.counts("a").await.dead, 1);
}

/// What a script's effects are when only the first of them were loaded, each kind by hand.
#[tokio::test]
async fn what_was_loaded_by_half_is_mended_and_nothing_is_lost() {
    let mut world = World::fresh().await;
    let jobs = world.jobs("a", 40);
    world.push(jobs.clone()).await;
    let claims = world.take(10).await;
    settle(&world.queue, claims, retry).await;
    let held = world.take(5).await;
    let key = |shard_key: &str| format!("{{wasmill:0}}:{shard_key}");
    // Pushed, and not in its list; taken, and no claim written; a claim without a lease; a lease without a claim; a letter
    // that is in no index; in its list twice, and then once more although it is no more; of a letter its order and its debt.
    for command in [
        vec!["RPOP".to_owned(), key("p:0:1")],
        vec!["LPOP".to_owned(), key("p:0:1")],
        vec!["ZPOPMIN".to_owned(), key("l")],
    ] {
        world.redis.must(&command.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }
    for script in [
        "redis.call('HDEL', KEYS[1] .. 'f', redis.call('ZRANGE', KEYS[1] .. 'l', -1, -1)[1])",
        "redis.call('HSET', KEYS[1] .. 'd', 'half', 'a letter')",
        "redis.call('RPUSH', KEYS[1] .. 'p:0:1', redis.call('LINDEX', KEYS[1] .. 'p:0:1', 0))",
        "redis.call('RPUSH', KEYS[1] .. 'p:0:1', 'no longer here')",
        "for _, key in ipairs({ 'dx', 'dx:0' }) do redis.call('ZADD', KEYS[1] .. key, 0, 'no letter') end",
        "redis.call('HSET', KEYS[1] .. 'od', '77', string.rep('\\0', 8) .. 'no letter')",
        "redis.call('HSET', KEYS[1] .. 'c', 'run', 'another')",
    ] {
        world.redis.must(&["EVAL", script, "1", &key("")]).await;
    }
    assert!(
        !world.queue.check().await.unwrap().faults.is_empty(),
        "nothing is wrong: the test shows nothing"
    );
    drop(held);
    // A process that connects sees that the server is another run, and the next sweep mends.
    let elsewhere = world.elsewhere().await;
    elsewhere.sweep(1).await.unwrap();
    world.mended().await;
    world.check().await;
    world.make_due("l").await;
    world.make_due("z").await;
    world.drain().await;
    for job in &jobs {
        assert_eq!(world.state(job).await, Some(State::Completed), "{}", job.id);
    }
    world.check().await;
}
