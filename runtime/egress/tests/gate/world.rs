//! Real servers on loopback: HTTP/1.1, HTTP/2, TLS of a private authority, and ones that speak out of turn.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

/// A server that counts its connections. It ends with the test.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

/// A private authority, and what it signs.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// What a client must trust.
    pub(crate) pem: String,
}

type Answer = http::Response<Full<Bytes>>;

impl Server {
    /// Each connection is handed to `speak`.
    pub(crate) async fn raw<F, S>(speak: F) -> Self
    where
        F: Fn(TcpStream) -> S + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(speak(stream));
            }
        });
        Self { address, connections, task }
    }

    /// HTTP/1.1, one answer per request.
    pub(crate) async fn http<F>(answer: F) -> Self
    where
        F: Fn(http::Request<Incoming>) -> Answer + Clone + Send + Sync + 'static,
    {
        Self::raw(move |stream| serve_http1(stream, answer.clone())).await
    }

    /// Sends `bytes` to whoever has sent a whole header, and then waits until the other side closes.
    pub(crate) async fn saying(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = Arc::new(bytes.into());
        Self::raw(move |mut stream| {
            let bytes = Arc::clone(&bytes);
            async move {
                while read_head(&mut stream).await.is_some() {
                    // The client may have heard enough.
                    let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, &bytes).await;
                }
            }
        })
        .await
    }

    /// TLS for `names`, signed by `authority`; `protocol` is offered (`h2` or `http/1.1`).
    pub(crate) async fn https<F>(
        authority: &Authority,
        names: &[&str],
        protocol: &'static str,
        answer: F,
    ) -> Self
    where
        F: Fn(http::Request<Incoming>) -> Answer + Clone + Send + Sync + 'static,
    {
        let acceptor = authority.acceptor(names, protocol);
        Self::raw(move |stream| {
            let (acceptor, answer) = (acceptor.clone(), answer.clone());
            async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                if protocol == "h2" {
                    let service =
                        service_fn(move |request| std::future::ready(Ok::<_, Infallible>(answer(request))));
                    let connection = http2::Builder::new(TokioExecutor::new());
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                } else {
                    serve_http1(stream, answer).await;
                }
            }
        })
        .await
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// `http://127.0.0.1:port` and `path`.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn acceptor(&self, names: &[&str], protocol: &str) -> TlsAcceptor {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &self.issuer).unwrap();
        let mut tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(certificate.der().to_vec())],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .unwrap();
        tls.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        TlsAcceptor::from(Arc::new(tls))
    }
}

/// An answer of status 200.
pub(crate) fn ok(body: impl Into<Bytes>) -> Answer {
    http::Response::new(Full::new(body.into()))
}

/// A request's header as it came, or `None` when the other side has closed.
pub(crate) async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return None,
        }
    }
    Some(String::from_utf8(head).unwrap())
}

async fn serve_http1<S, F>(stream: S, answer: F)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(http::Request<Incoming>) -> Answer + Send + Sync + 'static,
{
    let service = service_fn(move |request| std::future::ready(Ok::<_, Infallible>(answer(request))));
    // Clients that go away are what some tests are about.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
