//! Two operators change the routing table at two gateways at once, each over the revision it has seen. One wins each time, the
//! other is told what has changed, looks again and repeats; in the end every change of both is there.

use std::collections::BTreeSet;

use hyper::Method;
use serde_json::{Value, json};
use wasmill_tests::{ClusterSetup, ClusterWorld, DEADLINE, Mill, until};

use crate::Run;
use crate::books::Verdict;

/// What one operator met.
#[derive(Default)]
struct Met {
    applied: BTreeSet<u64>,
    conflicts: usize,
    broken: Vec<String>,
}

pub(crate) async fn run(run: Run) -> Verdict {
    let changes = run.of(25, 250);
    let mut world = ClusterWorld::start(&ClusterSetup { gateways: 2, ..ClusterSetup::default() }).await;
    let (first, second) = (world.at_gateway(0), world.at_gateway(1));
    let (one, two) = tokio::join!(write(&first, "one", changes), write(&second, "two", changes));
    // The gateway that is asked may not have written the last ones, and follows within two seconds.
    let written = one.applied.len() + two.applied.len();
    let catalog = until("the gateway follows what was written", DEADLINE, || async {
        let catalog = world.get("/v1/catalog").await.json();
        (catalog["revision"].as_u64() >= u64::try_from(written).ok()).then_some(catalog)
    })
    .await;
    let mut verdict = Verdict { acknowledged: 2 * changes, ..Verdict::default() };
    verdict.completed = catalog["queues"].as_array().map_or(0, Vec::len);
    verdict.lost = verdict.acknowledged.saturating_sub(verdict.completed);
    eprintln!("{} and {} conflicts", one.conflicts, two.conflicts);
    if verdict.lost > 0 {
        verdict.broken.push(format!("{} changes that were answered are not there", verdict.lost));
    }
    if one.applied.intersection(&two.applied).next().is_some() {
        verdict.broken.push("one revision was given to both".into());
    }
    if catalog["revision"] != json!(written) {
        verdict.broken.push(format!("revision {} is not what was written", catalog["revision"]));
    }
    verdict.broken.extend(one.broken.into_iter().chain(two.broken));
    verdict
}

/// Adds queues one by one, each over the revision that was looked at.
async fn write(gateway: &Mill, name: &str, changes: usize) -> Met {
    let mut met = Met::default();
    let mut connection = gateway.connect().await;
    for number in 0..changes {
        let text = format!("[queue.{name}-{number}]\npartitions = 1\n");
        let body = json!({ "files": [{ "name": "queues.toml", "text": text }] }).to_string();
        loop {
            let seen = connection.get("/v1/catalog").await.unwrap().json()["revision"].clone();
            let tag = format!("\"{seen}\"");
            let headers = [("content-type", "application/json"), ("if-match", tag.as_str())];
            let reply = connection
                .send(Method::POST, "/v1/catalog/apply", &headers, body.clone().into())
                .await
                .unwrap();
            let answer: Value = reply.json();
            match reply.status {
                200 => {
                    met.applied.extend(answer["revision"].as_u64());
                    break;
                }
                409 | 412 => {
                    met.conflicts += 1;
                    // Whoever follows a little behind sees no change yet that it could tell.
                    if answer["revision"].as_u64() <= seen.as_u64() || !answer["changes"].is_array() {
                        met.broken.push(format!("a conflict did not say what changed: {answer}"));
                    }
                }
                status => {
                    met.broken.push(format!("a change was answered {status}: {answer}"));
                    break;
                }
            }
        }
    }
    met
}
