//! What handlers and callers write does nothing on a page.

use bytes::Bytes;
use wasmill_job::{Failure, FailureCode, Verdict};

use crate::world::World;

const SCRIPT: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>";

#[tokio::test]
async fn errors_outputs_and_payloads_are_text() {
    let world = World::without_log().await;
    world.enqueue(2).await;
    let output = format!("{SCRIPT}\u{202e}gnp.exe\u{0}");
    let done = world.settle(1, &Verdict::Complete { output: Bytes::from(output.clone()) }).await;
    let message = format!("{SCRIPT}\u{202e}'\"");
    let dead =
        world.settle(1, &Verdict::Bury { failure: Failure::new(FailureCode::Rejected, message) }).await;
    let addresses = [
        format!("/console/jobs/hello/{}", done[0].id),
        format!("/console/jobs/hello/{}", dead[0].id),
        "/console/dead".to_owned(),
        "/console/dead?code=rejected".to_owned(),
        "/console/dead/preview?code=rejected&act=purge".to_owned(),
        format!("/console/dead?type=hello&code=x&error={}", "%3Cscript%3E%E2%80%AE"),
    ];
    for address in &addresses {
        let page = world.page(address).await;
        assert!(!page.contains("<script>") && !page.contains("<img"), "{address}: {page}");
        assert!(!page.contains('\u{202e}') && !page.contains('\u{0}'), "{address}: {page}");
    }
    assert!(world.page(&addresses[0]).await.contains("&lt;script&gt;"));

    // The whole is a file, byte for byte.
    let file = world.get(&format!("{}/output", addresses[0])).await;
    assert_eq!(file.body, output.as_bytes());
    assert_eq!(file.headers["content-type"], "application/octet-stream");
    assert_eq!(
        file.headers["content-disposition"],
        format!("attachment; filename=\"{}.output\"", done[0].id)
    );
    assert_eq!(file.headers["x-content-type-options"], "nosniff");
    let payload = world.get(&format!("{}/payload", addresses[1])).await;
    assert_eq!((payload.status.as_u16(), payload.body), (200, dead[0].payload.clone()));
    assert_eq!(world.get(&format!("{}/payload", addresses[0])).await.status, 404);
    world.end().await;
}

#[tokio::test]
async fn names_in_addresses_and_messages_of_revisions_are_text() {
    let world = World::with_hello().await;
    world
        .apply(
            "[type.hello]\nowner = \"<b>me</b>\\u202egpj\"\nhandlers = [{ module = \"hello@1.0.0\" }]\n",
            &[("message", format!("{SCRIPT}\u{202e}gpj.exe").into())],
        )
        .await;
    for path in [
        "/console",
        "/console/history",
        "/console/history/2",
        "/console/types/hello",
        "/console/types?name=%22%3E%3Cb%3E",
    ] {
        let page = world.page(path).await;
        assert!(
            !page.contains("<script>") && !page.contains("<b>me") && !page.contains("\"><b>"),
            "{path}: {page}"
        );
        assert!(!page.contains('\u{202e}'), "{path}: {page}");
    }
    let missing = world.get("/console/types/%3Cscript%3E").await;
    assert_eq!(missing.status, 404);
    assert!(!String::from_utf8(missing.body.to_vec()).unwrap().contains("<script>"));
    let flash = "wasmill_flash=g3c7363726970743e";
    let told = world.call("GET", "/console", &[("cookie", flash)], "").await;
    let told = String::from_utf8(told.body.to_vec()).unwrap();
    assert!(told.contains("&lt;script&gt;") && !told.contains("<script>"), "{told}");
    world.end().await;
}

#[tokio::test]
async fn large_outputs_are_cut_on_the_page() {
    let world = World::without_log().await;
    world.enqueue(1).await;
    let output = Bytes::from("é".repeat(100_000));
    let done = world.settle(1, &Verdict::Complete { output: output.clone() }).await;
    let address = format!("/console/jobs/hello/{}", done[0].id);
    assert!(world.page(&address).await.contains("Only the beginning is shown."));
    assert_eq!(world.get(&format!("{address}/output")).await.body, output);
    world.end().await;
}
