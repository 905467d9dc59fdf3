//! Payloads on the page of a job: shown until it is done, and then found in the log by whoever asks.

use std::time::Duration;

use bytes::Bytes;
use wasmill_job::{Clock, Failure, FailureCode, IdSource, Job, Partition, SystemClock, UnixMs, Verdict};
use wasmill_log::Log;

use crate::world::{World, job_record};

impl World {
    /// A job that was accepted at this moment, and carried into the queue.
    async fn accepted(&self, at: UnixMs, payload: Bytes) -> Job {
        let partition = Partition(0);
        let mut ids = IdSource::default();
        let job = Job { accepted_at: at, payload, ..self.job(&mut ids, 0, partition) };
        self.log.append(vec![job_record(self.lane(partition).topic, &job)]).await.unwrap();
        self.relay().await;
        job
    }
}

fn failure() -> Failure {
    Failure::new(FailureCode::Rejected, "no such user")
}

fn complete() -> Verdict {
    Verdict::Complete { output: Bytes::from_static(b"done") }
}

#[tokio::test]
async fn it_is_shown_until_the_job_is_done() {
    let world = World::without_log().await;
    world.enqueue(4).await;
    let completed = world.settle(1, &complete()).await.remove(0);
    let dead = world.settle(1, &Verdict::Bury { failure: failure() }).await.remove(0);
    let later = Verdict::Retry { pause: Duration::from_secs(3_600), failure: failure() };
    let scheduled = world.settle(1, &later).await.remove(0);
    let list = world.get("/v1/jobs?state=pending").await.json();
    let pending = list["jobs"][0]["id"].as_str().unwrap().to_owned();
    let all = [&completed, &dead, &scheduled];
    let left =
        (0..4).map(|index| format!("<{index}>")).find(|text| all.iter().all(|job| job.payload != *text));
    for (id, payload) in [
        (pending, left.unwrap()),
        (scheduled.id.to_string(), String::from_utf8(scheduled.payload.to_vec()).unwrap()),
        (dead.id.to_string(), String::from_utf8(dead.payload.to_vec()).unwrap()),
    ] {
        let page = world.page(&format!("/console/jobs/hello/{id}")).await;
        let shown = payload.replace('<', "&lt;").replace('>', "&gt;");
        assert!(page.contains(&shown) && page.contains("Download the whole"), "{page}");
        assert!(page.contains("printf %s") && !page.contains("Look in the log"), "{page}");
        let whole = world.get(&format!("/console/jobs/hello/{id}/payload")).await;
        assert_eq!((whole.status.as_u16(), whole.body), (200, Bytes::from(payload)));
    }
    let address = format!("/console/jobs/hello/{}", completed.id);
    let page = world.page(&address).await;
    assert!(page.contains("this mill has no log") && !page.contains("Look in the log"), "{page}");
    assert!(page.contains("--payload payload.json"), "{page}");
    assert_eq!(world.get(&format!("{address}/payload")).await.status, 404);
    world.end().await;
}

#[tokio::test]
async fn that_of_a_job_that_is_done_is_found_in_the_log() {
    let world = World::with_hello().await;
    let job = world.accepted(SystemClock.now(), Bytes::from_static(b"<payload>")).await;
    let address = format!("/console/jobs/hello/{}", job.id);
    assert!(world.page(&address).await.contains("&lt;payload&gt;"));
    assert_eq!(world.settle(1, &complete()).await, std::slice::from_ref(&job));
    let page = world.page(&address).await;
    assert!(page.contains("Look in the log") && !page.contains("&lt;payload&gt;"), "{page}");
    // The commands to run it at home fetch it first.
    assert!(
        page.contains("curl -f -o ") && page.contains(&format!("/v1{}/payload", &address[8..])),
        "{page}"
    );
    let whole = world.get(&format!("{address}/payload")).await;
    assert_eq!((whole.status.as_u16(), &whole.body), (200, &job.payload));
    assert_eq!(whole.headers["content-type"], "application/octet-stream");
    assert_eq!(whole.headers["content-disposition"], format!("attachment; filename=\"{}.payload\"", job.id));
    assert_eq!(whole.headers["x-content-type-options"], "nosniff");

    // One whose record stands long before it would.
    let later = SystemClock.now().plus(Duration::from_secs(3_600));
    let job = world.accepted(later, Bytes::from_static(b"early")).await;
    world.settle(1, &complete()).await;
    let missing = world.get(&format!("/console/jobs/hello/{}/payload", job.id)).await;
    assert_eq!(missing.status, 404);
    let told = String::from_utf8(missing.body.to_vec()).unwrap();
    assert!(told.contains("With its receipt it is read where it stands"), "{told}");
    world.end().await;
}

#[tokio::test]
async fn what_does_not_fit_into_a_command_is_fetched() {
    let world = World::with_hello().await;
    let long = world.accepted(SystemClock.now(), Bytes::from("x".repeat(3_000))).await;
    let page = world.page(&format!("/console/jobs/hello/{}", long.id)).await;
    assert!(page.contains("curl -f -o ") && page.contains(&format!("/v1/jobs/hello/{}/payload", long.id)));
    assert!(!page.contains("printf"), "{page}");
    world.end().await;
}
