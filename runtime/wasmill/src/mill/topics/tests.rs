//! Unit tests of `mill::topics`.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use wasmill_job::Generation;

use super::*;

#[test]
fn a_mill_has_a_topic_for_each_generation_and_two_that_are_compacted() {
    let mut catalog = Catalog::default();
    let sixteen = NonZeroU32::new(16).unwrap();
    let mut spec = mail();
    let old = std::mem::replace(&mut spec.current, GenerationSpec::main(Generation(2), sixteen));
    spec.draining.push(old);
    catalog.queues.insert("mail".parse().unwrap(), spec);
    let config = KafkaConfig { retention: Duration::from_secs(3600), ..KafkaConfig::default() };
    let plans = plans(&catalog, &config);
    let shown: Vec<_> = plans
        .iter()
        .map(|plan| (plan.topic.as_str(), plan.partitions.get(), plan.retention, plan.compacted))
        .collect();
    assert_eq!(
        shown,
        [
            ("wasmill.q.mail.1", 1, Some(Duration::from_secs(3600)), false),
            ("wasmill.q.mail.2", 16, Some(Duration::from_secs(3600)), false),
            ("wasmill.dead", 1, None, true),
            ("wasmill.settled", 8, None, true),
        ]
    );
    assert!(plans.iter().all(|plan| (plan.replication, plan.min_insync) == (3, 2)));
}

fn mail() -> QueueSpec {
    let text = "[queue.mail]\npartitions = 1\n";
    let files = [wasmill_catalog::SourceFile::new("mill.toml", text)];
    let plan = wasmill_catalog::plan(
        &Catalog::default(),
        &files,
        &std::collections::BTreeMap::new(),
        wasmill_catalog::Backing::Log,
    );
    plan.unwrap().next.queues.into_values().next().unwrap()
}
