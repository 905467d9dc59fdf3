//! Pages of a token for some job types: they show what the API shows it, and their forms change what it may.

use serde_json::json;
use wasmill_job::{IdSource, Job, JobId, Partition};
use wasmill_log::Log;

use crate::forms::Browser;
use crate::live::Events;
use crate::pages::text;
use crate::world::{World, job_record};

impl World {
    /// Stores jobs of a type in the log, and carries them to the queue. Answers their ids.
    async fn arrive(&self, job_type: &str, count: usize, ids: &mut IdSource) -> Vec<JobId> {
        let mut accepted = Vec::new();
        for index in 0..count {
            let job_type = job_type.parse().unwrap();
            let job = Job { job_type, ..self.job(ids, index, Partition(0)) };
            self.log.append(vec![job_record(self.lane(Partition(0)).topic, &job)]).await.unwrap();
            accepted.push(job.id);
        }
        self.relay().await;
        accepted
    }
}

#[tokio::test]
async fn pages_show_the_tokens_own_types_only() {
    let world = World::guarded().await;
    for path in [
        "/console",
        "/console/types",
        "/console/types/hello",
        "/console/queues",
        "/console/jobs",
        "/console/jobs?state=pending&type=hello",
        "/console/dead",
        "/console/dead?type=hello",
        "/console/modules",
        "/console/history",
        "/console/history/1",
    ] {
        let own = world.call_as("hello", "GET", path).await;
        assert_eq!(own.status, 200, "{path}: {:?}", own.body);
        let own = text(&own);
        assert!(own.contains("hello") && !own.contains("mail"), "{path}: {own}");
    }
    for path in ["/console/jobs", "/console/dead"] {
        let whole = text(&world.call_as("admin", "GET", path).await);
        assert!(!whole.contains("one at a time"), "{path}: {whole}");
        let own = text(&world.call_as("hello", "GET", path).await);
        assert!(own.contains("one at a time") && own.contains("type=hello\""), "{path}: {own}");
    }
    assert!(text(&world.call_as("admin", "GET", "/console/types").await).contains("mail"));
    world.end().await;
}

#[tokio::test]
async fn foreign_types_and_jobs_are_refused_whether_or_not_they_are_there() {
    let world = World::guarded().await;
    let mail = world.arrive("mail", 1, &mut IdSource::default()).await[0];
    for path in [
        "/console/types/mail",
        "/console/types/nowhere",
        "/console/jobs?type=mail",
        "/console/dead?type=mail",
        "/console/dead?code=trap&type=mail",
        "/console/dead/preview?act=purge",
        "/console/dead/preview?act=redrive&type=mail",
        &format!("/console/jobs/mail/{mail}"),
        &format!("/console/jobs/mail/{mail}/payload"),
        &format!("/console/jobs/mail/{mail}/output"),
    ] {
        let refused = world.call_as("hello", "GET", path).await;
        assert_eq!(refused.status, 403, "{path}");
        assert!(text(&refused).contains("`hello` is for the job types hello"), "{path}");
    }
    // By its id alone, or under an own type, it is one that nobody knows.
    for path in [format!("/console/jobs?id={mail}"), format!("/console/jobs/hello/{mail}")] {
        let unknown = world.call_as("hello", "GET", &path).await;
        assert_eq!(unknown.status, 404, "{path}");
        assert!(!text(&unknown).contains("mail"), "{path}");
    }
    assert_eq!(world.call_as("admin", "GET", &format!("/console/jobs?id={mail}")).await.status, 303);
    world.call_as("hello", "GET", "/v1/dead/groups").await.problem(403, "type-forbidden");
    world.call_as("hello", "GET", "/v1/dead/groups?type=mail").await.problem(403, "type-forbidden");
    assert_eq!(world.call_as("hello", "GET", "/v1/dead/groups?type=hello").await.status, 200);
    world.end().await;
}

