//! Unit tests of `config::kafka`.

#![allow(clippy::unwrap_used)]

use crate::config::tests::load;
use crate::config::{LogKind, QueueKind};

const IN_USE: &str = "[log]\nkind = \"kafka\"\n[queue]\nkind = \"redis\"\n";

fn says(kafka: &str, variables: &[(&str, &str)]) -> String {
    load(&format!("{IN_USE}[kafka]\n{kafka}\n"), variables).unwrap_err().to_string()
}

#[test]
fn brokers_come_as_a_list_or_as_one_text() {
    let brokers = |text: &str, variables: &[(&str, &str)]| {
        let config = load(&format!("{IN_USE}[kafka]\n{text}\n"), variables).unwrap();
        assert_eq!((config.log.kind, config.queue.kind), (LogKind::Kafka, QueueKind::Redis));
        config.kafka.brokers.iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let both = ["kafka-1:9092", "[::1]:9093"];
    assert_eq!(brokers("brokers = [\"kafka-1:9092\", \"[::1]:9093\"]", &[]), both);
    assert_eq!(brokers("brokers = \"kafka-1:9092, [::1]:9093\"", &[]), both);
    let variable = [("WASMILL_KAFKA_BROKERS", "kafka-1:9092,[::1]:9093")];
    assert_eq!(brokers("brokers = [\"other:1\"]", &variable), both);
    assert_eq!(brokers("", &variable), both);
}

#[test]
fn kafka_needs_brokers_and_a_queue_in_redis() {
    assert_eq!(
        load("[log]\nkind = \"kafka\"", &[]).unwrap_err().to_string(),
        "wasmill.toml:2:1: `log.kind` is \"kafka\", and the embedded queue is for one process with its own log: set \
         queue.kind = \"redis\"\n\
         default: `kafka.brokers` names none, and log.kind is \"kafka\": write one HOST:PORT at least"
    );
}

#[test]
fn an_address_that_is_none_is_named() {
    for wrong in ["kafka", "kafka:", ":9092", "kafka:0", "kafka:99999", "http://kafka:9092", "::1:9092"] {
        let says = says(&format!("brokers = [\"kafka-1:9092\", \"{wrong}\"]"), &[]);
        let wanted =
            format!("wasmill.toml:6:1: `kafka.brokers` has `{wrong}`, which is not of the form HOST:PORT");
        assert!(says.starts_with(&wanted), "{says}");
    }
}

#[test]
fn all_mistakes_come_at_once() {
    let kafka = "brokers = \"kafka:1\"\ngroup = \"\"\ninstance_id = \"a b\"\nprotocol = \"sasl-tls\"\nkey_file = \"/k\"\n\
                 delivery_timeout = \"1ms\"\nbuffer_size = \"1KiB\"\nreplication = 1\nretention = \"1m\"";
    let says = says(kafka, &[("WASMILL_KAFKA_MECHANISM", "md5")]);
    let keys: Vec<_> = says.lines().filter_map(|line| line.split('`').nth(1)).collect();
    let wanted = [
        "kafka.user",
        "kafka.password",
        "kafka.cert_file",
        "kafka.min_insync",
        "kafka.group",
        "kafka.instance_id",
        "kafka.delivery_timeout",
        "kafka.buffer_size",
        "kafka.retention",
        "kafka.mechanism",
    ];
    let sorted = |keys: &[&str]| {
        let mut keys: Vec<_> = keys.iter().map(|key| (*key).to_owned()).collect();
        keys.sort();
        keys
    };
    assert_eq!(sorted(&keys), sorted(&wanted), "{says}");
}

#[test]
fn what_would_have_no_effect_is_a_mistake() {
    let says =
        says("brokers = \"kafka:1\"\nuser = \"mill\"\npassword = \"secret\"\nca_file = \"/ca.pem\"", &[]);
    assert_eq!(says.lines().count(), 3, "{says}");
    assert!(says.contains("`kafka.user` is set, and kafka.protocol does not log in"), "{says}");
    assert!(says.contains("`kafka.ca_file` is set, and kafka.protocol does not encrypt"), "{says}");
    assert!(!says.contains("secret"), "{says}");
}

#[test]
fn a_password_is_not_shown() {
    let text = format!("{IN_USE}[kafka]\nbrokers = \"kafka:1\"\nprotocol = \"sasl-tls\"\nuser = \"mill\"\n");
    let config = load(&text, &[("WASMILL_KAFKA_PASSWORD", "s3cret")]).unwrap();
    assert_eq!(config.kafka.password.reveal(), "s3cret");
    let shown = format!("{config}{config:?}");
    assert!(shown.contains("password = \"***\"") && !shown.contains("s3cret"), "{shown}");
}
