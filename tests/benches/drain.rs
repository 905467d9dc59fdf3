//! How fast a backlog of no-op jobs is worked off, beside the bare sandbox in a loop on the same cores.

use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Method;
use wasmill_tests::until;

use crate::bare;
use crate::figures::{JOB_TYPE, job, print, rate, world};

const JOBS: usize = 300_000;
const BATCH: usize = 500;

pub(crate) async fn measure() {
    let world = world("paused", &[]).await;
    let body = Bytes::from(vec![job(); BATCH].join("\n"));
    let headers = [("content-type", "application/x-ndjson")];
    let mut connection = world.connect().await;
    for _ in 0..JOBS / BATCH {
        let reply = connection.send(Method::POST, "/v1/jobs/batch", &headers, body.clone()).await.unwrap();
        assert_eq!(reply.status, 202, "{}", reply.text());
    }
    let jobs = u64::try_from(JOBS).unwrap();
    until("all are pending", Duration::from_secs(120), || async {
        (world.counts(JOB_TYPE).await["pending"] == jobs).then_some(())
    })
    .await;
    world
        .apply(&format!(
            "[type.\"{JOB_TYPE}\"]\nhandlers = [{{ module = \"noop@1.0.0\" }}]\nmode = \"live\"\n"
        ))
        .await;
    let began = until("the first job is done", Duration::from_secs(60), || async {
        (world.counts(JOB_TYPE).await["completed"].as_u64()? > 0).then(Instant::now)
    })
    .await;
    let already = usize::try_from(world.counts(JOB_TYPE).await["completed"].as_u64().unwrap()).unwrap();
    until("the backlog is worked off", Duration::from_secs(300), || async {
        (world.counts(JOB_TYPE).await["completed"] == jobs).then_some(())
    })
    .await;
    let took = began.elapsed();
    let bare = bare::jobs_per_second();
    let share = 100.0 * (JOBS - already) as f64 / took.as_secs_f64() / bare;
    print("bare sandbox loop, one thread per core, no-op handler", &format!("{bare:>9.0} jobs/s"));
    print(
        &format!("drain of a backlog of {JOBS}"),
        &format!("{} ({share:.0} % of bare)", rate(JOBS - already, took)),
    );
}
