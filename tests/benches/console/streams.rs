//! What fifty open pages take of the gateway's process while jobs come: all streams with the numbers of types.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::interval;
use wasmill_tests::{Mill, until};

use crate::cpu;
use crate::figures::print;
use crate::load::lines;

const PAGES: usize = 50;
const SPAN: Duration = Duration::from_secs(20);
/// A batch of jobs of half of the types comes so often: there is news for every page, each second.
const EACH: Duration = Duration::from_secs(1);

pub(crate) async fn measure(name: &str, mill: &Mill, pid: u32) {
    let quiet = share(mill, pid).await;
    print(
        &format!("{name}: gateway while 500 jobs/s come, no page open"),
        &format!("{:.2} % of a core", quiet * 1e2),
    );
    let read = Arc::new(AtomicUsize::new(0));
    let mut pages = JoinSet::new();
    for _ in 0..PAGES {
        pages.spawn(follow(mill.address(), Arc::clone(&read)));
    }
    until("every page has its first numbers", SPAN, || async {
        (read.load(Ordering::Relaxed) > PAGES * 100).then_some(())
    })
    .await;
    let before = read.load(Ordering::Relaxed);
    let watched = share(mill, pid).await;
    let kib = (read.load(Ordering::Relaxed) - before) as f64 / 1_024.0 / SPAN.as_secs_f64() / PAGES as f64;
    assert_eq!(pages.len(), PAGES);
    print(
        &format!("{name}: the same, {PAGES} pages open with all types"),
        &format!("{:.2} % of a core, {kib:.1} KiB/s to each", watched * 1e2),
    );
    print(&format!("{name}: the pages alone"), &format!("{:.2} % of a core", (watched - quiet) * 1e2));
    pages.shutdown().await;
}

/// The share of a core that the process takes while jobs come.
async fn share(mill: &Mill, pid: u32) -> f64 {
    let mut connection = mill.connect().await;
    let mut tick = interval(EACH);
    let before = cpu::seconds(pid);
    for second in 0..SPAN.as_secs() {
        tick.tick().await;
        let headers = [("content-type", "application/x-ndjson")];
        let batch = usize::try_from(second).unwrap();
        let reply = connection.send(Method::POST, "/v1/jobs/batch", &headers, lines(batch)).await.unwrap();
        assert_eq!(reply.status, 202, "{}", reply.text());
    }
    tick.tick().await;
    (cpu::seconds(pid) - before) / SPAN.as_secs_f64()
}

/// An open page: reads its stream for ever, and counts the bytes.
async fn follow(address: SocketAddr, read: Arc<AtomicUsize>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let ask = format!(
        "GET /console/live?types=all HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\r\n"
    );
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut some = vec![0; 64 << 10];
    loop {
        let count = stream.read(&mut some).await.unwrap();
        assert!(count > 0, "the stream has ended");
        read.fetch_add(count, Ordering::Relaxed);
    }
}
