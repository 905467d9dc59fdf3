//! A real server of S3's protocol, of the test's own: its port, its bucket, its faults. It keeps objects in memory.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use hyper::Method;
use tempfile::TempDir;

use crate::port::free_port;
use crate::{Connection, DEADLINE, installed, signals, until};

/// A running server with one empty bucket. Killed when dropped.
pub struct S3 {
    folder: TempDir,
    address: SocketAddr,
    child: Child,
}

impl S3 {
    /// The bucket that is there.
    pub const BUCKET: &str = "mill";
    /// A key that opens it.
    pub const KEY: (&str, &str) = ("test", "secret-of-the-test");

    /// Starts one and waits until its bucket is there.
    ///
    /// # Panics
    /// When it does not start; with what it said.
    pub async fn start() -> Self {
        loop {
            let folder = TempDir::new().unwrap();
            let address: SocketAddr = (Ipv4Addr::LOCALHOST, free_port()).into();
            let mut server = Self { child: spawn(address, &folder.path().join("log")), folder, address };
            if server.make_bucket().await {
                return server;
            }
        }
    }

    /// Whether the bucket was made; not when another process took the port first.
    async fn make_bucket(&mut self) -> bool {
        let (address, child) = (self.address, &mut self.child);
        let path = format!("/{}", Self::BUCKET);
        let made = until("the server of S3's protocol answers", DEADLINE, || {
            let ended = child.try_wait().unwrap();
            let path = path.clone();
            async move {
                if ended.is_some() {
                    return Some(false);
                }
                let mut connection = Connection::open(address).await.ok()?;
                let reply = connection.send(Method::PUT, &path, &[], Bytes::new()).await.ok()?;
                (reply.status == 200).then_some(true)
            }
        })
        .await;
        let said = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
        assert!(made || said.contains("in use"), "it ended while it started:\n{said}");
        made
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://HOST:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stands still: takes connections and answers nothing.
    pub fn freeze(&self) {
        signals::freeze(&self.child);
    }

    /// Goes on.
    pub fn thaw(&self) {
        signals::thaw(&self.child);
    }

    /// The settings of a mill whose artifacts are below a prefix of the bucket.
    pub fn settings(&self, prefix: &str) -> Vec<(&'static str, String)> {
        vec![
            ("WASMILL_ARTIFACTS_URL", format!("s3://{}/{prefix}", Self::BUCKET)),
            ("WASMILL_ARTIFACTS_ENDPOINT", self.endpoint()),
            ("WASMILL_ARTIFACTS_ACCESS_KEY_ID", Self::KEY.0.into()),
            ("WASMILL_ARTIFACTS_SECRET_ACCESS_KEY", Self::KEY.1.into()),
        ]
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        // An error means that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(address: SocketAddr, log: &Path) -> Child {
    let log = File::create(log).unwrap();
    let program = installed().join("s3/bin/python");
    let mut command = Command::new(&program);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/s3/serve.py"));
    command.args([address.ip().to_string(), address.port().to_string()]);
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    command.spawn().unwrap_or_else(|error| {
        panic!("{} cannot be started ({error}): run tests/s3/run --fetch", program.display())
    })
}
