//! The fixture against the real Kafka: what a test may rely on when it starts, kills, freezes and configures one.

use std::io::BufRead;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientConfig, Message};

use super::{Kafka, Security};
use crate::{DEADLINE, until};

fn client(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap).set("message.timeout.ms", "30000").set("group.id", "readers");
    config.set("auto.offset.reset", "earliest").set("enable.partition.eof", "false");
    config
}

async fn produce(config: &ClientConfig, topic: &str, text: &str) -> Result<(), KafkaError> {
    let producer: FutureProducer = config.create().unwrap();
    let record = FutureRecord::<(), _>::to(topic).payload(text).partition(0);
    producer.send(record, Duration::ZERO).await.map(drop).map_err(|(error, _)| error)
}

/// The first so many records of the topic.
async fn consume(config: &ClientConfig, topic: &str, count: usize) -> Vec<String> {
    let (config, topic) = (config.clone(), topic.to_owned());
    let read = move || {
        let consumer: BaseConsumer = config.create().unwrap();
        consumer.subscribe(&[&topic]).unwrap();
        let (mut texts, end) = (Vec::new(), Instant::now() + DEADLINE);
        while texts.len() < count {
            assert!(Instant::now() < end, "only {texts:?} came");
            if let Some(Ok(record)) = consumer.poll(Duration::from_millis(100)) {
                texts.push(String::from_utf8_lossy(record.payload().unwrap()).into_owned());
            }
        }
        texts
    };
    tokio::task::spawn_blocking(read).await.unwrap()
}

/// Waits until each of three brokers is in sync for the topic `jobs`: on a busy machine any of them may be given up for a moment.
async fn all_are_in_sync(kafka: &Kafka) {
    until("all are in sync", DEADLINE, || async {
        (kafka.partition("jobs", 0).await.in_sync == [1, 2, 3]).then_some(())
    })
    .await;
}

