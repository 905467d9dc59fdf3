//! The fixture against the real Redis: what a test may rely on when it starts, kills, freezes and cuts one.

use std::time::Duration;

use tokio::time::timeout;

use super::Redis;
use crate::{Answer, DEADLINE, until};

#[tokio::test]
async fn many_start_side_by_side_each_on_its_own_port() {
    let started = (0..8).map(|_| tokio::spawn(Redis::start()));
    let mut all = Vec::new();
    for redis in started.collect::<Vec<_>>() {
        all.push(redis.await.unwrap());
    }
    for (number, redis) in all.iter().enumerate() {
        redis.must(&["SET", "who", &number.to_string()]).await;
    }
    for (number, redis) in all.iter().enumerate() {
        assert_eq!(redis.must(&["GET", "who"]).await.text(), number.to_string());
    }
}

#[tokio::test]
async fn it_runs_as_the_queue_wants_it_with_further_options_and_a_password() {
    let redis = Redis::start_with(&[("maxmemory", "64mb"), ("requirepass", "secret")]).await;
    assert_eq!(redis.info("maxmemory").await, (64 << 20).to_string());
    assert_eq!(redis.info("maxmemory_policy").await, "noeviction");
    assert_eq!(redis.info("aof_enabled").await, "1");
    assert_eq!(redis.url(), format!("redis://:secret@{}", redis.address()));
    redis.must(&["SET", "large", &"x".repeat(2 << 20)]).await;
    redis.config_set("maxmemory", "1mb").await;
    assert!(redis.command(&["SET", "more", "x"]).await.text().starts_with("OOM"));
    redis.must(&["DEL", "large"]).await;
}

#[tokio::test]
async fn it_comes_back_from_a_kill_with_what_it_had_written() {
    let mut redis = Redis::start().await;
    redis.must(&["SET", "kept", "yes"]).await;
    let before = redis.pid();
    redis.handed_over().await;
    redis.kill();
    redis.restart().await;
    assert_ne!(redis.pid(), before);
    assert_eq!(redis.must(&["GET", "kept"]).await.text(), "yes");
}

#[tokio::test]
async fn a_torn_tail_loses_the_last_write_and_nothing_before_it() {
    let mut redis = Redis::start().await;
    redis.must(&["SET", "first", "1"]).await;
    redis.must(&["SET", "second", "2"]).await;
    redis.handed_over().await;
    redis.kill();
    redis.truncate_aof(5);
    redis.restart().await;
    assert_eq!(redis.must(&["GET", "first"]).await.text(), "1");
    assert_eq!(redis.must(&["GET", "second"]).await, Answer::Nil);
}

#[tokio::test]
async fn a_stopped_one_answers_nobody_until_it_is_thawed() {
    let redis = Redis::start().await;
    redis.stop();
    // That nothing comes can only be seen by giving it time.
    let silence = timeout(Duration::from_millis(200), redis.command(&["PING"])).await;
    redis.thaw();
    assert!(silence.is_err(), "{silence:?}");
    assert_eq!(redis.must(&["PING"]).await.text(), "PONG");
}

#[tokio::test]
async fn flushed_means_empty_and_calls_are_counted_inside_scripts_too() {
    let redis = Redis::start().await;
    redis.must(&["SET", "gone", "soon"]).await;
    redis.flush_all().await;
    assert_eq!(redis.must(&["DBSIZE"]).await.integer(), 0);
    redis.must(&["CONFIG", "RESETSTAT"]).await;
    redis.must(&["EVAL", "for i = 1, 7 do redis.call('INCR', KEYS[1]) end", "1", "n"]).await;
    let calls = redis.calls().await;
    assert_eq!((calls["incr"], calls["eval"]), (7, 1));
}

#[tokio::test]
async fn a_dropped_one_is_gone_with_its_folder() {
    let redis = Redis::start().await;
    let (address, log) = (redis.address(), redis.log_path());
    drop(redis);
    assert!(!log.exists());
    until("nobody listens there", DEADLINE, || async {
        tokio::net::TcpStream::connect(address).await.is_err().then_some(())
    })
    .await;
}
