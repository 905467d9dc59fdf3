//! The proxy before the real Redis: what it steals was executed, what it does not steal arrives.

use std::io;
use std::time::Duration;

use tokio::time::timeout;

use super::{Proxy, Theft};
use crate::resp::RespConnection;
use crate::{Answer, DEADLINE, Redis, until};

async fn ask(proxy: &Proxy, words: &[&str]) -> io::Result<Answer> {
    RespConnection::open(proxy.address()).await?.ask(words).await
}

#[tokio::test]
async fn it_passes_everything_on_however_large() {
    let redis = Redis::start().await;
    let proxy = Proxy::before(redis.address()).await;
    let mut connection = RespConnection::open(proxy.address()).await.unwrap();
    let large = "x".repeat(3 << 20);
    assert_eq!(connection.ask(&["SET", "large", &large]).await.unwrap().text(), "OK");
    assert_eq!(connection.ask(&["GET", "large"]).await.unwrap().text(), large);
    assert!(proxy.stolen().is_empty());
}

#[tokio::test]
async fn what_it_steals_was_executed_once_and_the_connection_is_cut() {
    let redis = Redis::start().await;
    let proxy = Proxy::before(redis.address()).await;
    proxy.steal(Theft::Every(3));
    let mut lost = 0;
    for _ in 0..30 {
        lost += u32::from(ask(&proxy, &["INCR", "n"]).await.is_err());
    }
    assert_eq!(lost, 10);
    assert_eq!(proxy.stolen(), vec!["INCR"; 10]);
    assert_eq!(redis.must(&["GET", "n"]).await.integer(), 30);
    proxy.heal();
    assert_eq!(ask(&proxy, &["INCR", "n"]).await.unwrap(), Answer::Integer(31));
}

#[tokio::test]
async fn the_same_seed_steals_the_same_answers() {
    let redis = Redis::start().await;
    let mut lives = Vec::new();
    for seed in [7, 7, 8] {
        let proxy = Proxy::before(redis.address()).await;
        proxy.steal(Theft::Share { probability: 0.3, seed });
        let mut life = Vec::new();
        for _ in 0..40 {
            life.push(ask(&proxy, &["INCR", "n"]).await.is_ok());
        }
        lives.push(life);
    }
    assert_eq!(lives[0], lives[1]);
    assert_ne!(lives[0], lives[2]);
}

#[tokio::test]
async fn a_connection_can_be_made_however_much_is_stolen() {
    let redis = Redis::start().await;
    let proxy = Proxy::before(redis.address()).await;
    proxy.steal(Theft::Every(1));
    assert_eq!(ask(&proxy, &["PING"]).await.unwrap().text(), "PONG");
    assert!(ask(&proxy, &["SET", "a", "b"]).await.is_err());
    assert_eq!(redis.must(&["GET", "a"]).await.text(), "b");
}

#[tokio::test]
async fn it_refuses_falls_silent_cuts_and_heals() {
    let redis = Redis::start().await;
    let proxy = Proxy::before(redis.address()).await;
    let mut open = RespConnection::open(proxy.address()).await.unwrap();
    open.ask(&["PING"]).await.unwrap();

    proxy.refuse();
    assert!(ask(&proxy, &["PING"]).await.is_err());
    assert_eq!(open.ask(&["PING"]).await.unwrap().text(), "PONG");
    proxy.heal();
    assert_eq!(ask(&proxy, &["PING"]).await.unwrap().text(), "PONG");

    proxy.pause();
    // That nothing comes can only be seen by giving it time.
    let silence = timeout(Duration::from_millis(200), ask(&proxy, &["PING"])).await;
    assert!(silence.is_err(), "{silence:?}");
    proxy.heal();

    proxy.cut();
    assert!(open.ask(&["PING"]).await.is_err());
    assert_eq!(ask(&proxy, &["PING"]).await.unwrap().text(), "PONG");
}

#[tokio::test]
async fn it_finds_a_redis_that_was_restarted() {
    let mut redis = Redis::start().await;
    let proxy = Proxy::before(redis.address()).await;
    ask(&proxy, &["SET", "a", "b"]).await.unwrap();
    redis.handed_over().await;
    redis.kill();
    assert!(ask(&proxy, &["GET", "a"]).await.is_err());
    redis.restart().await;
    let found = until("the proxy reaches it", DEADLINE, || async { ask(&proxy, &["GET", "a"]).await.ok() });
    assert_eq!(found.await.text(), "b");
}
