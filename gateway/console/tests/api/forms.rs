//! Forms: only those of our own pages do something, each does what it says, and nobody overwrites anybody.

use wasmill_job::{Failure, FailureCode, Verdict};
use wasmill_queue::{Queue, State};

use crate::pages::text;
use crate::world::{Answer, World};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");

/// A browser that has opened a page.
pub(crate) struct Browser<'w> {
    world: &'w World,
    /// The token by which a proxy lets it in.
    bearer: Option<String>,
    cookie: String,
    token: String,
}

impl<'w> Browser<'w> {
    async fn open(world: &'w World, path: &str) -> Self {
        Self::begin(world, None, path).await
    }

    /// With the token of this name.
    pub(crate) async fn open_as(world: &'w World, name: &str, path: &str) -> Self {
        Self::begin(world, Some(format!("Bearer wm_{name}")), path).await
    }

    async fn begin(world: &'w World, bearer: Option<String>, path: &str) -> Self {
        let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
        let answer = world.call("GET", path, &headers, "").await;
        let set = answer.headers["set-cookie"].to_str().unwrap();
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
        let cookie = set.split(';').next().unwrap().to_owned();
        let page = text(&answer);
        let token = cookie.split('=').nth(1).unwrap().to_owned();
        if page.contains("method=\"post\"") {
            assert!(page.contains(&format!("name=\"token\" value=\"{token}\"")), "{page}");
        }
        Self { world, bearer, cookie, token }
    }

    async fn send(&self, path: &str, fields: &str) -> Answer {
        let mut headers = vec![FORM, OWN, ("cookie", self.cookie.as_str())];
        headers.extend(self.bearer.iter().map(|bearer| ("authorization", bearer.as_str())));
        self.world.call("POST", path, &headers, format!("token={}&{fields}", self.token)).await
    }

    /// What the page after a form says of it.
    pub(crate) async fn told(&self, path: &str, fields: &str) -> String {
        let answer = self.send(path, fields).await;
        assert_eq!(answer.status, 303, "{path}: {:?}", answer.body);
        let flash = answer.headers["set-cookie"].to_str().unwrap();
        let hex = flash.split([';', '=']).nth(1).unwrap();
        let bytes = hex.as_bytes()[1..].chunks_exact(2).map(|pair| std::str::from_utf8(pair).unwrap());
        let bytes = bytes.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
        String::from_utf8(bytes).unwrap()
    }

