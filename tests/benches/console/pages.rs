//! How long each page takes, and how large it is.

use std::time::{Duration, Instant};

use wasmill_tests::Mill;

use crate::figures::{percentiles, print};

/// A request that does nothing, and then the pages.
const PATHS: [&str; 10] = [
    "/healthz",
    "/console",
    "/console/types",
    "/console/types/kind.7",
    "/console/queues",
    "/console/jobs",
    "/console/jobs?type=kind.7",
    "/console/dead",
    "/console/modules",
    "/console/history",
];
const REQUESTS: usize = 50;

/// One request after the other on one connection, the whole body read.
pub(crate) async fn measure(name: &str, mill: &Mill) {
    let mut connection = mill.connect().await;
    for path in PATHS {
        let mut samples: Vec<Duration> = Vec::with_capacity(REQUESTS);
        let mut bytes = 0;
        for _ in 0..REQUESTS {
            let began = Instant::now();
            let reply = connection.get(path).await.unwrap();
            samples.push(began.elapsed());
            assert_eq!(reply.status, 200, "{path}: {}", reply.text());
            bytes = reply.body.len();
        }
        print(&format!("{name}: {path}, {bytes} bytes"), &percentiles(samples));
    }
}
