//! A browser signs in with a token, looks at pages with its session, and signs out.

use crate::live::Events;
use crate::pages::text;
use crate::world::{Answer, World};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");

/// The cookies that an answer sets, as a browser sends them back.
fn cookies(answer: &Answer) -> Vec<String> {
    let all = answer.headers.get_all("set-cookie").iter();
    all.map(|set| set.to_str().unwrap().split(';').next().unwrap().to_owned()).collect()
}

/// A browser that has opened the page to sign in on.
struct Browser<'w> {
    world: &'w World,
    cookie: String,
    form: String,
}

impl<'w> Browser<'w> {
    async fn open(world: &'w World) -> Self {
        let page = world.get("/console/sign-in?next=/console/jobs%3Ftype%3Dhello").await;
        assert_eq!(page.status, 200);
        let cookie = cookies(&page).remove(0);
        let form = cookie.split_once('=').unwrap().1.to_owned();
        let page = text(&page);
        assert!(page.contains("name=\"next\" value=\"/console/jobs?type=hello\""), "{page}");
        assert!(!page.contains("<nav") && !page.contains("/console/live"), "{page}");
        Self { world, cookie, form }
    }

    async fn send(&self, path: &str, more: &[(&str, &str)], fields: &str) -> Answer {
        let session = more.iter().find(|(name, _)| *name == "cookie").map(|(_, value)| *value);
        let cookie = session.map_or(self.cookie.clone(), |session| format!("{}; {session}", self.cookie));
        let mut headers = vec![FORM, OWN, ("cookie", cookie.as_str())];
        headers.extend(more.iter().filter(|(name, _)| *name != "cookie"));
        self.world.call("POST", path, &headers, format!("token={}&{fields}", self.form)).await
    }

    /// Signs in; answers the cookie of the session.
    async fn sign_in(&self, name: &str) -> String {
        let answer = self.send("/console/sign-in", &[], &format!("secret=wm_{name}")).await;
        assert_eq!(answer.status, 303, "{:?}", answer.body);
        cookies(&answer).remove(0)
    }
}

#[tokio::test]
async fn a_token_opens_the_pages_until_the_browser_signs_out() {
    let world = World::guarded().await;
    let browser = Browser::open(&world).await;
    let next = "secret=+wm_hello+&next=%2Fconsole%2Fjobs%3Ftype%3Dhello";
    let entered = browser.send("/console/sign-in", &[], next).await;
    assert_eq!(
        (entered.status.as_u16(), &entered.headers["location"]),
        (303, &"/console/jobs?type=hello".parse().unwrap())
    );
    let set = entered.headers["set-cookie"].to_str().unwrap();
    assert_eq!(set, "wm_session=wm_hello; Path=/console; HttpOnly; SameSite=Strict");
    let session = cookies(&entered).remove(0);
    let with = async |path: &str| world.call("GET", path, &[("cookie", &session)], "").await;
    let page = text(&with("/console/types").await);
    assert!(page.contains("Signed in as hello") && page.contains(">Sign out<"), "{page}");
    assert!(page.contains("/console/types/hello") && !page.contains("mail"), "its types only: {page}");
    // By a header there is no session to give up.
    let page = text(&world.call_as("hello", "GET", "/console/types").await);
    assert!(page.contains("Signed in as hello") && !page.contains(">Sign out<"), "{page}");
    for path in ["/v1/status", "/v1/catalog", "/v1/modules", "/v1/dead?type=hello"] {
        with(path).await.problem(401, "token-missing");
    }
    let out = browser.send("/console/sign-out", &[("cookie", &session)], "").await;
    assert_eq!((out.status.as_u16(), &out.headers["location"]), (303, &"/console/sign-in".parse().unwrap()));
    assert!(
        out.headers["set-cookie"].to_str().unwrap().starts_with("wm_session=; Path=/console; Max-Age=0;")
    );
    let sent = world.get("/console/jobs?type=hello").await;
    let location = sent.headers["location"].to_str().unwrap();
    assert_eq!((sent.status.as_u16(), location), (303, "/console/sign-in?next=/console/jobs%3Ftype%3Dhello"));
    world.end().await;
}

#[tokio::test]
async fn a_form_that_comes_with_a_session_is_one_of_our_own() {
    let world = World::guarded().await;
    let browser = Browser::open(&world).await;
    let session = browser.sign_in("admin").await;
    let (path, fields) = ("/console/types/hello/mode", "mode=paused&revision=1");
    let both = format!("{}; {session}", browser.cookie);
    let good = format!("token={}&{fields}", browser.form);
    for (headers, body) in [
        (vec![FORM, ("cookie", both.as_str()), ("sec-fetch-site", "cross-site")], good.as_str()),
        (vec![FORM, ("cookie", both.as_str()), ("origin", "http://evil.example")], good.as_str()),
        (vec![FORM, ("cookie", both.as_str())], good.as_str()),
        (vec![FORM, OWN, ("cookie", both.as_str())], fields),
        (vec![FORM, OWN, ("cookie", session.as_str())], good.as_str()),
    ] {
        assert_eq!(world.call("POST", path, &headers, body.to_owned()).await.status, 403, "{headers:?}");
    }
    let gone = browser.send(path, &[], fields).await;
    assert_eq!(gone.status, 401, "without a session");
    assert_eq!(world.catalog.current().revision.0, 1);
    assert_eq!(browser.send(path, &[("cookie", &session)], fields).await.status, 303);
    let current = world.call_as("admin", "GET", "/v1/catalog").await.json();
    assert_eq!((&current["revision"], &current["author"]), (&2.into(), &"admin".into()));
    world.end().await;
}