    /// Sends a form, follows it, and answers where it leads and the page there.
    async fn act(&self, path: &str, fields: &str) -> (String, String) {
        let answer = self.send(path, fields).await;
        assert_eq!(answer.status, 303, "{:?}", answer.body);
        let next = answer.headers["location"].to_str().unwrap().to_owned();
        let flash = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap();
        let cookies = format!("{}; {flash}", self.cookie);
        let page = self.world.call("GET", &next, &[("cookie", &cookies)], "").await;
        assert!(page.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"), "it is said once");
        (next, text(&page))
    }
}

async fn bury(world: &World, count: usize, message: &str) -> Vec<wasmill_job::JobId> {
    let failure = Failure::new(FailureCode::Rejected, message);
    world.settle(count, &Verdict::Bury { failure }).await.iter().map(|job| job.id).collect()
}

#[tokio::test]
async fn a_form_from_elsewhere_or_without_the_token_does_nothing() {
    let world = World::without_log().await;
    let browser = Browser::open(&world, "/console/types/hello").await;
    let (path, cookie) = ("/console/types/hello/mode", browser.cookie.as_str());
    let good = format!("token={}&mode=paused&revision=1", browser.token);
    let other = format!("token={}&mode=paused&revision=1", "0".repeat(32));
    let host = format!("http://{}", world.address);
    for (headers, body) in [
        // No cookie, no token, another token.
        (vec![FORM, OWN], good.as_str()),
        (vec![FORM, OWN, ("cookie", cookie)], "mode=paused&revision=1"),
        (vec![FORM, OWN, ("cookie", cookie)], other.as_str()),
        // Another origin, a page of nowhere, nobody who says.
        (vec![FORM, ("cookie", cookie), ("sec-fetch-site", "cross-site")], good.as_str()),
        (vec![FORM, ("cookie", cookie), ("sec-fetch-site", "same-site")], good.as_str()),
        (vec![FORM, ("cookie", cookie), ("origin", "http://evil.example")], good.as_str()),
        (vec![FORM, ("cookie", cookie), ("origin", "null")], good.as_str()),
        (vec![FORM, ("cookie", cookie)], good.as_str()),
    ] {
        let answer = world.call("POST", path, &headers, body.to_owned()).await;
        assert_eq!(answer.status, 403, "{headers:?} {body}: {:?}", answer.body);
    }
    assert_eq!(world.get("/v1/catalog").await.json()["revision"], 1);
    let origin = [FORM, ("cookie", cookie), ("origin", &host)];
    assert_eq!(world.call("POST", path, &origin, good).await.status, 303);
    assert_eq!(world.get("/v1/catalog").await.json()["revision"], 2);
    world.end().await;
}

#[tokio::test]
async fn a_type_is_paused_and_resumed() {
    let world = World::without_log().await;
    let browser = Browser::open(&world, "/console/types/hello").await;
    let (next, page) = browser.act("/console/types/hello/mode", "mode=paused&revision=1").await;
    assert_eq!(next, "/console/types/hello");
    assert!(page.contains("hello is paused since revision 2.") && page.contains("Resume: live"), "{page}");
    assert_eq!(world.get("/v1/catalog").await.json()["types"][0]["mode"], "paused");
    // Somebody else was quicker: what this browser saw is no longer in force.
    let (_, late) = browser.act("/console/types/hello/mode", "mode=live&revision=1").await;
    assert!(late.contains("The routing table is at revision 2, not 1"), "{late}");
    let (_, back) = browser.act("/console/types/hello/mode", "mode=live&revision=2").await;
    assert!(back.contains("hello is live since revision 3."), "{back}");
    let (_, none) = browser.act("/console/types/hello/mode", "mode=loud&revision=3").await;
    assert!(none.contains("`mode` must be"), "{none}");
    world.end().await;
}

#[tokio::test]
async fn a_mode_is_set_over_the_api() {
    let world = World::with_hello().await;
    let path = "/v1/catalog/types/hello/mode";
    let wanted = serde_json::json!({"mode": "live 5%"});
    assert_eq!(world.post(path, &wanted).await.json()["revision"], 2);
    let shown = world.get("/v1/catalog").await.json();
    assert_eq!(
        (&shown["types"][0]["mode"], &shown["message"]),
        (&"live 5%".into(), &"job type hello: live 5%".into())
    );
    assert_eq!(world.post(path, &wanted).await.json()["revision"], 2, "it has that mode already");
    let late = [("content-type", "application/json"), ("if-match", "\"1\"")];
    world.call("POST", path, &late, "{\"mode\":\"off\"}").await.problem(412, "revision-moved");
    world.post("/v1/catalog/types/none/mode", &wanted).await.problem(404, "unknown-entry");
    world.post(path, &serde_json::json!({"mode": "on"})).await.problem(400, "invalid-field");
    world.end().await;
}

#[tokio::test]
async fn a_job_is_cancelled_and_a_dead_one_redriven() {
    let world = World::without_log().await;
    let ids = world.enqueue(2).await;
    let dead = bury(&world, 1, "no").await[0];
    let live = *ids.iter().find(|id| **id != dead).unwrap();
    let browser = Browser::open(&world, &format!("/console/jobs/hello/{live}")).await;
    let (_, page) = browser.act(&format!("/console/jobs/hello/{live}/cancel"), "").await;
    assert!(page.contains("The job is cancelling."), "{page}");
    assert_eq!(world.queue.job(live).await.unwrap().unwrap().state, State::Cancelled);
    let (_, page) = browser.act(&format!("/console/jobs/hello/{dead}/redrive"), "").await;
    assert!(page.contains("Redriven: 1."), "{page}");
    assert_eq!(world.queue.job(dead).await.unwrap().unwrap().state, State::Pending);
    let (_, page) = browser.act(&format!("/console/jobs/hello/{dead}/redrive"), "").await;
    assert!(page.contains("There is no such letter any more."), "{page}");
    world.end().await;
}

#[tokio::test]
async fn dead_letters_are_redriven_and_purged_by_error_after_a_preview() {
    let world = World::without_log().await;
    world.enqueue(5).await;
    bury(&world, 2, "no user 1").await;
    bury(&world, 3, "disk full").await;
    let wanted = "type=hello&code=rejected&error=no%20user%20%23";
    let preview = world.page(&format!("/console/dead/preview?{wanted}&act=redrive")).await;
    assert!(
        preview.contains("<b>2</b> jobs will run again") && preview.contains(">Redrive 2 letters<"),
        "{preview}"
    );
    assert_eq!(world.dead_ids().await.len(), 5);
    let browser = Browser::open(&world, "/console/dead").await;
    let (next, page) = browser.act("/console/dead/redrive", wanted).await;
    assert_eq!(next, "/console/dead?type=hello");
    assert!(page.contains("Redriven: 2.") && !page.contains("no user #"), "{page}");
    let wanted = "type=hello&code=rejected&error=disk+full";
    let preview = world.page(&format!("/console/dead/preview?{wanted}&act=purge")).await;
    assert!(preview.contains("<b>3</b> letters will be thrown away"), "{preview}");
    let (_, page) = browser.act("/console/dead/purge", wanted).await;
    assert!(page.contains("Purged: 3.") && page.contains("No letters."), "{page}");
    world.end().await;
}

#[tokio::test]
async fn the_routing_table_goes_back_to_a_revision() {
    let world = World::with_hello().await;
    world.apply("[type.other]\nhandlers = [{ module = \"hello@1.0.0\" }]\n", &[]).await;
    let browser = Browser::open(&world, "/console/history/1").await;
    let shown = world.page("/console/history/1").await;
    assert!(shown.contains("type other") && shown.contains("Go back to revision 1"), "{shown}");
    let (next, page) = browser.act("/console/history/1/rollback", "revision=2").await;
    assert_eq!(next, "/console/history");
    assert!(page.contains("Revision 3 says what revision 1 said."), "{page}");
    let (_, late) = browser.act("/console/history/2/rollback", "revision=2").await;
    assert!(late.contains("The routing table is at revision 3, not 2"), "{late}");
    world.end().await;
}
