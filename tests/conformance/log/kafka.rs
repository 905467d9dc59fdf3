//! The suite on the log in Kafka. One broker serves all cases; names of topics and groups keep them apart.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::{Mutex, OnceCell};
use wasmill_job::{Generation, QueueName, Topic};
use wasmill_log::{KafkaConfig, KafkaLog};
use wasmill_tests::{DEADLINE, Kafka};

use super::LogUnderTest;

super::every_case!(crate::log::kafka::Clustered);

/// The log in Kafka, as one process has it.
pub(crate) struct Clustered {
    log: KafkaLog,
    case: u32,
    made: Arc<Mutex<BTreeSet<Topic>>>,
}

const RECORD_BYTES_MAX: usize = 1_000_000;
const PARTITIONS: u32 = 11;

async fn broker() -> &'static Kafka {
    static TOPICS: OnceCell<()> = OnceCell::const_new();
    let kafka = Kafka::shared().await;
    TOPICS
        .get_or_init(|| async {
            kafka.create_topic(Topic::settled().as_str(), 4, 1, &[("cleanup.policy", "compact")]).await;
            kafka.create_topic(Topic::dead().as_str(), 1, 1, &[("cleanup.policy", "compact")]).await;
        })
        .await;
    kafka
}

impl Clustered {
    async fn open(case: u32, made: Arc<Mutex<BTreeSet<Topic>>>) -> Self {
        let config = KafkaConfig {
            group: format!("case-{case}"),
            replication: 1,
            min_insync: 1,
            record_bytes_max: RECORD_BYTES_MAX,
            delivery_timeout: DEADLINE,
            ..KafkaConfig::new(vec![broker().await.bootstrap()])
        };
        Self { log: KafkaLog::open(config).unwrap(), case, made }
    }

    async fn make(&self, name: &str, settings: &[(&str, &str)]) -> Topic {
        let queue: QueueName = format!("{name}-{}", self.case).parse().unwrap();
        let topic = Topic::queue(&queue, Generation(1));
        if self.made.lock().await.insert(topic.clone()) {
            broker().await.create_topic(topic.as_str(), PARTITIONS, 1, settings).await;
        }
        topic
    }
}

impl LogUnderTest for Clustered {
    type Log = KafkaLog;

    const RECORD_BYTES_MAX: usize = RECORD_BYTES_MAX;

    async fn fresh() -> Self {
        static CASES: AtomicU32 = AtomicU32::new(0);
        Self::open(CASES.fetch_add(1, Ordering::SeqCst), Arc::default()).await
    }

    fn log(&self) -> KafkaLog {
        self.log.clone()
    }

    async fn topic(&self, name: &str) -> Topic {
        self.make(name, &[]).await
    }

    async fn dead(&self) -> Topic {
        self.make("dead", &[("cleanup.policy", "compact")]).await
    }

    fn parked(&self) -> Topic {
        Topic::parked(&format!("email.welcome-{}", self.case).parse().unwrap())
    }

    async fn close(&self) {
        self.log.clone().close().await;
    }

    async fn reopen(self) -> Self {
        let Self { log, case, made } = self;
        drop(log);
        Self::open(case, made).await
    }

    /// What a killed process leaves behind is in the brokers.
    async fn crash(self) -> Self {
        self.reopen().await
    }

    /// The broker compacts when it likes to; nothing but that is asked of it.
    async fn compact(&self) {}
}
