//! The stream of open pages: one event after another, and an end.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Incoming;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::world::World;

/// An open stream.
pub(crate) struct Events {
    body: Incoming,
    read: String,
}

impl Events {
    async fn open(world: &World, path: &str) -> Self {
        Self::begin(world, None, path).await
    }

    /// With the token of this name.
    pub(crate) async fn open_as(world: &World, name: &str, path: &str) -> Self {
        Self::begin(world, Some(&format!("wm_{name}")), path).await
    }

    /// With this token.
    pub(crate) async fn open_with(world: &World, token: &str, path: &str) -> Self {
        Self::begin(world, Some(token), path).await
    }

    async fn begin(world: &World, token: Option<&str>, path: &str) -> Self {
        let tcp = TcpStream::connect(world.address).await.unwrap();
        let (mut client, connection) = handshake(TokioIo::new(tcp)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::get(path).header("host", world.address.to_string());
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = client.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body(), read: String::new() }
    }

    /// The next event; `None` when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let json = serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap();
                self.read = rest.to_owned();
                return Some(json);
            }
            let frame = tokio::time::timeout(Duration::from_secs(30), self.body.frame()).await.unwrap()?;
            self.read.push_str(std::str::from_utf8(frame.unwrap().data_ref().unwrap()).unwrap());
        }
    }
}

#[tokio::test]
async fn numbers_come_as_they_change() {
    let world = World::without_log().await;
    let mut mill = Events::open(&world, "/console/live").await;
    let first = mill.next().await.unwrap();
    assert!(first["values"]["queue.pending"].is_string() && first.get("types").is_none(), "{first}");
    let mut types = Events::open(&world, "/console/live?types=all").await;
    world.enqueue(7).await;
    let until = async {
        while mill.next().await.unwrap()["values"]["queue.pending"] != "7" {}
        while types.next().await.unwrap()["types"]["hello"][0] != "7" {}
    };
    tokio::time::timeout(Duration::from_secs(20), until).await.unwrap();
    // Ends cleanly with both open: the streams end when the process stops, and hold up nothing.
    world.end().await;
    while mill.next().await.is_some() {}
    while types.next().await.is_some() {}
}

#[tokio::test]
async fn a_page_that_is_closed_is_forgotten() {
    let world = World::with_hello().await;
    for _ in 0..20 {
        let mut events = Events::open(&world, "/console/live").await;
        events.next().await.unwrap();
    }
    // All connections are gone, or the drain would cut them.
    world.end().await;
}
