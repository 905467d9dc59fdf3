//! Every page, on an empty mill and on a filled one: it is there, says what to do, is small, and carries its headers.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use wasmill_job::{Failure, FailureCode, Verdict};
use wasmill_queue::{Queue, State};

use crate::world::{Answer, WASM, World};

/// The pages that need no name.
const PAGES: [&str; 8] = [
    "/console",
    "/console/types",
    "/console/queues",
    "/console/workers",
    "/console/jobs",
    "/console/dead",
    "/console/modules",
    "/console/history",
];

/// No page is larger, in bytes.
const PAGE_BYTES_MAX: usize = 150_000;

impl World {
    /// The text of a page that is there.
    pub(crate) async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
        text(&answer)
    }

    /// The page, once it says this: numbers come from snapshots.
    pub(crate) async fn page_that_says(&self, path: &str, wanted: &str) -> String {
        let until = async {
            loop {
                let page = self.page(path).await;
                if page.contains(wanted) {
                    return page;
                }
                tokio::task::yield_now().await;
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(20), until).await;
        found.unwrap_or_else(|_| panic!("{path} never says {wanted}"))
    }
}

pub(crate) fn text(answer: &Answer) -> String {
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8", "{:?}", answer.body);
    let page = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(page.len() < PAGE_BYTES_MAX, "a page of {} bytes", page.len());
    page
}

/// Whether a page is whole, and has nothing that the policy would not run.
#[track_caller]
fn is_sound(page: &str) {
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"), "{page}");
    for part in ["<main id=\"main\"", "href=\"#main\"", "<h1>", "<nav aria-label", "lang=\"en\""] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for inline in [" style=", "<style", "onclick", "onload", "javascript:", "<script>"] {
        assert!(!page.contains(inline), "{inline}: {page}");
    }
}

