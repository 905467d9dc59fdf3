//! Whom TLS trusts. Names that a certificate must prove are in `src/connect/tests.rs`.

use wasmill_egress::{ConfigError, Egress, EgressConfig, EgressError};

use crate::world::{Authority, Server, ok};
use crate::{get, list, send};

fn trusting(authorities: &[&Authority]) -> Egress {
    let extra_roots = authorities.iter().map(|authority| authority.pem.clone()).collect();
    Egress::new(EgressConfig { extra_roots, ..EgressConfig::default() }).unwrap()
}

async fn call(egress: &Egress, server: &Server) -> Result<wasmill_egress::Response, EgressError> {
    let origin = format!("https://{}", server.address);
    send(egress, &list(&[&origin]), get(origin)).await
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_the_operator_says_so() {
    let (authority, other) = (Authority::new(), Authority::new());
    for protocol in ["http/1.1", "h2"] {
        let server = Server::https(&authority, &["127.0.0.1"], protocol, |_| ok("hello")).await;
        assert_eq!(call(&trusting(&[&other, &authority]), &server).await.unwrap().body, "hello");
        for egress in [trusting(&[]), trusting(&[&other])] {
            let error = call(&egress, &server).await.unwrap_err();
            assert!(matches!(error, EgressError::Failed { .. }), "{error:?}");
            assert!(error.to_string().contains("certificate"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_certificate_for_another_address_is_refused() {
    let authority = Authority::new();
    let server = Server::https(&authority, &["127.0.0.2", "localhost"], "http/1.1", |_| ok("hello")).await;
    let error = call(&trusting(&[&authority]), &server).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_fails_a_call_that_wants_it() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let dropped = Server::raw(|_| async {}).await;
    for server in [server, dropped] {
        let egress = trusting(&[]);
        let origin = format!("https://{}", server.address);
        let time = std::time::Duration::from_millis(300);
        let result = egress.send(&list(&[&origin]), get(origin), &mut crate::plenty(), time).await;
        assert!(
            matches!(result, Err(EgressError::Failed { .. } | EgressError::Timeout { .. })),
            "{result:?}"
        );
    }
}

#[test]
fn roots_that_are_no_certificates_are_refused_by_number() {
    let authority = Authority::new();
    for bad in ["", "not PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let extra_roots = vec![authority.pem.clone(), bad.to_owned()];
        match Egress::new(EgressConfig { extra_roots, ..EgressConfig::default() }) {
            Err(ConfigError::Root { number: 2, .. }) => {}
            other => panic!("{bad:?}: {other:?}"),
        }
    }
}
