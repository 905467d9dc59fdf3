//! The topic of progress while one of its partitions has no leader: only lanes whose progress stands there wait.

use std::time::{Duration, Instant};

use tokio::time::timeout;
use wasmill_job::{Offset, Progress, Topic, TopicPartition};
use wasmill_log::{KafkaConfig, KafkaLog, Log};
use wasmill_tests::{DEADLINE, Kafka, until};

use super::world::{at, config, open, topic};

const SETTLED_PARTITIONS: u32 = 6;
const LANES: u32 = 24;
/// Less than a client waits for a leader before it says that there is none.
const AT_ONCE: Duration = Duration::from_secs(3);
/// So many of all questions may take longer: the machine stood still, or the other brokers looked about them. Were they held up by the
/// partition, all would.
const SLOW_MAX: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_of_progress_without_a_leader_holds_up_only_its_own_lanes() {
    let mut kafka = Kafka::start(3).await;
    let settled = Topic::settled();
    // One replica each: who is killed takes its partitions away.
    kafka.create_topic(settled.as_str(), SETTLED_PARTITIONS, 1, &[("cleanup.policy", "compact")]).await;
    let lanes = topic(&kafka, LANES).await;
    let log = open(config(&kafka, "a-partition-of-progress"));
    for lane in 0..LANES {
        log.commit(&at(&lanes, lane), progress(lane.into())).await.unwrap();
        assert_eq!(log.committed(&at(&lanes, lane)).await.unwrap(), progress(lane.into()));
    }
    let lost = kafka.leader(settled.as_str(), 0).await;
    let mut leaders = Vec::new();
    for partition in 0..SETTLED_PARTITIONS as usize {
        leaders.push(kafka.leader(settled.as_str(), partition).await);
    }
    let (cut_off, others): (Vec<_>, Vec<_>) =
        (0..LANES).map(|lane| at(&lanes, lane)).partition(|lane| leaders[home(lane)] == lost);
    assert!(!cut_off.is_empty() && !others.is_empty(), "{leaders:?}");
    kafka.kill(lost);

    let asking: Vec<_> =
        cut_off.iter().cloned().map(|lane| tokio::spawn(ask_for_ever(log.clone(), lane))).collect();
    let mut slow = Vec::new();
    for round in 1..=3 {
        for lane in &others {
            let floor = u64::from(lane.partition.0) + 100 * round;
            let began = Instant::now();
            timeout(DEADLINE, log.commit(lane, progress(floor))).await.expect("it is stored").unwrap();
            let stored = began.elapsed();
            let committed = timeout(DEADLINE, log.committed(lane)).await.expect("it is read").unwrap();
            assert_eq!(committed, progress(floor));
            slow.extend([stored, began.elapsed() - stored].into_iter().filter(|took| *took > AT_ONCE));
        }
    }
    assert!(slow.len() <= SLOW_MAX, "progress is stored and read at once: {slow:?}");
    let named = format!("{settled}/{}", home(&cut_off[0]));
    let unread = log.committed(&cut_off[0]).await.unwrap_err().to_string();
    assert!(unread.contains(&named), "{unread}");
    // A process that does not wait long for what cannot come.
    let impatient = KafkaConfig { delivery_timeout: Duration::from_secs(5), ..config(&kafka, "impatient") };
    let impatient = open(impatient);
    let untold = impatient.commit(&cut_off[0], progress(1_000)).await.unwrap_err().to_string();
    assert!(untold.contains(&named), "{untold}");
    asking.iter().for_each(tokio::task::JoinHandle::abort);

    kafka.start_again(lost).await;
    for lane in &cut_off {
        let committed =
            until("the progress is there again", DEADLINE, || async { log.committed(lane).await.ok() }).await;
        // The one that was not confirmed may have been stored all the same.
        assert!([u64::from(lane.partition.0), 1_000].contains(&committed.floor.0), "{committed:?}");
    }
    impatient.close().await;
    log.close().await;
}

/// As a lane does that cannot be resumed, only without a pause.
async fn ask_for_ever(log: KafkaLog, lane: TopicPartition) {
    loop {
        drop(log.committed(&lane).await);
    }
}

fn progress(floor: u64) -> Progress {
    Progress { floor: Offset(floor), ..Progress::default() }
}

/// Where a lane's progress stands, as every client has to find it: FNV-1a over the lane's name.
fn home(lane: &TopicPartition) -> usize {
    let hash = lane.to_string().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    usize::try_from(hash % u64::from(SETTLED_PARTITIONS)).unwrap()
}
