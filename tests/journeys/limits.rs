//! Hostile handlers through the whole mill: each ends as a dead letter with the right code, and its neighbours run on.

use serde_json::{Value, json};
use wasmill_tests::World;

#[tokio::test]
async fn bad_guests_die_with_the_right_code_beside_a_good_one() {
    let world = World::start().await;
    let once = "retry = { attempts = 1 }";
    let cases = [
        ("spin", "limits = { timeout = \"200ms\", fuel = 1_000_000_000_000_000 }", json!({}), "timeout"),
        ("spin", "limits = { fuel = 1_000_000 }", json!({}), "fuel"),
        ("trap", "", json!({}), "trap"),
        ("huge", "limits = { output = \"1KiB\" }", json!({ "bytes": 100_000 }), "output"),
    ];
    world.route("greet", "hello", "").await;
    for (number, (guest, lines, payload, code)) in cases.into_iter().enumerate() {
        let job_type = format!("bad.{number}");
        world.route(&job_type, guest, &format!("{once}\n{lines}")).await;
        let bad = world.enqueue(&job_type, &payload).await;
        let good = world.enqueue("greet", &json!({ "name": "Ada" })).await;
        let dead: Value = world.reaches(&bad, "dead").await;
        assert_eq!(dead["error"]["code"], code, "{guest}: {dead}");
        world.reaches(&good, "completed").await;
    }
}
