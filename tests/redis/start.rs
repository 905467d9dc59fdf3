//! What is asked of a server before it is trusted with jobs: each answer is one sentence that names the server and says
//! what to do, and no sentence tells the password.

use wasmill_queue::{Queue, QueueError, RedisConfig, RedisQueue, RedisStartError};
use wasmill_tests::{DEADLINE, Redis, free_port, until};

use crate::world::{check, queue_at, started};

/// The sentence with which a server is refused, or, `passing`, said to be unavailable. Calls answer the same.
pub(crate) async fn refusal(url: String, passing: bool) -> String {
    let address = url.rsplit('@').next().unwrap().trim_start_matches("redis://");
    let address = address.split('/').next().unwrap().to_owned();
    let queue = queue_at(url.clone(), 1);
    let sentence = until("it is refused", DEADLINE, || async {
        match queue.start().await.unwrap_err() {
            RedisStartError::Unavailable(sentence) if is_slow(&sentence) => None,
            RedisStartError::Unavailable(sentence) if passing => Some(sentence),
            RedisStartError::Refused(sentence) if !passing => Some(sentence),
            other => panic!("{url}: {other:?}"),
        }
    })
    .await;
    assert!(sentence.contains(&address), "it does not say which Redis: {sentence}");
    assert!(!sentence.contains('\n') && sentence.len() < 300, "more than a sentence: {sentence}");
    for secret in ["hunter2", "wrong-word"] {
        assert!(!sentence.contains(secret), "{sentence}");
        assert!(!format!("{queue:?}", queue = RedisConfig::new(url.clone())).contains(secret));
    }
    sentence
}

/// The sentence with which calls of a queue answer.
async fn said(queue: &RedisQueue) -> String {
    until("calls are refused", DEADLINE, || async {
        let Err(QueueError::Unavailable { reason }) = queue.sweep(1).await else { panic!("it swept") };
        let Err(QueueError::Unavailable { reason: other }) = queue.counts().await else {
            panic!("it counted")
        };
        if is_slow(&reason) || is_slow(&other) {
            return None;
        }
        assert_eq!(reason, other);
        Some(reason)
    })
    .await
}

/// Whether a server only took its time, as one does on a machine that is busy with others.
fn is_slow(sentence: &str) -> bool {
    sentence.ends_with("does not answer in time")
}

/// Refused, with this advice; calls say the same.
async fn refused(url: String, advice: &str) {
    let sentence = refusal(url.clone(), false).await;
    assert!(sentence.contains(advice), "{sentence}");
    assert_eq!(said(&queue_at(url, 1)).await, sentence);
}

#[tokio::test]
async fn a_good_one_is_used_without_a_word() {
    let redis = Redis::start_with(&[("maxmemory", "64mb")]).await;
    let start = started(&queue_at(redis.url(), 1)).await;
    assert!(start.version.starts_with("7."), "{start:?}");
    assert_eq!(start.warnings, [""; 0]);
}

#[tokio::test]
async fn no_limit_of_memory_and_no_file_are_warned_of() {
    let redis = Redis::start_with(&[("appendonly", "no")]).await;
    let warnings = started(&queue_at(redis.url(), 1)).await.warnings;
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    for (warning, advice) in warnings.iter().zip(["Set maxmemory", "Set appendonly yes"]) {
        assert!(warning.contains(advice) && warning.contains(&redis.address().to_string()), "{warning}");
    }
}

#[tokio::test]
async fn one_that_throws_jobs_away_is_refused() {
    let redis = Redis::start_with(&[("maxmemory", "64mb"), ("maxmemory-policy", "allkeys-lru")]).await;
    let sentence = refusal(redis.url(), false).await;
    assert!(sentence.contains("allkeys-lru") && sentence.contains("set maxmemory-policy noeviction"));
}

#[tokio::test]
async fn a_replica_is_refused() {
    let primary = Redis::start().await;
    let port = primary.address().port().to_string();
    let replica = Redis::start_with(&[("replicaof", &format!("127.0.0.1 {port}"))]).await;
    refused(replica.url(), "put its primary into queue.url").await;
}

#[tokio::test]
async fn a_primary_that_becomes_a_replica_says_so() {
    let (primary, redis) = (Redis::start().await, Redis::start().await);
    let queue = queue_at(redis.url(), 1);
    started(&queue).await;
    redis.must(&["REPLICAOF", "127.0.0.1", &primary.address().port().to_string()]).await;
    let sentence = said(&queue).await;
    assert!(sentence.contains("put its primary into queue.url"), "{sentence}");
    redis.must(&["REPLICAOF", "NO", "ONE"]).await;
    queue.sweep(1).await.unwrap();
    check(&queue).await;
}

