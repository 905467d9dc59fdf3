//! The store in a bucket of S3, or of a service that speaks its protocol.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use tokio::sync::OnceCell;

use super::{ArtifactStore, Place, Put, StoreError};

/// Where a bucket is, and who asks.
#[derive(Clone)]
pub struct BucketConfig {
    pub bucket: String,
    /// What names in it begin with; empty for the whole bucket.
    pub prefix: String,
    /// `https://HOST[:PORT]` of the service; `None` for Amazon's own, of the region.
    pub endpoint: Option<String>,
    /// `None`: what the environment says (`AWS_REGION`), else `us-east-1`.
    pub region: Option<String>,
    /// The id of a key and its secret; `None`: what Amazon's own tools would take.
    pub key: Option<(String, String)>,
}

/// A request that has not ended by then is given up: whoever follows the catalog asks again a second later.
const REQUEST_WITHIN: Duration = Duration::from_secs(10);
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// Errors that S3 asks to try again after come in clusters of a second or two.
const RETRY: RetryConfig = RetryConfig {
    backoff: BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(2),
        base: 2.0,
    },
    max_retries: 3,
    retry_timeout: Duration::from_secs(10),
};
/// What the check of conditional writes leaves behind.
const PROBE: &str = "catalog/conditional-writes";

impl ArtifactStore {
    /// The store in a bucket. Asks nobody yet.
    ///
    /// Writes rest on conditional ones (`If-None-Match: *`), which some services ignore. Before the first write of a process
    /// this is tried out, with a small object that stays in the bucket.
    ///
    /// # Errors
    /// When an address or a variable of the environment cannot be used.
    pub fn bucket(config: &BucketConfig) -> Result<Self, StoreError> {
        // Where several parts of a process want a provider, the first one stays; ours are all the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let BucketConfig { bucket, prefix, endpoint, region, key } = config;
        let place =
            if prefix.is_empty() { format!("s3://{bucket}") } else { format!("s3://{bucket}/{prefix}") };
        let options = ClientOptions::new()
            .with_timeout(REQUEST_WITHIN)
            .with_connect_timeout(CONNECT_WITHIN)
            .with_allow_http(true);
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .with_client_options(options)
            .with_retry(RETRY);
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(region) = region {
            builder = builder.with_region(region);
        }
        if let Some((id, secret)) = key {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        }
        let opened = builder.build().map_err(|error| StoreError::Away {
            action: "open it".into(),
            place: place.clone(),
            source: Box::new(error),
        })?;
        let store = PrefixStore::new(opened, Path::from(prefix.as_str()));
        Ok(Self {
            store: Arc::new(store),
            place: Arc::new(Place { name: place, writes: Some(OnceCell::new()) }),
        })
    }

    /// Makes sure, once, that the service keeps what stands under a name when a conditional write comes.
    pub(super) async fn writes_are_conditional(&self) -> Result<(), StoreError> {
        let Some(writes) = &self.place.writes else { return Ok(()) };
        let tried = writes.get_or_try_init(|| async {
            let path = Path::from(PROBE);
            // The second time it is there, whoever was first.
            self.put(&path, b"The second write must be refused.".as_slice().into()).await?;
            match self.put(&path, b"This one.".as_slice().into()).await? {
                Put::Present => Ok(()),
                Put::Created => Err(StoreError::Unconditional { place: self.place.name.clone() }),
            }
        });
        tried.await.copied()
    }
}