#[tokio::test]
async fn forms_change_the_tokens_own_types_only() {
    let world = World::guarded().await;
    let mail = world.arrive("mail", 1, &mut IdSource::default()).await[0];
    let hello = Browser::open_as(&world, "hello", "/console/types/hello").await;
    let paused = json!({"mode": "paused"});
    world.post_as("hello", "/v1/catalog/types/mail/mode", &paused).await.problem(403, "type-forbidden");
    for (path, fields) in [
        ("/console/types/mail/mode", "mode=paused&revision=1"),
        ("/console/types/nowhere/mode", "mode=paused&revision=1"),
        (&format!("/console/jobs/mail/{mail}/cancel"), ""),
        (&format!("/console/jobs/mail/{mail}/redrive"), ""),
        ("/console/dead/redrive", ""),
        ("/console/dead/redrive", "type=mail"),
        ("/console/dead/purge", ""),
        ("/console/dead/purge", "type=mail"),
    ] {
        let told = hello.told(path, fields).await;
        assert!(told.contains("`hello` is for the job types hello, and "), "{path}: {told}");
    }
    assert_eq!(world.catalog.current().revision.0, 1);
    let told = hello.told("/console/types/hello/mode", "mode=paused&revision=1").await;
    assert!(told.contains("hello is paused since revision 2."), "{told}");
    world.end().await;
}

#[tokio::test]
async fn nobody_goes_back_over_what_others_have_changed_and_their_names_are_not_told() {
    let world = World::guarded().await;
    let mode = json!({"mode": "paused"});
    assert_eq!(world.post_as("hello", "/v1/catalog/types/hello/mode", &mode).await.json()["revision"], 2);
    let hello = Browser::open_as(&world, "hello", "/console/history/1").await;
    let page = text(&world.call_as("hello", "GET", "/console/history/1").await);
    assert!(page.contains("Go back to revision 1"), "{page}");
    assert_eq!(world.post_as("admin", "/v1/catalog/types/mail/mode", &mode).await.json()["revision"], 3);
    let page = text(&world.call_as("hello", "GET", "/console/history/1").await);
    assert!(page.contains("would change others, too") && !page.contains("Go back to"), "{page}");
    assert!(!page.contains("mail"), "{page}");
    let told = hello.told("/console/history/1/rollback", "revision=3").await;
    assert!(told.contains("would change others, too") && !told.contains("mail"), "{told}");
    let back = json!({"revision": 1});
    let refused = world.post_as("hello", "/v1/catalog/rollback", &back).await.problem(403, "type-forbidden");
    assert!(!refused.to_string().contains("mail"), "{refused}");
    let page = text(&world.call_as("hello", "GET", "/console/history/3").await);
    assert!(page.contains("Nothing changes.") && !page.contains("<b>type mail</b>"), "{page}");
    world.end().await;
}

#[tokio::test]
async fn live_numbers_are_those_of_the_tokens_own_types() {
    let world = World::guarded().await;
    let mut ids = IdSource::default();
    let mut own = Events::open_as(&world, "hello", "/console/live?types=all").await;
    let mut all = Events::open_as(&world, "admin", "/console/live?types=all").await;
    world.arrive("mail", 5, &mut ids).await;
    world.arrive("hello", 2, &mut ids).await;
    let until = async {
        loop {
            let event = all.next().await.unwrap();
            if event["values"]["queue.pending"] == "7" {
                assert_eq!(
                    (&event["types"]["mail"][0], &event["types"]["hello"][0]),
                    (&"5".into(), &"2".into())
                );
                break;
            }
        }
        loop {
            let event = own.next().await.unwrap();
            assert!(!event.to_string().contains("mail"), "{event}");
            let pending = event["values"]["queue.pending"].as_str().unwrap().parse::<u64>().unwrap();
            assert!(pending <= 2, "{event}");
            if pending == 2 {
                assert_eq!(event["types"]["hello"][0], "2");
                break;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), until).await.unwrap();
    world.end().await;
}

#[tokio::test]
async fn a_page_has_the_buttons_that_its_visitor_may_press() {
    let world = World::guarded().await;
    let ids = world.bury(1).await;
    let of = async |name: &str, path: &str| text(&world.call_as(name, "GET", path).await);
    let (job, kind) = (format!("/console/jobs/hello/{}", ids[0]), "/console/types/hello");
    // The operator has `operate` alone.
    assert!(of("operator", &job).await.contains(">Redrive<"));
    assert!(!of("operator", kind).await.contains(">Pause<"));
    assert!(of("hello", kind).await.contains(">Pause<"));
    let reader = of("reader", "/console/dead?type=hello").await;
    assert!(
        !reader.contains("act=redrive") && !reader.contains("act=purge") && !reader.contains(&job),
        "{reader}"
    );
    let operator = of("operator", "/console/dead?type=hello").await;
    assert!(operator.contains("act=purge") && operator.contains(&job), "{operator}");
    world.end().await;
}
