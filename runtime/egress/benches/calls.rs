//! What the gate costs: a decision, and a call over loopback beside the same call with nothing but hyper.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench talks to a terminal, and stops at what it did not expect"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use wasmill_egress::{AllowList, Allowance, Egress, EgressConfig, Method, Request, Target};

use crate::world::{Server, ok};

#[path = "../tests/gate/world.rs"]
#[expect(dead_code, reason = "most of it is for the tests of the gate")]
mod world;

const DECISIONS: u32 = 1_000_000;
const CALLS: u32 = 5_000;
/// The best of so many runs counts: others have been disturbed.
const RUNS: usize = 5;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut list: Vec<String> = (0..9).map(|number| format!("https://api{number}.example.com")).collect();
    list.push("https://*.example.org".into());
    let list = AllowList::parse(&list).unwrap();
    let target = Target::parse("https://a.example.org/v1/things?x=y").unwrap();
    best("parse a URL", DECISIONS / 10, || {
        for _ in 0..DECISIONS / 10 {
            black_box(Target::parse(black_box("https://a.example.org/v1/things?x=y")).unwrap());
        }
    });
    best("judge, the last of 10 rules", DECISIONS, || {
        for _ in 0..DECISIONS {
            black_box(list.judge(Method::Get, black_box(&target)).unwrap());
        }
    });
    let server = runtime.block_on(Server::http(|_| ok("hello")));
    best("a call with hyper alone", CALLS, || runtime.block_on(bare(&server)));
    best("a call through the gate", CALLS, || runtime.block_on(gated(&server)));
}

async fn bare(server: &Server) {
    let stream = TcpStream::connect(server.address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    for _ in 0..CALLS {
        let request = http::Request::get("/").header("host", "a").body(Full::new(Bytes::new())).unwrap();
        sender.ready().await.unwrap();
        let response = sender.send_request(request).await.unwrap();
        black_box(response.into_body().collect().await.unwrap().to_bytes());
    }
}

async fn gated(server: &Server) {
    let egress = Egress::new(EgressConfig::default()).unwrap();
    let url = server.url("/");
    let list = AllowList::parse(&[server.url("")]).unwrap();
    for _ in 0..CALLS {
        let mut allowance = Allowance::new(1, 1 << 20);
        let request =
            Request { method: "GET".into(), url: url.clone(), headers: Vec::new(), body: Bytes::new() };
        let time = Duration::from_secs(5);
        black_box(egress.send(&list, request, &mut allowance, time).await.unwrap());
    }
}

fn best(what: &str, times: u32, run: impl Fn()) {
    let spans = (0..RUNS).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed()
    });
    println!("{what}: {:?}", spans.min().unwrap_or_default() / times);
}
