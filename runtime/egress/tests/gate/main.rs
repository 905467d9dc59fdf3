//! The gate against real servers.
#![allow(clippy::unwrap_used)]

mod limits;
mod messages;
mod policy;
mod pooling;
mod tls;
mod world;

use std::time::Duration;

use bytes::Bytes;
use wasmill_egress::{
    AllowList, Allowance, Egress, EgressConfig, EgressError, HeaderText, Limits, Request, Response,
};

use crate::world::Server;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

fn egress(limits: Limits) -> Egress {
    Egress::new(EgressConfig { limits, ..EgressConfig::default() }).unwrap()
}

fn list(rules: &[&str]) -> AllowList {
    AllowList::parse(rules).unwrap()
}

/// The list that grants `server`, by its address.
fn granting(server: &Server) -> AllowList {
    list(&[&server.url("")])
}

fn get(url: impl Into<String>) -> Request {
    Request { method: "GET".into(), url: url.into(), headers: Vec::new(), body: Bytes::new() }
}

fn with_header(name: &str, text: &str) -> Vec<(String, HeaderText)> {
    vec![(name.to_owned(), HeaderText::plain(text))]
}

fn plenty() -> Allowance {
    Allowance::new(1_000, 1 << 30)
}

/// Sends with plenty of time and allowance.
async fn send(egress: &Egress, list: &AllowList, request: Request) -> Result<Response, EgressError> {
    egress.send(list, request, &mut plenty(), LONG).await
}