#[tokio::test]
async fn a_wrong_token_is_told_and_no_cookie_is_set() {
    let world = World::guarded().await;
    let browser = Browser::open(&world).await;
    let long = format!("secret={}", "x".repeat(300));
    for (fields, says) in [
        ("secret=wm_nobody&next=/console/dead", "This token is not known here"),
        ("secret=", "This token is not known here"),
        (long.as_str(), "This token is not known here"),
    ] {
        let answer = browser.send("/console/sign-in", &[], fields).await;
        assert_eq!(answer.status, 401, "{fields}");
        assert!(!answer.headers.contains_key("set-cookie"), "{fields}");
        let page = text(&answer);
        assert!(
            page.contains(says) && page.contains("name=\"secret\"") && !page.contains("wm_nobody"),
            "{page}"
        );
        assert_eq!(page.contains("value=\"/console/dead\""), fields.contains("dead"), "{page}");
    }
    // Nor may a foreign page sign this browser in, or out.
    for path in ["/console/sign-in", "/console/sign-out"] {
        for headers in [
            vec![FORM, ("cookie", browser.cookie.as_str()), ("sec-fetch-site", "cross-site")],
            vec![FORM, OWN],
        ] {
            let body = format!("token={}&secret=wm_admin", browser.form);
            let answer = world.call("POST", path, &headers, body).await;
            assert_eq!(answer.status, 403, "{path}");
            assert!(cookies(&answer).iter().all(|cookie| !cookie.starts_with("wm_session")), "{path}");
        }
    }
    world.end().await;
}

#[tokio::test]
async fn the_cookie_is_secure_where_the_page_came_by_https_and_leads_to_our_pages_only() {
    let world = World::guarded().await;
    let browser = Browser::open(&world).await;
    let answer = browser.send("/console/sign-in", &[("x-forwarded-proto", "https")], "secret=wm_admin").await;
    assert!(answer.headers["set-cookie"].to_str().unwrap().ends_with("; SameSite=Strict; Secure"));
    for next in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2Fv1%2Fstatus", "%2Fconsole%2F..%2Fv1"]
    {
        let answer = browser.send("/console/sign-in", &[], &format!("secret=wm_admin&next={next}")).await;
        assert_eq!(answer.headers["location"], "/console", "{next}");
        let page = text(&world.get(&format!("/console/sign-in?next={next}")).await);
        assert!(page.contains("href=\"/console\"") && !page.contains("evil"), "{page}");
    }
    world.end().await;
}

#[tokio::test]
async fn without_tokens_nobody_signs_in() {
    let world = World::with_hello().await;
    let answer = world.get("/console/sign-in?next=/console/types").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["location"]),
        (303, &"/console/types".parse().unwrap())
    );
    assert!(!world.page("/console").await.contains("Sign out"));
    world.end().await;
}

#[tokio::test]
async fn what_pages_link_to_is_open_to_their_session() {
    let world = World::guarded().await;
    let session = Browser::open(&world).await.sign_in("hello").await;
    let with = async |path: &str| world.call("GET", path, &[("cookie", &session)], "").await;
    let page = text(&with("/console/modules").await);
    let is_bytes =
        |part: &&str| part.strip_prefix("/console/modules/").is_some_and(|rest| !rest.contains('/'));
    let link = page.split('"').find(is_bytes).unwrap();
    assert_eq!(with(link).await.body, [crate::world::WASM, b"hello"].concat());
    let file = with("/console/history/1/file").await;
    assert_eq!(file.headers["content-type"], "application/toml");
    let file = String::from_utf8(file.body.to_vec()).unwrap();
    assert!(file.contains("[type.hello]") && !file.contains("mail"), "{file}");
    for path in ["/console", "/console/types", "/console/queues", "/console/history/1", "/console/modules"] {
        let page = text(&with(path).await);
        let foreign = page.split("href=\"").skip(1).find(|link| link.starts_with("/v1"));
        assert_eq!(foreign, None, "{path} links to what its session does not open");
    }
    world.end().await;
}

#[tokio::test]
async fn the_stream_ends_when_the_token_is_revoked() {
    let world = World::guarded().await;
    let body = serde_json::json!({"name": "brief", "roles": ["read"]});
    let made = world.post_as("admin", "/v1/tokens", &body).await.json();
    let mut events = Events::open_with(&world, made["token"].as_str().unwrap(), "/console/live").await;
    events.next().await.unwrap();
    assert_eq!(world.call_as("admin", "DELETE", "/v1/tokens/brief").await.status, 200);
    let until_end = async { while events.next().await.is_some() {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), until_end).await.unwrap();
    world.end().await;
}
