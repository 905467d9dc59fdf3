//! What a test asks of a cluster, and what it waits for: topics, configurations, leaders, replicas in sync.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use rand::RngExt;
use tokio::time::Instant;

use super::wire::{self, Metadata, Partition, Refused, Resource};
use super::{Kafka, Node};
use crate::{DEADLINE, until};

impl Kafka {
    /// Makes a topic and waits until every broker that runs knows it with a leader for each partition. Configurations as in
    /// Kafka's documentation: `min.insync.replicas`, `retention.ms`, ….
    ///
    /// # Panics
    /// When it exists, or Kafka refuses it.
    pub async fn create_topic(
        &self,
        name: &str,
        partitions: u32,
        replication: usize,
        configs: &[(&str, &str)],
    ) {
        let create = |address| wire::create_topic(address, name, partitions, replication, configs);
        self.must(&format!("create the topic {name}"), Some(wire::TOPIC_ALREADY_EXISTS), create).await;
        self.led(name).await;
    }

    /// Makes a topic whose name no other test has, with a replica on every broker, and answers its name.
    pub async fn fresh_topic(&self, stem: &str, partitions: u32) -> String {
        let name = format!("{stem}-{:08x}", rand::rng().random::<u32>());
        self.create_topic(&name, partitions, self.brokers, &[]).await;
        name
    }

    /// Deletes a topic and waits until no broker that runs knows it.
    ///
    /// # Panics
    /// When there is none.
    pub async fn delete_topic(&self, name: &str) {
        let delete = |address| wire::delete_topic(address, name);
        self.must(&format!("delete the topic {name}"), Some(wire::UNKNOWN_TOPIC), delete).await;
        self.until_all(&format!("the topic {name} is gone"), |seen| !seen.topics.contains_key(name)).await;
    }

    /// Sets one configuration of a topic, such as `unclean.leader.election.enable`; others stay as they are.
    ///
    /// # Panics
    /// When Kafka refuses it.
    pub async fn set_topic(&self, topic: &str, name: &str, value: &str) {
        let alter = |address| wire::alter(address, Resource::Topic(topic), name, value);
        self.must(&format!("set {name} of the topic {topic}"), None, alter).await;
    }

    /// Sets one configuration of a broker that runs, if it is one that may change while it does.
    ///
    /// # Panics
    /// When Kafka refuses it.
    pub async fn set_broker(&self, id: u32, name: &str, value: &str) {
        let address = self.node(id).address();
        // Only the broker itself takes it.
        let alter = |_| wire::alter(address, Resource::Broker(id), name, value);
        self.must(&format!("set {name} of the broker {id}"), None, alter).await;
    }

    /// Leader and replicas of one partition, as one of the brokers that run knows them now.
    ///
    /// # Panics
    /// When there is no such partition.
    pub async fn partition(&self, topic: &str, index: usize) -> Partition {
        let seen = until("a broker answers", DEADLINE, || async { self.views().await?.pop() }).await;
        let partitions = seen.topics.get(topic).unwrap_or_else(|| panic!("there is no topic {topic}"));
        partitions.get(index).unwrap_or_else(|| panic!("{topic} has no partition {index}")).clone()
    }

    /// Waits until a broker that runs leads this partition, and answers which.
    pub async fn leader(&self, topic: &str, index: usize) -> u32 {
        until(&format!("{topic}/{index} is led by a broker that runs"), DEADLINE, || async {
            let views = self.views().await?;
            let leader = views.first()?.topics.get(topic)?.get(index)?.leader?;
            let agreed = views.iter().all(|seen| {
                let partition = seen.topics.get(topic).and_then(|partitions| partitions.get(index));
                partition.is_some_and(|partition| partition.leader == Some(leader))
            });
            (agreed && self.node(leader).runs()).then_some(leader)
        })
        .await
    }

    /// Waits until every partition of the topic has a leader, in the eyes of every broker that runs.
    pub async fn led(&self, topic: &str) {
        let led = |seen: &Metadata| {
            let partitions = seen.topics.get(topic);
            partitions.is_some_and(|all| !all.is_empty() && all.iter().all(|one| one.leader.is_some()))
        };
        self.until_all(&format!("each partition of {topic} has a leader"), led).await;
    }

    /// Waits until this broker is in sync wherever it holds a replica, Kafka's own topics included.
    pub async fn in_sync(&self, id: u32) {
        let in_sync = |one: &Partition| !one.replicas.contains(&id) || one.in_sync.contains(&id);
        let holds = |seen: &Metadata| seen.topics.values().flatten().all(in_sync);
        self.until_all(&format!("the broker {id} is in sync"), holds).await;
    }

    /// Waits until this broker is in sync nowhere: the cluster has given it up.
    pub async fn out_of_sync(&self, id: u32) {
        let gone = |seen: &Metadata| seen.topics.values().flatten().all(|one| !one.in_sync.contains(&id));
        self.until_all(&format!("the broker {id} is out of sync"), gone).await;
    }

    /// Waits until every broker that runs sees so many.
    pub async fn has_brokers(&self, count: usize) {
        self.until_all(&format!("{count} brokers are there"), |seen| seen.brokers.len() == count).await;
    }

    async fn until_all(&self, what: &str, holds: impl Fn(&Metadata) -> bool) {
        until(what, DEADLINE, || async { self.views().await?.iter().all(&holds).then_some(()) }).await;
    }

    /// What each broker that runs knows; `None` when one does not answer.
    async fn views(&self) -> Option<Vec<Metadata>> {
        let mut views = Vec::new();
        for address in self.running() {
            views.push(wire::metadata(address).await.ok()?);
        }
        assert!(!views.is_empty(), "no broker runs");
        Some(views)
    }

    fn running(&self) -> Vec<SocketAddr> {
        self.nodes[..self.brokers].iter().filter(|node| node.runs()).map(Node::address).collect()
    }

    /// Asks one broker after another until one says yes. `done` is the refusal which says that an earlier question, whose
    /// answer was lost, was obeyed.
    async fn must<A>(&self, what: &str, done: Option<i16>, ask: impl Fn(SocketAddr) -> A)
    where
        A: Future<Output = io::Result<Result<(), Refused>>>,
    {
        let end = Instant::now() + DEADLINE;
        let mut lost = false;
        for address in self.running().into_iter().cycle() {
            let problem = match ask(address).await {
                Ok(Ok(())) => return,
                Ok(Err(refused)) if lost && done == Some(refused.code) => return,
                Ok(Err(Refused { code: wire::NOT_CONTROLLER, .. })) => "no controller".to_owned(),
                // So it is called, too, when brokers are taken for dead for a moment.
                Ok(Err(Refused { code: wire::TOO_FEW_BROKERS, .. })) => "too few brokers".to_owned(),
                Ok(Err(Refused { code: wire::REQUEST_TIMED_OUT, .. })) => {
                    lost = true;
                    "Kafka timed out".to_owned()
                }
                Ok(Err(Refused { code, reason })) => {
                    panic!("{what}: Kafka refuses with code {code}: {reason}")
                }
                Err(error) => {
                    lost = true;
                    error.to_string()
                }
            };
            assert!(Instant::now() < end, "{what}: it did not happen within {DEADLINE:?}: {problem}");
            // Not a wait for an effect: only the pause between two questions.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{what}: no broker runs");
    }
}
