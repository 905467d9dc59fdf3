//! From an origin to a connection: names are resolved once, every address is judged, and only a judged one is dialled.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::address::{AddressKind, Reach};
use crate::config::{ConfigError, EgressConfig, Limits};
use crate::connection::{Connection, Protocol};
use crate::error::EgressError;
use crate::network::{DeniedTarget, denies_origin};
use crate::origin::{Host, Origin, Scheme};
use crate::resolve::Resolve;

#[cfg(test)]
mod tests;

/// Opens connections, within the address policy and to servers that prove their names.
#[derive(Debug)]
pub(crate) struct Connector {
    resolver: Arc<dyn Resolve>,
    tls: Arc<ClientConfig>,
    denied: Vec<DeniedTarget>,
}

/// How many addresses of one name are tried, one after the other.
const ADDRESSES_MAX: usize = 4;

impl Connector {
    pub(crate) fn new(config: &EgressConfig, resolver: Arc<dyn Resolve>) -> Result<Self, ConfigError> {
        let tls = Arc::new(trust(&config.extra_roots)?);
        Ok(Self { resolver, tls, denied: config.denied.clone() })
    }

    /// A new connection for a rule of this reach. The caller bounds the time.
    pub(crate) async fn open(
        &self,
        origin: &Origin,
        reach: Reach,
        limits: &Limits,
    ) -> Result<Connection, EgressError> {
        let addresses = self.addresses(origin, reach).await?;
        let stream = dial(origin, &addresses, limits).await?;
        match origin.scheme() {
            Scheme::Http => Connection::open(stream, Protocol::Http1, limits).await,
            Scheme::Https => {
                let tls = TlsConnector::from(Arc::clone(&self.tls));
                let stream = tls
                    .connect(server_name(origin.host())?, stream)
                    .await
                    .map_err(|error| EgressError::failed(format!("TLS with {origin}: {error}")))?;
                let protocol = match stream.get_ref().1.alpn_protocol() {
                    Some(b"h2") => Protocol::Http2,
                    _ => Protocol::Http1,
                };
                Connection::open(stream, protocol, limits).await
            }
        }
    }

    /// The addresses that may be dialled; asks the resolver once.
    async fn addresses(&self, origin: &Origin, reach: Reach) -> Result<Vec<IpAddr>, EgressError> {
        if denies_origin(&self.denied, origin) {
            return Err(EgressError::denied(format!(
                "{} is denied to all handlers by this mill",
                origin.host()
            )));
        }
        let found = match origin.host() {
            Host::Address(address) => vec![*address],
            Host::Name(name) => self.resolver.resolve(name).await.map_err(|error| {
                EgressError::failed(format!("the name {name} cannot be resolved: {error}"))
            })?,
        };
        permitted(origin.host(), &found, reach, &self.denied)
    }
}

/// Those of `found` that may be dialled, IPv4-mapped ones as IPv4. Others are left out; if none is left, that is why.
fn permitted(
    host: &Host,
    found: &[IpAddr],
    reach: Reach,
    denied: &[DeniedTarget],
) -> Result<Vec<IpAddr>, EgressError> {
    let mut reason = None;
    let mut permitted = Vec::new();
    for address in found.iter().map(IpAddr::to_canonical) {
        let kind = AddressKind::of(address);
        if !kind.admits(reach) {
            reason.get_or_insert(format!("{host} leads to {kind}, which its rule does not grant"));
        } else if denied.iter().any(|target| target.denies_address(address)) {
            reason.get_or_insert(format!(
                "{host} leads to a network that is denied to all handlers by this mill"
            ));
        } else if permitted.len() < ADDRESSES_MAX {
            permitted.push(address);
        }
    }
    match (permitted.is_empty(), reason) {
        (false, _) => Ok(permitted),
        (true, Some(reason)) => Err(EgressError::denied(reason)),
        (true, None) => Err(EgressError::failed(format!("the name {host} has no address"))),
    }
}

/// The first that answers.
async fn dial(origin: &Origin, addresses: &[IpAddr], limits: &Limits) -> Result<TcpStream, EgressError> {
    let mut reason = String::new();
    for address in addresses {
        let address = SocketAddr::new(*address, origin.port());
        match tokio::time::timeout(limits.connect_timeout, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Small requests are not held back. That it cannot be set on a live socket is no reason to fail.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => reason = error.kind().to_string(),
            Err(_) => reason = format!("no answer within {} ms", limits.connect_timeout.as_millis()),
        }
    }
    Err(EgressError::failed(format!("no connection to {origin}: {reason}")))
}

/// The name that the certificate must prove: the URL's, whatever its address is.
fn server_name(host: &Host) -> Result<ServerName<'static>, EgressError> {
    match host {
        Host::Address(address) => Ok(ServerName::from(*address)),
        Host::Name(name) => ServerName::try_from(name.clone())
            .map_err(|_| EgressError::invalid(format!("no certificate can prove the name {name}"))),
    }
}

/// Mozilla's authorities and the operator's. HTTP/2 is offered before HTTP/1.1.
fn trust(extra_roots: &[String]) -> Result<ClientConfig, ConfigError> {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    for (number, pem) in (1..).zip(extra_roots) {
        let wrong = |reason: String| ConfigError::Root { number, reason };
        let mut found = 0;
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
            roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
            found += 1;
        }
        if found == 0 {
            return Err(wrong("there is no certificate in it; it must be PEM".into()));
        }
    }
    let mut tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| ConfigError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(tls)
}
