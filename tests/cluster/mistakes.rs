//! Mistakes of an operator: one clear sentence each, and whether waiting helps.

use std::time::Duration;

use wasmill_job::Topic;
use wasmill_log::{
    KafkaConfig, KafkaLog, KafkaLogin, KafkaOpenError, KafkaSecurity, KafkaTls, Log, SaslMechanism,
};
use wasmill_tests::{DEADLINE, Kafka, Security, free_port};

use super::world::{at, config, open, record};

fn login(mechanism: SaslMechanism, password: &str) -> KafkaLogin {
    KafkaLogin { mechanism, user: Security::USER.into(), password: password.into() }
}

fn to(address: String, security: KafkaSecurity) -> KafkaLog {
    open(KafkaConfig { security, delivery_timeout: DEADLINE, ..KafkaConfig::new(vec![address]) })
}

fn refused(error: &KafkaOpenError, words: &[&str]) {
    let KafkaOpenError::Refused(sentence) = error else { panic!("waiting does not help here: {error}") };
    words.iter().for_each(|word| assert!(sentence.contains(word), "{word}: {sentence}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_at_the_address() {
    let address = format!("127.0.0.1:{}", free_port());
    let log = to(address.clone(), KafkaSecurity::default());
    let error = log.reach(Duration::from_secs(2)).await.unwrap_err();
    let KafkaOpenError::Unavailable(sentence) = &error else { panic!("it may pass: {error}") };
    assert!(sentence.contains(&address) && sentence.contains("kafka.brokers"), "{sentence}");
    let error = to("no-such-host.invalid:9092".into(), KafkaSecurity::default())
        .reach(Duration::from_secs(3))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no-such-host.invalid:9092"), "{error}");
}

#[test]
fn settings_that_cannot_be_meant() {
    let fault = |config: KafkaConfig| KafkaLog::open(config).unwrap_err();
    refused(&fault(KafkaConfig::new(Vec::new())), &["kafka.brokers"]);
    refused(&fault(KafkaConfig::new(vec!["kafka".into()])), &["kafka", "host:port"]);
    let tls = KafkaTls { ca: Some("/no/such/file.pem".into()), ..KafkaTls::default() };
    let security = KafkaSecurity { tls: Some(tls), login: None };
    let config = KafkaConfig { security, ..KafkaConfig::new(vec!["kafka:9092".into()]) };
    refused(&fault(config), &["/no/such/file.pem"]);
}

#[test]
fn a_password_is_not_shown() {
    let shown = format!("{:?}", login(SaslMechanism::Plain, "very secret"));
    assert!(!shown.contains("secret") && shown.contains(Security::USER), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_and_certificates() {
    let kafka = Kafka::start_secured().await;
    let secured = kafka.security();
    let tls = || Some(KafkaTls { ca: Some(secured.authority_path()), ..KafkaTls::default() });
    let right = |mechanism| Some(login(mechanism, Security::PASSWORD));
    let (plain, scram) = (SaslMechanism::Plain, SaslMechanism::ScramSha512);

    let good = [
        (secured.password_bootstrap(), KafkaSecurity { tls: None, login: right(plain) }),
        (secured.password_bootstrap(), KafkaSecurity { tls: None, login: right(SaslMechanism::ScramSha256) }),
        (secured.tls_bootstrap(), KafkaSecurity { tls: tls(), login: None }),
        (secured.password_tls_bootstrap(), KafkaSecurity { tls: tls(), login: right(scram) }),
    ];
    kafka.create_topic("wasmill.q.safe.1", 1, 1, &[]).await;
    let of = at(&Topic::from("wasmill.q.safe.1"), 0);
    for (address, security) in good {
        let log = to(address, security);
        log.reach(DEADLINE).await.unwrap();
        let position = log.append(vec![record(&of, "a")]).await.unwrap().remove(0);
        assert_eq!(log.read(&of, position.offset, 1).await.unwrap()[0].offset, position.offset);
        log.close().await;
    }

    for mechanism in [plain, scram] {
        let wrong = KafkaSecurity { tls: None, login: Some(login(mechanism, "wrong")) };
        let error = to(secured.password_bootstrap(), wrong).reach(DEADLINE).await.unwrap_err();
        refused(&error, &["login", Security::USER, "kafka.password"]);
    }
    let untrusted = KafkaSecurity { tls: Some(KafkaTls::default()), login: None };
    let error = to(secured.tls_bootstrap(), untrusted).reach(DEADLINE).await.unwrap_err();
    refused(&error, &["TLS", "kafka.ca_file"]);
    let log = open(config(&kafka, "plain"));
    log.reach(DEADLINE).await.unwrap();
    log.close().await;
}
