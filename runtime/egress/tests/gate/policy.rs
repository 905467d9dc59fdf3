//! Who may be called.

use std::net::IpAddr;
use std::process::Command;
use std::sync::Arc;

use wasmill_egress::{Egress, EgressConfig, EgressError, Limits, TableResolver};

use crate::world::{Server, ok};
use crate::{egress, get, granting, list, send};

fn with_names(config: EgressConfig, names: &[(&str, &str)]) -> Egress {
    let table = names.iter().fold(TableResolver::default(), |table, (name, address)| {
        table.with(name, &[address.parse::<IpAddr>().unwrap()])
    });
    Egress::with_resolver(config, Arc::new(table)).unwrap()
}

fn denied(result: Result<wasmill_egress::Response, EgressError>) -> String {
    match result {
        Err(EgressError::Denied { reason }) => reason,
        other => panic!("expected a denial, got {other:?}"),
    }
}

#[tokio::test]
async fn without_grants_nothing_is_called() {
    let server = Server::http(|_| ok("hello")).await;
    let reason = denied(send(&egress(Limits::default()), &list(&[]), get(server.url("/"))).await);
    assert!(reason.contains("no grant"), "{reason}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_granted_address_is_called() {
    let server = Server::http(|request| {
        let host = request.headers()["host"].to_str().unwrap().to_owned();
        ok(format!("{} {} {host}", request.method(), request.uri()))
    })
    .await;
    let response =
        send(&egress(Limits::default()), &granting(&server), get(server.url("/a?b=c#d"))).await.unwrap();
    assert_eq!(response.status, 200);
    assert_eq!(response.body, format!("GET /a?b=c {}", server.address));
}

#[tokio::test]
async fn a_granted_name_that_leads_to_loopback_is_refused() {
    let server = Server::http(|_| ok("hello")).await;
    let egress = with_names(EgressConfig::default(), &[("api.example.com", "127.0.0.1")]);
    let origin = format!("http://api.example.com:{}", server.address.port());
    for rule in [origin.clone(), format!("{origin} private")] {
        let reason = denied(send(&egress, &list(&[&rule]), get(origin.clone())).await);
        assert!(reason.contains("the worker's own machine"), "{reason}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn metadata_is_refused_however_it_is_granted() {
    for address in ["169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"] {
        let egress = with_names(EgressConfig::default(), &[("meta.internal", address)]);
        let list = list(&["http://meta.internal private"]);
        denied(send(&egress, &list, get("http://meta.internal/latest/meta-data")).await);
    }
}

#[tokio::test]
async fn private_addresses_need_the_word_private() {
    for address in ["10.0.0.7", "192.168.1.1", "172.31.0.1", "100.64.0.1", "fd12::1"] {
        let egress = with_names(EgressConfig::default(), &[("billing.internal", address)]);
        denied(send(&egress, &list(&["http://billing.internal"]), get("http://billing.internal")).await);
    }
}

#[tokio::test]
async fn what_the_operator_denies_no_rule_grants() {
    let server = Server::http(|_| ok("hello")).await;
    let denying =
        |what: &str| EgressConfig { denied: vec![what.parse().unwrap()], ..EgressConfig::default() };
    for what in ["127.0.0.0/8", "127.0.0.1"] {
        let egress = Egress::new(denying(what)).unwrap();
        let reason = denied(send(&egress, &granting(&server), get(server.url("/"))).await);
        assert!(reason.contains("denied to all handlers"), "{reason}");
    }
    assert_eq!(server.connections(), 0);

    let list = list(&["http://*.platform.internal:6379 private", "http://redis.internal:6379 private"]);
    for (what, host) in
        [("redis.internal", "redis.internal"), ("*.platform.internal", "kafka.platform.internal")]
    {
        let egress = with_names(denying(what), &[(host, "10.0.0.7")]);
        let reason = denied(send(&egress, &list, get(format!("http://{host}:6379/"))).await);
        assert!(reason.contains("denied to all handlers"), "{reason}");
    }
    // By another name, the network holds.
    let egress = with_names(denying("10.0.0.0/24"), &[("alias.platform.internal", "10.0.0.7")]);
    denied(send(&egress, &list, get("http://alias.platform.internal:6379/")).await);
}

#[tokio::test]
async fn a_redirect_is_a_response_and_is_not_followed() {
    let server = Server::http(|_| {
        let mut response = ok("");
        *response.status_mut() = http::StatusCode::FOUND;
        response.headers_mut().insert("location", "http://169.254.169.254/".parse().unwrap());
        response
    })
    .await;
    let response = send(&egress(Limits::default()), &granting(&server), get(server.url("/"))).await.unwrap();
    assert_eq!(response.status, 302);
    let location = response.headers.iter().find(|(name, _)| name == "location").unwrap();
    assert_eq!(location.1, b"http://169.254.169.254/");
    assert_eq!(server.connections(), 1);
}

/// Runs `a_granted_address_is_called` where every variable that names a proxy leads nowhere.
#[test]
fn proxies_of_the_environment_are_not_used() {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "policy::a_granted_address_is_called"]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        child.env(name, "http://127.0.0.1:1");
    }
    child.env("no_proxy", "").env("NO_PROXY", "");
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
