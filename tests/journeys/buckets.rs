//! Mills whose artifacts are in a bucket: what one is told, another one does.

use serde_json::json;
use wasmill_tests::{DEADLINE, S3, World, until};

async fn mill(server: &S3) -> World {
    let settings = server.settings("mills");
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    World::start_with(None, &settings).await
}

#[tokio::test]
async fn what_is_deployed_to_one_mill_runs_on_another_and_outlives_the_bucket() {
    let server = S3::start().await;
    let (one, mut two) = (mill(&server).await, mill(&server).await);
    one.route("greet", "hello", "").await;
    until("the other one follows", DEADLINE, || async {
        let catalog = two.get("/v1/catalog").await.json();
        (catalog["revision"] == json!(1)).then_some(())
    })
    .await;
    let job = two.enqueue("greet", &json!({ "name": "Ada" })).await;
    two.reaches(&job, "completed").await;

    // The bucket is away, and the mill starts again: it takes and runs jobs, and refuses changes.
    two.stop().await;
    server.freeze();
    two.restart().await;
    let job = two.enqueue("greet", &json!({ "name": "Bo" })).await;
    two.reaches(&job, "completed").await;
    let files = json!({ "files": [{ "name": "x.toml", "text": "[queue.other]\n" }], "message": "" });
    let refused = two.post("/v1/catalog/apply", &files).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.text().contains("s3://mill/mills"), "{}", refused.text());
    server.thaw();
    until("a change is taken again", DEADLINE, || async {
        (two.post("/v1/catalog/apply", &files).await.status == 200).then_some(())
    })
    .await;
    until("the first one follows", DEADLINE, || async {
        (one.get("/v1/catalog").await.json()["revision"] == json!(2)).then_some(())
    })
    .await;
}
