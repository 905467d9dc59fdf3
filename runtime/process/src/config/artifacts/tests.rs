//! Unit tests of `[artifacts]`.

#![allow(clippy::unwrap_used)]
use super::*;

fn bucket(bucket: &str, prefix: &str) -> ArtifactsUrl {
    ArtifactsUrl::Bucket { bucket: bucket.into(), prefix: prefix.into() }
}

#[test]
fn an_address_is_a_folder_or_a_bucket_with_a_prefix() {
    let cases = [
        ("folder", ArtifactsUrl::Folder),
        ("s3://mill", bucket("mill", "")),
        ("s3://mill/", bucket("mill", "")),
        ("s3://my.mill-2/prod/eu_1/", bucket("my.mill-2", "prod/eu_1")),
    ];
    for (text, url) in cases {
        assert_eq!(text.parse::<ArtifactsUrl>().unwrap(), url, "{text}");
        assert_eq!(url.to_string().parse::<ArtifactsUrl>().unwrap(), url);
    }
    for wrong in [
        "",
        "mill",
        "/srv/artifacts",
        "gs://mill",
        "s3://",
        "s3://ab",
        "s3://mill//x",
        "s3://mill/../x",
        "s3://a b c",
    ] {
        assert!(wrong.parse::<ArtifactsUrl>().is_err(), "{wrong}");
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    let keys =
        |config: ArtifactsConfig| config.refusals().iter().map(|refusal| refusal.key).collect::<Vec<_>>();
    let good = ArtifactsConfig { url: bucket("mill", ""), ..ArtifactsConfig::default() };
    assert!(keys(good.clone()).is_empty() && keys(ArtifactsConfig::default()).is_empty());
    assert_eq!(keys(ArtifactsConfig { endpoint: "minio:9000".into(), ..good.clone() }), ["endpoint"]);
    assert_eq!(keys(ArtifactsConfig { access_key_id: "me".into(), ..good.clone() }), ["access_key_id"]);
    assert_eq!(keys(ArtifactsConfig { secret_access_key: "me".into(), ..good }), ["access_key_id"]);
    assert_eq!(
        keys(ArtifactsConfig { region: "eu-central-1".into(), ..ArtifactsConfig::default() }),
        ["url"]
    );
}