#[tokio::test]
async fn a_missing_or_wrong_password_is_refused() {
    let redis = Redis::start_with(&[("requirepass", "hunter2")]).await;
    let address = redis.address();
    for user in ["", ":wrong-word@", "somebody:hunter2@", "default:wrong-word@"] {
        refused(format!("redis://{user}{address}"), "refuses the user or the password").await;
    }
    started(&queue_at(redis.url(), 1)).await;
    started(&queue_at(format!("redis://default:hunter2@{address}/3"), 1)).await;
}

#[tokio::test]
async fn a_database_that_is_not_there_is_refused() {
    let redis = Redis::start().await;
    refused(format!("{}/99", redis.url()), "correct the number behind the last /").await;
    started(&queue_at(format!("{}/15", redis.url()), 1)).await;
}

#[tokio::test]
async fn one_that_cannot_be_reached_is_waited_for() {
    let url = format!("redis://:hunter2@127.0.0.1:{}", free_port());
    let sentence = refusal(url.clone(), true).await;
    assert!(sentence.contains("cannot be reached"), "{sentence}");
    let reason = said(&queue_at(url, 1)).await;
    assert_eq!(reason, sentence);
}

#[tokio::test]
async fn a_newer_layout_is_refused() {
    let redis = Redis::start().await;
    redis.must(&["HSET", "{wasmill:0}:c", "v", "2"]).await;
    refused(redis.url(), "has layout 2, which is newer than this binary: use a newer one").await;
    assert_eq!(redis.must(&["HLEN", "{wasmill:0}:c"]).await.integer(), 1, "it is left as it was");
    assert_eq!(redis.must(&["DBSIZE"]).await.integer(), 1);
}

#[tokio::test]
async fn a_layout_that_became_newer_in_mid_run_is_refused() {
    let redis = Redis::start().await;
    let queue = queue_at(redis.url(), 1);
    started(&queue).await;
    redis.must(&["HSET", "{wasmill:0}:c", "v", "2"]).await;
    let sentence = said(&queue).await;
    assert!(sentence.contains("has layout 2, which is newer than this binary"), "{sentence}");
}

#[tokio::test]
async fn one_that_loads_is_waited_for() {
    // Each command of its file takes it a tenth of a millisecond, and it looks up after a thousand of them.
    let mut redis = Redis::start_with(&[("key-load-delay", "100")]).await;
    let queue = queue_at(redis.url(), 1);
    for number in 0..200 {
        let fill = "for i = 1, 1000 do redis.call('SET', KEYS[1] .. i, 1) end";
        redis.must(&["EVAL", fill, "1", &format!("filler{number}:")]).await;
    }
    redis.handed_over().await;
    redis.kill();
    let loading = async {
        loop {
            match queue_at(redis_url(&queue), 1).start().await {
                Err(RedisStartError::Unavailable(sentence)) if sentence.contains("is loading its data") => {
                    return sentence;
                }
                Err(RedisStartError::Unavailable(_)) => {}
                other => panic!("it was never said to be loading: {other:?}"),
            }
        }
    };
    tokio::select! {
        sentence = loading => println!("{sentence}"),
        () = redis.restart() => panic!("it had loaded before anybody could ask"),
    }
}

fn redis_url(queue: &RedisQueue) -> String {
    format!("redis://{}", queue.address())
}

#[test]
fn an_address_or_a_name_that_cannot_be_used_is_refused_at_once() {
    for url in [
        "",
        "hunter2",
        "http://hunter2@localhost:6379",
        "redis://:hunter2@localhost:port",
        "redis://h/hunter2",
    ] {
        let error = RedisQueue::new(&RedisConfig::new(url)).err().expect(url);
        let RedisStartError::Refused(sentence) = error else { panic!("{error:?}") };
        println!("{sentence}");
        assert!(sentence.contains("redis://HOST:PORT") && !sentence.contains("hunter2"), "{sentence}");
    }
    for name in ["", "two words", "{tag}", "a:b", "ä"] {
        let config = RedisConfig { name: name.into(), ..RedisConfig::new("redis://localhost") };
        let Err(RedisStartError::Refused(sentence)) = RedisQueue::new(&config) else { panic!("{name}") };
        assert!(sentence.contains("letters, digits and dashes"), "{sentence}");
    }
}
