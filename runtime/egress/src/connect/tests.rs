//! Names: who is asked, who is dialled, and what a certificate must prove. `Reach::Literal` stands in for a public
//! address here, so that names may lead to loopback.

use std::str::FromStr;

use super::*;
use crate::resolve::TableResolver;
use crate::target::Target;
use world::{Authority, Server, ok};

#[path = "../../tests/gate/world.rs"]
#[expect(dead_code, reason = "most of it is for the tests of the gate")]
mod world;

fn ip(text: &str) -> IpAddr {
    IpAddr::from_str(text).unwrap()
}

fn origin(url: &str) -> Origin {
    Target::parse(url).unwrap().origin().clone()
}

fn connector(config: &EgressConfig, answers: &[&[&str]]) -> Connector {
    let table = answers.iter().fold(TableResolver::default(), |table, answer| {
        table.with("api.example.com", &answer.iter().map(|text| ip(text)).collect::<Vec<_>>())
    });
    Connector::new(config, Arc::new(table)).unwrap()
}

#[tokio::test]
async fn a_name_that_moves_to_loopback_is_refused_from_then_on() {
    let connector = connector(&EgressConfig::default(), &[&["8.8.8.8"], &["127.0.0.1"]]);
    let origin = origin("http://api.example.com");
    assert_eq!(connector.addresses(&origin, Reach::Public).await.unwrap(), [ip("8.8.8.8")]);
    for _ in 0..2 {
        let error = connector.addresses(&origin, Reach::Public).await.unwrap_err();
        assert!(matches!(error, EgressError::Denied { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_connection_asks_once_and_goes_to_the_address_that_was_judged() {
    let server = Server::http(|_| ok("judged")).await;
    // Were it asked again between judging and dialling, it would be sent to where nobody listens.
    let connector = connector(&EgressConfig::default(), &[&["127.0.0.1"], &["127.0.0.2"]]);
    let origin = origin(&format!("http://api.example.com:{}", server.address.port()));
    connector.open(&origin, Reach::Literal, &Limits::default()).await.unwrap();
    let next = connector.addresses(&origin, Reach::Literal).await.unwrap();
    assert_eq!(next, [ip("127.0.0.2")], "the second answer is for the second connection");
}

#[test]
fn every_address_of_a_name_is_judged_and_only_permitted_ones_are_left() {
    let host = Host::Name("api.example.com".into());
    let pick = |found: &[&str], reach| {
        let found: Vec<_> = found.iter().map(|text| ip(text)).collect();
        permitted(&host, &found, reach, &["9.9.9.0/24".parse().unwrap()])
    };
    let mixed = ["127.0.0.1", "8.8.8.8", "::1", "10.0.0.7", "9.9.9.9", "::ffff:1.1.1.1", "169.254.169.254"];
    assert_eq!(pick(&mixed, Reach::Public).unwrap(), [ip("8.8.8.8"), ip("1.1.1.1")]);
    assert_eq!(pick(&mixed, Reach::Private).unwrap(), [ip("8.8.8.8"), ip("10.0.0.7"), ip("1.1.1.1")]);
    for refused in [&["127.0.0.1", "::1"][..], &["9.9.9.9"], &["::ffff:9.9.9.9"], &["64:ff9b::9.9.9.9"]] {
        assert!(matches!(pick(refused, Reach::Public), Err(EgressError::Denied { .. })), "{refused:?}");
    }
    assert!(matches!(pick(&[], Reach::Public), Err(EgressError::Failed { .. })));
    let many: Vec<_> = (1..100).map(|last| format!("8.8.8.{last}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert_eq!(pick(&many, Reach::Public).unwrap().len(), ADDRESSES_MAX);
}

#[tokio::test]
async fn an_address_that_does_not_answer_is_passed_over() {
    let server = Server::http(|_| ok("")).await;
    let connector = connector(&EgressConfig::default(), &[&["127.0.0.2", "127.0.0.1"]]);
    let origin = origin(&format!("http://api.example.com:{}", server.address.port()));
    connector.open(&origin, Reach::Literal, &Limits::default()).await.unwrap();
}

#[tokio::test]
async fn a_certificate_must_prove_the_name_whatever_the_address() {
    let authority = Authority::new();
    let config = EgressConfig { extra_roots: vec![authority.pem.clone()], ..EgressConfig::default() };
    for (names, is_right) in [
        (&["api.example.com"][..], true),
        (&["*.example.com"], true),
        (&["evil.com", "127.0.0.1"], false),
        (&["api.example.com.evil.com"], false),
    ] {
        let server = Server::https(&authority, names, "http/1.1", |_| ok("")).await;
        let origin = origin(&format!("https://api.example.com:{}", server.address.port()));
        let connector = connector(&config, &[&["127.0.0.1"]]);
        match connector.open(&origin, Reach::Literal, &Limits::default()).await {
            Ok(_) => assert!(is_right, "{names:?}"),
            Err(error) => {
                assert!(!is_right && error.to_string().contains("certificate"), "{names:?}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn a_name_that_nobody_knows_fails() {
    let connector = connector(&EgressConfig::default(), &[]);
    let error = connector.addresses(&origin("http://api.example.com"), Reach::Public).await.unwrap_err();
    assert!(error.to_string().contains("api.example.com cannot be resolved"), "{error}");
}

#[tokio::test]
async fn the_machines_own_resolver_is_judged_like_any_other() {
    let system = Arc::new(crate::resolve::SystemResolver::default());
    let connector = Connector::new(&EgressConfig::default(), system).unwrap();
    let error = connector.addresses(&origin("http://localhost"), Reach::Private).await.unwrap_err();
    assert!(matches!(error, EgressError::Denied { .. }), "{error:?}");
}