fn is_there(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[tokio::test]
async fn one_broker_keeps_what_it_took_through_kill_and_stop_and_leaves_nothing_when_dropped() {
    let began = Instant::now();
    let mut kafka = Kafka::start(1).await;
    println!("one broker answers after {:?}", began.elapsed());
    let client = client(&kafka.bootstrap());
    kafka.create_topic("jobs", 2, 1, &[("retention.ms", "86400000")]).await;
    produce(&client, "jobs", "first").await.unwrap();
    let before = kafka.pid(1);
    let began = Instant::now();
    kafka.kill(1);
    assert!(!kafka.is_up(1));
    kafka.start_again(1).await;
    println!("killed and back after {:?}", began.elapsed());
    assert_ne!(kafka.pid(1), before);
    kafka.led("jobs").await;
    produce(&client, "jobs", "second").await.unwrap();
    let began = Instant::now();
    kafka.stop(1).await;
    kafka.start_again(1).await;
    println!("stopped and back after {:?}", began.elapsed());
    kafka.led("jobs").await;
    assert_eq!(consume(&client, "jobs", 2).await, ["first", "second"]);
    assert!(kafka.data(1).join("jobs-0").is_dir());

    let (pid, log) = (kafka.pid(1), kafka.log_path(1));
    drop(kafka);
    assert!(!is_there(pid));
    assert!(!log.exists());
}

#[tokio::test]
async fn of_three_brokers_one_may_die_and_comes_back_into_sync() {
    let began = Instant::now();
    let mut kafka = Kafka::start(3).await;
    println!("three brokers answer after {:?}", began.elapsed());
    let client = client(&kafka.bootstrap());
    kafka.create_topic("jobs", 1, 3, &[("min.insync.replicas", "2")]).await;
    produce(&client, "jobs", "first").await.unwrap();
    let first = kafka.leader("jobs", 0).await;
    kafka.kill(first);
    kafka.out_of_sync(first).await;
    kafka.has_brokers(2).await;
    let second = kafka.leader("jobs", 0).await;
    assert_ne!(first, second);
    produce(&client, "jobs", "second").await.unwrap();

    kafka.start_again(first).await;
    kafka.in_sync(first).await;
    kafka.has_brokers(3).await;
    all_are_in_sync(&kafka).await;
    assert_eq!(consume(&client, "jobs", 2).await, ["first", "second"]);

    // A frozen one is given up too, and comes back when it is thawed.
    kafka.pause(second);
    let third = kafka.leader("jobs", 0).await;
    kafka.out_of_sync(second).await;
    assert_ne!(second, third);
    kafka.resume(second);
    kafka.in_sync(second).await;
}

#[tokio::test]
async fn two_of_three_and_then_all_may_die_and_a_stale_one_leads_only_when_it_is_told_to() {
    let mut kafka = Kafka::start(3).await;
    kafka.create_topic("jobs", 1, 3, &[("min.insync.replicas", "1")]).await;
    let client = client(&kafka.bootstrap());
    all_are_in_sync(&kafka).await;
    produce(&client, "jobs", "on all").await.unwrap();
    all_are_in_sync(&kafka).await;
    kafka.kill(1);
    kafka.kill(2);
    kafka.out_of_sync(1).await;
    kafka.out_of_sync(2).await;
    assert_eq!(kafka.leader("jobs", 0).await, 3);
    produce(&client, "jobs", "on one").await.unwrap();
    kafka.kill(3);

    kafka.start_again(1).await;
    kafka.has_brokers(1).await;
    assert_eq!(kafka.partition("jobs", 0).await.leader, None);
    kafka.set_topic("jobs", "unclean.leader.election.enable", "true").await;
    assert_eq!(kafka.leader("jobs", 0).await, 1);
    assert_eq!(consume(&client, "jobs", 1).await, ["on all"]);
    kafka.start_all_again(&[2, 3]).await;
    for id in kafka.broker_ids() {
        kafka.in_sync(id).await;
    }

    // Everything, in order, the controller last and first.
    for id in [3, 2, 1, Kafka::CONTROLLER] {
        kafka.stop(id).await;
    }
    kafka.start_all_again(&[Kafka::CONTROLLER, 1, 2, 3]).await;
    kafka.led("jobs").await;
}

#[tokio::test]
async fn topics_come_and_go_and_take_settings_and_too_few_replicas_in_sync_refuse() {
    let kafka = Kafka::shared().await;
    let topic = kafka.fresh_topic("settings", 1).await;
    assert_ne!(topic, kafka.fresh_topic("settings", 1).await);
    let client = client(&kafka.bootstrap());
    let large = "x".repeat(100_000);
    produce(&client, &topic, &large).await.unwrap();
    kafka.set_topic(&topic, "max.message.bytes", "50000").await;
    let refused = until("the setting is obeyed", DEADLINE, || async {
        produce(&client, &topic, &large).await.err().and_then(|error| error.rdkafka_error_code())
    });
    assert_eq!(refused.await, RDKafkaErrorCode::MessageSizeTooLarge);
    kafka.set_broker(1, "log.cleaner.backoff.ms", "1000").await;
    kafka.delete_topic(&topic).await;
    kafka.create_topic(&topic, 3, 1, &[]).await;
    assert_eq!(kafka.leader(&topic, 2).await, 1);
    assert!(std::ptr::eq(kafka, Kafka::shared().await));
}

#[tokio::test]
async fn passwords_and_tls_are_asked_for_where_they_should_be() {
    let kafka = Kafka::start_secured().await;
    let security = kafka.security();
    kafka.create_topic("jobs", 1, 1, &[]).await;
    produce(&client(&kafka.bootstrap()), "jobs", "plain").await.unwrap();

    let with_password = |config: &mut ClientConfig, mechanism: &str, password: &str| {
        config.set("sasl.mechanisms", mechanism).set("sasl.username", Security::USER);
        config.set("sasl.password", password);
    };
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let mut config = client(&security.password_bootstrap());
        config.set("security.protocol", "sasl_plaintext");
        with_password(&mut config, mechanism, Security::PASSWORD);
        produce(&config, "jobs", mechanism).await.unwrap();
        with_password(&mut config, mechanism, "wrong");
        config.set("message.timeout.ms", "2000");
        assert!(produce(&config, "jobs", "not let in").await.is_err());
    }
    let authority = security.authority_path().display().to_string();
    let mut tls = client(&security.tls_bootstrap());
    tls.set("security.protocol", "ssl").set("ssl.ca.location", &authority);
    produce(&tls, "jobs", "tls").await.unwrap();
    let mut both = client(&security.password_tls_bootstrap());
    both.set("security.protocol", "sasl_ssl").set("ssl.ca.location", &authority);
    with_password(&mut both, "SCRAM-SHA-512", Security::PASSWORD);
    produce(&both, "jobs", "both").await.unwrap();
    let mut strange = client(&security.tls_bootstrap());
    strange.set("security.protocol", "ssl").set("message.timeout.ms", "2000");
    assert!(produce(&strange, "jobs", "not trusted").await.is_err());

    let expected = ["plain", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "tls", "both"];
    assert_eq!(consume(&client(&kafka.bootstrap()), "jobs", expected.len()).await, expected);
}

/// Says which process this test may start as a child that is killed.
const VICTIM: &str = "WASMILL_KAFKA_VICTIM";

#[tokio::test]
async fn a_killed_test_process_leaves_no_broker_and_no_folder() {
    if std::env::var_os(VICTIM).is_some() {
        let kafka = Kafka::shared().await;
        println!("\nbroker {} {}", kafka.pid(1), kafka.log_path(1).display());
        // Until it is killed.
        return std::future::pending().await;
    }
    let this = std::env::current_exe().unwrap();
    let name = "kafka::tests::a_killed_test_process_leaves_no_broker_and_no_folder";
    let mut victim = Command::new(this)
        .args(["--exact", name, "--nocapture"])
        .env(VICTIM, "yes")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = std::io::BufReader::new(victim.stdout.take().unwrap()).lines();
    let line = said.map(Result::unwrap).find(|line| line.starts_with("broker ")).unwrap();
    let words: Vec<&str> = line.split(' ').collect();
    let (pid, log) = (words[1].parse().unwrap(), Path::new(words[2]));
    assert!(is_there(pid) && log.exists());
    victim.kill().unwrap();
    victim.wait().unwrap();
    let folder = log.parent().unwrap().parent().unwrap();
    until("broker and folder are gone", DEADLINE, || async {
        (!is_there(pid) && !folder.exists()).then_some(())
    })
    .await;
}
