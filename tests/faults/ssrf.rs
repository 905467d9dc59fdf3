//! A handler that calls where it must not: cloud metadata, the mill's own parts, other ports of the one service it is
//! granted, and those by every other spelling. Nothing of it goes out; the one granted call does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wasmill_tests::{RedisWorld, Setup, Watched};

use crate::books::Verdict;
use crate::mill_books::DRAINED;

const JOB_TYPE: &str = "outward.call";

/// A service that counts its connections, and answers each first request with a redirect to the metadata service.
async fn service() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, met) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&met);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = connection.read(&mut request).await;
                let answer = "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest/\r\n\
                              content-length: 0\r\nconnection: close\r\n\r\n";
                let _ = connection.write_all(answer.as_bytes()).await;
            });
        }
    });
    (address, met)
}

pub(crate) async fn run() -> Verdict {
    let world = RedisWorld::start(&Setup { workers: 1, lease_s: 60, ..Setup::default() }).await;
    let ((granted, met), (other, untouched)) = (service().await, service().await);
    let redis = world.redis().address();
    world
        .route(
            JOB_TYPE,
            "greedy",
            &format!(
                "retry = {{ attempts = 1 }}\ngrants = {{ http = [\"http://{granted}\"], emit = [\"none.*\"] }}\nlimits = {{ timeout = \"10s\" }}"
            ),
        )
        .await;
    let port = granted.port();
    let refused = [
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[fd00:ec2::254]/".to_owned(),
        "http://metadata.google.internal/".to_owned(),
        format!("http://{other}/"),
        format!("http://{redis}/"),
        format!("http://{}/v1/status", world.address()),
        format!("https://{granted}/"),
        format!("http://localhost:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://127.0.0.1:{port}@{other}/"),
        format!("http://{granted}@{other}/"),
        format!("http://0.0.0.0:{port}/"),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1/".to_owned(),
        format!("http://{other}\\@{granted}/"),
    ];
    let mut verdict = Verdict::default();
    for (url, goes_out) in
        refused.iter().map(|url| (url, false)).chain([(&format!("http://{granted}/x"), true)])
    {
        let job = world.enqueue(JOB_TYPE, &json!({"call": "http", "url": url, "rounds": 1})).await;
        verdict.acknowledged += 1;
        let view = world.reaches(&job, "completed").await;
        verdict.completed += 1;
        // One call: it was refused, or it had an answer (the redirect, which nobody follows).
        if view["output"] != json!({"refused": u8::from(!goes_out)}) {
            verdict.broken.push(format!("{url}: {view}"));
        }
    }
    world.drained(DRAINED).await;
    let (met, untouched) = (met.load(Ordering::SeqCst), untouched.load(Ordering::SeqCst));
    if (met, untouched) != (1, 0) {
        verdict.broken.push(format!(
            "the granted service was called {met} times and the other {untouched}, not 1 and 0"
        ));
    }
    eprintln!("{} addresses refused, 1 granted and called; nothing else was connected to", refused.len());
    if let Err(wrong) = world.check_queue() {
        verdict.broken.push(format!("`wasmill queue check` found: {wrong}"));
    }
    verdict
}