#[tokio::test]
async fn the_versions_of_a_module_say_what_changed() {
    let world = World::with_hello().await;
    world.deploy("hello@1.1.0", &[WASM, b"calls out"].concat()).await;
    world.deploy("other@1.0.0", &[WASM, b"other"].concat()).await;
    let modules = world.page("/console/modules").await;
    assert!(modules.contains("href=\"/console/modules/of/hello\""), "{modules}");
    let page = world.page("/console/modules/of/hello").await;
    is_sound(&page);
    let [newer, older] =
        ["hello@1.1.0", "hello@1.0.0"].map(|tag| page.find(&format!("<th scope=\"row\">{tag}")));
    assert!(newer.is_some() && newer < older, "{page}");
    for part in [
        "<ins>http</ins>",
        "4 B more",
        "wasmill modules inspect hello@1.1.0",
        "href=\"/console/types/hello\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("other@"), "{page}");
    assert_eq!(world.get("/console/modules/of/nobody").await.status, 404);
    world.end().await;
}

#[tokio::test]
async fn an_empty_mill_says_what_comes_next() {
    let world = World::new().await;
    for path in PAGES {
        is_sound(&world.page(path).await);
    }
    for (path, command) in [
        ("/console", "wasmill new"),
        ("/console/types", "wasmill apply"),
        ("/console/queues", "wasmill apply"),
        ("/console/workers", "wasmill worker"),
        ("/console/jobs", "wasmill enqueue"),
        ("/console/modules", "wasmill deploy"),
        ("/console/history", "wasmill apply"),
    ] {
        let page = world.page(path).await;
        assert!(page.contains(command), "{path} does not name {command}: {page}");
    }
    assert!(world.page("/console/dead").await.contains("No letters."));
    world.end().await;
}

#[tokio::test]
async fn a_filled_mill_is_shown_on_every_page() {
    let world = World::without_log().await;
    let ids = world.enqueue(30).await;
    world.settle(5, &Verdict::Complete { output: Bytes::from("{\"greeting\":\"hello\"}") }).await;
    let failure = Failure::new(FailureCode::Trap, "index 17 out of range");
    world.settle(3, &Verdict::Bury { failure }).await;
    for path in PAGES {
        is_sound(&world.page(path).await);
    }
    let overview = world.page_that_says("/console", "hello has 3 dead letters").await;
    assert!(overview.contains("<b data-live=\"queue.pending\">22</b>"), "{overview}");
    let row = world.page_that_says("/console/types", "<td class=\"n\">22</td>").await;
    assert!(row.contains("hello@1.0.0") && row.contains("href=\"/console/types/hello\""), "{row}");
    let one = world.page("/console/types/hello").await;
    is_sound(&one);
    assert!(one.contains(">Pause<") && one.contains("Revision 1") && one.contains("hello@1.0.0"), "{one}");
    let jobs = world.page("/console/jobs?state=pending&type=hello").await;
    assert!(ids.iter().any(|id| jobs.contains(&format!("/console/jobs/hello/{id}"))), "{jobs}");
    let dead = world.page("/console/dead").await;
    assert!(dead.contains("index # out of range") && dead.contains("act=redrive"), "{dead}");
    let modules = world.page("/console/modules").await;
    assert!(
        modules.contains("hello@1.0.0") && modules.contains("href=\"/console/types/hello\""),
        "{modules}"
    );
    assert!(world.page("/console/history").await.contains("(in force)"));
    let first = world.page("/console/history/1").await;
    is_sound(&first);
    assert!(first.contains("type hello") && first.contains("This revision is in force."), "{first}");
    world.end().await;
}

#[tokio::test]
async fn one_job_is_shown_in_each_state() {
    let world = World::without_log().await;
    let ids = world.enqueue(3).await;
    let done = world.settle(1, &Verdict::Complete { output: Bytes::from("{\"greeting\":\"hello\"}") }).await;
    let failure = Failure::new(FailureCode::Rejected, "no such user");
    let dead = world.settle(1, &Verdict::Bury { failure }).await;
    let completed = world.page(&format!("/console/jobs/hello/{}", done[0].id)).await;
    is_sound(&completed);
    assert!(completed.contains("&quot;greeting&quot;: &quot;hello&quot;"), "{completed}");
    assert!(!completed.contains(">Cancel<") && !completed.contains(">Redrive<"), "{completed}");
    let buried = world.page(&format!("/console/jobs/hello/{}", dead[0].id)).await;
    for part in ["no such user", ">Redrive<", "Payload", "wasmill run hello.wasm", "/v1/modules/"] {
        assert!(buried.contains(part), "{part}: {buried}");
    }
    let live = ids.iter().find(|id| **id != done[0].id && **id != dead[0].id).unwrap();
    let pending = world.page(&format!("/console/jobs/hello/{live}")).await;
    assert!(pending.contains(">Cancel<") && pending.contains("It was not tried yet."), "{pending}");

    // By its id alone.
    let found = world.get(&format!("/console/jobs?id=%20{live}%20")).await;
    assert_eq!(
        (found.status.as_u16(), &found.headers["location"]),
        (303, &format!("/console/jobs/hello/{live}").parse().unwrap())
    );
    for (path, status) in [
        ("/console/jobs?id=x", 400),
        ("/console/jobs?id=0190163d-8694-8001-8000-64c2f1a0b3d5", 404),
        ("/console/jobs/hello/x", 400),
        ("/console/jobs/hello/0190163d-8694-8001-8000-64c2f1a0b3d5", 404),
        (&format!("/console/jobs/other/{live}"), 404),
        ("/console/types/helo", 404),
        ("/console/history/9", 404),
        ("/console/jobs?state=gone", 400),
        ("/console/dead/preview?act=burn", 400),
    ] {
        let answer = world.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        is_sound(&text(&answer));
    }
    assert!(text(&world.get("/console/types/helo").await).contains("hello"), "the near name is told");
    world.end().await;
}

#[tokio::test]
async fn each_attempt_of_a_job_is_shown() {
    let world = World::without_log().await;
    let id = world.enqueue(1).await[0];
    for message in ["<first> it was late\nand then it was too late", "busy"] {
        let failure = Failure::new(FailureCode::Retry, message);
        assert_eq!(world.settle(1, &Verdict::Retry { pause: Duration::ZERO, failure }).await.len(), 1);
        while world.queue.job(id).await.unwrap().unwrap().state == State::Scheduled {
            world.queue.sweep(10).await.unwrap();
        }
    }
    let tried = world.page(&format!("/console/jobs/hello/{id}")).await;
    is_sound(&tried);
    assert!(tried.contains("Attempt 1,") && !tried.contains("Attempt 2,"), "the last stands above: {tried}");
    assert_eq!(world.settle(1, &Verdict::Complete { output: Bytes::from("{}") }).await.len(), 1);
    let completed = world.page(&format!("/console/jobs/hello/{id}")).await;
    is_sound(&completed);
    let [second, first] = ["Attempt 2,", "Attempt 1,"].map(|text| completed.find(text).unwrap());
    assert!(second < first, "the newest stands first: {completed}");
    let cut = "<bdi dir=\"auto\">&lt;first&gt; it was late…</bdi>";
    assert!(completed.contains(cut) && completed.contains("and then it was too late"), "{completed}");
    world.end().await;
}

#[tokio::test]
async fn parked_jobs_are_found_in_the_log() {
    let world = World::with_hello().await;
    let ids = world.park(3).await;
    let list = world.page("/console/jobs?state=parked").await;
    assert!(list.contains(&format!("/console/jobs/hello/{}", ids[0])), "{list}");
    let one = world.page(&format!("/console/jobs/hello/{}", ids[0])).await;
    assert!(one.contains("parked") && one.contains("&lt;0&gt;") && one.contains(">Cancel<"), "{one}");
    world.page_that_says("/console", "jobs of hello are parked").await;
    world.end().await;
}

#[tokio::test]
async fn every_page_carries_the_headers_that_bind_it() {
    let world = World::with_hello().await;
    for path in PAGES.into_iter().chain(["/console/types/none", "/console/live"]) {
        let answer = world.head(path).await;
        assert_eq!(
            answer["content-security-policy"],
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
             form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            "{path}"
        );
        let of = |name: &str| answer[name].to_str().unwrap().to_owned();
        assert_eq!(
            (of("x-content-type-options"), of("cache-control")),
            ("nosniff".into(), "no-store".into())
        );
        assert_eq!((of("x-frame-options"), of("referrer-policy")), ("DENY".into(), "same-origin".into()));
    }
    let home = world.get("/").await;
    assert_eq!((home.status.as_u16(), &home.headers["location"]), (303, &"/console".parse().unwrap()));
    world.end().await;
}

#[tokio::test]
async fn style_and_script_are_kept_by_their_hash() {
    let world = World::new().await;
    let page = world.page("/console").await;
    let addresses: Vec<_> =
        page.split('"').filter(|part| part.starts_with("/console/assets/")).map(str::to_owned).collect();
    assert_eq!(addresses.len(), 2, "{addresses:?}");
    for address in addresses {
        let answer = world.get(&address).await;
        assert_eq!(answer.headers["cache-control"], "public, max-age=31536000, immutable");
        let kind = if address.ends_with(".css") {
            "text/css; charset=utf-8"
        } else {
            "text/javascript; charset=utf-8"
        };
        assert_eq!((answer.status.as_u16(), &answer.headers["content-type"]), (200, &kind.parse().unwrap()));
    }
    world.get("/console/assets/style.css").await.problem(404, "not-found");
    world.end().await;
}

#[tokio::test]
async fn a_thousand_types_fit_on_small_pages() {
    let world = World::with_hello().await;
    let types: String = (0..1_000)
        .map(|n| format!("[type.\"a-rather-long-name-of-a-job-type.{n:04}\"]\nhandlers = [{{ module = \"hello@1.0.0\" }}]\n"))
        .collect();
    assert_eq!(world.apply(&types, &[]).await.status, 200);
    for path in PAGES.into_iter().chain(["/console/history/2", "/console/types/hello"]) {
        is_sound(&world.page(path).await);
    }
    let first = world.page("/console/types").await;
    assert!(first.contains("1,001 job types") && first.contains("rel=\"next\""), "{first}");
    // The pages together are all of them.
    let (mut seen, mut address) = (0, "/console/types".to_owned());
    loop {
        let page = world.page(&address).await;
        seen += page.matches("<tr data-row=").count();
        let Some(link) = page.split("<a href=\"").find(|part| part.contains("rel=\"next\"")) else { break };
        address = link.split('"').next().unwrap().replace("&amp;", "&");
    }
    assert_eq!(seen, 1_001);
    assert_eq!(world.page("/console/types?name=hello").await.matches("<tr data-row=").count(), 1);
    world.end().await;
}

#[tokio::test]
async fn jobs_are_listed_page_by_page() {
    let world = World::without_log().await;
    let ids = world.enqueue(120).await;
    let (mut seen, mut address) =
        (std::collections::BTreeSet::new(), "/console/jobs?state=pending".to_owned());
    loop {
        let page = world.page(&address).await;
        seen.extend(ids.iter().filter(|id| page.contains(&id.to_string())).copied());
        let Some(link) = page.split("<a href=\"").find(|part| part.contains("rel=\"next\"")) else { break };
        address = link.split('"').next().unwrap().replace("&amp;", "&");
    }
    assert_eq!(seen.len(), 120);
    world.end().await;
}

#[tokio::test]
async fn a_mill_whose_queue_is_away_still_has_pages() {
    let world = World::with_hello().await;
    world.page_that_says("/console", "What needs attention").await;
    world.queue.close().await;
    for path in ["/console", "/console/types", "/console/queues", "/console/types/hello"] {
        let page = world.page_that_says(path, "The queue").await;
        is_sound(&page);
        assert!(page.contains("role=\"alert\""), "{page}");
    }
    let jobs = world.get("/console/jobs").await;
    assert_eq!(jobs.status, 503);
    assert!(text(&jobs).contains("shutting down"));
    world.end().await;
}

#[tokio::test]
async fn groups_of_dead_letters_are_counted_and_chosen() {
    let world = World::without_log().await;
    world.enqueue(6).await;
    for n in 0..4 {
        let failure = Failure::new(FailureCode::Rejected, format!("no user {n}"));
        world.settle(1, &Verdict::Bury { failure }).await;
    }
    world.settle(1, &Verdict::Bury { failure: Failure::new(FailureCode::Trap, "no user 9") }).await;
    let found = world.get("/v1/dead/groups").await.json();
    assert_eq!((&found["looked"], &found["more"]), (&5.into(), &false.into()));
    let group = |n: usize| {
        (
            found["groups"][n]["code"].clone(),
            found["groups"][n]["error"].clone(),
            found["groups"][n]["count"].clone(),
        )
    };
    assert_eq!(group(0), ("rejected".into(), "no user #".into(), 4.into()));
    assert_eq!(group(1), ("trap".into(), "no user #".into(), 1.into()));
    let listed = world.get("/v1/dead?code=trap&error=no%20user%20%23").await.json();
    assert_eq!(listed["letters"].as_array().unwrap().len(), 1);
    let chosen = json!({"all": true, "code": "rejected", "error": "no user #", "dry_run": true});
    assert_eq!(world.post("/v1/dead/redrive", &chosen).await.json()["redriven"], 4);
    assert_eq!(world.post("/v1/dead/purge", &chosen).await.json()["purged"], 4);
    assert_eq!(world.dead_ids().await.len(), 5, "a dry run changes nothing");
    let none = world.get("/v1/dead/groups?type=other").await.json();
    assert_eq!(none["groups"], json!([]));
    world.end().await;
}
