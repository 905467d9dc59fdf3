//! A store to try: a folder, or a part of a bucket.

use tempfile::TempDir;
use wasmill_catalog::{ArtifactStore, BucketConfig, Catalog};
use wasmill_job::{Revision, UnixMs};
use wasmill_tests::S3;

/// A store, and what it needs as long as it is used.
pub(crate) struct World {
    pub(crate) store: ArtifactStore,
    _keeps: Keeps,
}

#[expect(dead_code, reason = "held so that it is there as long as the store")]
enum Keeps {
    Folder(TempDir),
    Server(S3),
}

impl World {
    pub(crate) async fn folder() -> Self {
        let folder = TempDir::new().unwrap();
        Self { store: ArtifactStore::folder(folder.path()).unwrap(), _keeps: Keeps::Folder(folder) }
    }

    pub(crate) async fn bucket() -> Self {
        let server = S3::start().await;
        let store = ArtifactStore::bucket(&at(&server, "prod/eu")).unwrap();
        Self { store, _keeps: Keeps::Server(server) }
    }
}

/// What stands below a prefix in the bucket of a server.
pub(crate) fn at(server: &S3, prefix: &str) -> BucketConfig {
    BucketConfig {
        bucket: S3::BUCKET.into(),
        prefix: prefix.into(),
        endpoint: Some(server.endpoint()),
        region: None,
        key: Some((S3::KEY.0.into(), S3::KEY.1.into())),
    }
}

/// An empty revision.
pub(crate) fn revision(number: u64, message: &str) -> Catalog {
    Catalog {
        revision: Revision(number),
        created_at: UnixMs(7),
        message: message.into(),
        ..Catalog::default()
    }
}
