//! What only a bucket can do wrong: it is not there, it is away, it ignores conditions.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wasmill_catalog::{ArtifactStore, BucketConfig, StoreError};
use wasmill_job::Revision;
use wasmill_tests::S3;

use crate::world::{at, revision};

#[tokio::test]
async fn two_prefixes_of_a_bucket_are_two_stores() {
    let server = S3::start().await;
    let [one, two, whole] =
        ["one", "two", ""].map(|prefix| ArtifactStore::bucket(&at(&server, prefix)).unwrap());
    one.create(&revision(1, "one")).await.unwrap();
    two.create(&revision(1, "two")).await.unwrap();
    assert_eq!(one.latest().await.unwrap().message, "one");
    assert_eq!(two.latest().await.unwrap().message, "two");
    assert_eq!(whole.latest_number().await.unwrap(), Revision(0));
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_no_empty_one() {
    let server = S3::start().await;
    let config = BucketConfig { bucket: "elsewhere".into(), ..at(&server, "") };
    let store = ArtifactStore::bucket(&config).unwrap();
    let error = store.latest().await.unwrap_err();
    assert!(error.is_away(), "{error:?}");
    let said = error.to_string();
    assert!(said.contains("s3://elsewhere") && said.contains("NoSuchBucket"), "{said}");
    let said = store.create(&revision(1, "made")).await.unwrap_err().to_string();
    assert!(said.contains("NoSuchBucket"), "{said}");
}

#[tokio::test]
async fn one_that_cannot_be_reached_is_away_and_comes_back() {
    let server = S3::start().await;
    let store = ArtifactStore::bucket(&at(&server, "mill")).unwrap();
    store.create(&revision(1, "made")).await.unwrap();
    server.freeze();
    let error = store.latest().await.unwrap_err();
    assert!(error.is_away() && error.to_string().contains("s3://mill/mill"), "{error}");
    server.thaw();
    assert_eq!(store.latest().await.unwrap().revision, Revision(1));
    let nobody = BucketConfig { endpoint: Some("http://127.0.0.1:1".into()), ..at(&server, "mill") };
    let error = ArtifactStore::bucket(&nobody).unwrap().latest().await.unwrap_err();
    assert!(error.is_away(), "{error}");
}

#[tokio::test]
async fn a_service_that_ignores_conditions_is_written_nothing_but_a_probe() {
    let server = S3::start().await;
    let forgetful = before(server.address()).await;
    let config = BucketConfig { endpoint: Some(format!("http://{forgetful}")), ..at(&server, "mill") };
    let error = ArtifactStore::bucket(&config).unwrap().create(&revision(1, "made")).await.unwrap_err();
    assert!(matches!(error, StoreError::Unconditional { .. }), "{error}");
    assert!(error.to_string().contains("If-None-Match"), "{error}");
    let honest = ArtifactStore::bucket(&at(&server, "mill")).unwrap();
    assert_eq!(honest.latest_number().await.unwrap(), Revision(0));
    honest.create(&revision(1, "made")).await.unwrap();
}

/// A proxy that takes the condition out of requests, as older services do that know no such header.
async fn before(server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(forget(client, server));
        }
    });
    address
}

async fn forget(client: TcpStream, server: SocketAddr) {
    let Ok(behind) = TcpStream::connect(server).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = behind.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let (mut seen, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
        seen.extend_from_slice(&buffer[..read]);
        // A name of the same length that means nothing. A request of this test fits into one piece.
        let name = b"if-none-match";
        while let Some(place) = seen.windows(name.len()).position(|part| part.eq_ignore_ascii_case(name)) {
            seen[place..place + name.len()].copy_from_slice(b"x-none-match-");
        }
        if to_server.write_all(&std::mem::take(&mut seen)).await.is_err() {
            return;
        }
    }
}
