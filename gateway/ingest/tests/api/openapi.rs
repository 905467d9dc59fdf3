//! The description describes every route and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::world::World;

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

#[tokio::test]
async fn every_route_is_described() {
    let world = World::new().await;
    let api: Value = serde_json::to_value(wasmill_ingest::openapi()).unwrap();
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"), "{}", api["openapi"]);
    let described: BTreeMap<String, BTreeSet<String>> = api["paths"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(path, item)| {
            (path.clone(), item.as_object().unwrap().keys().map(|m| m.to_uppercase()).collect())
        })
        .collect();
    let expected = ["/v1/jobs", "/v1/jobs/batch", "/v1/jobs/{type}/{id}", "/v1/jobs/{type}/{id}/payload"];
    assert_eq!(described.keys().collect::<Vec<_>>(), expected);
    for (path, methods) in &described {
        let path = path.replace(['{', '}'], "");
        let allow = world.call("TRACE", &path, &[], "").await;
        allow.problem(405, "method-not-allowed");
        let allowed = allow.headers["allow"].to_str().unwrap().to_owned();
        // HEAD comes with every GET.
        let allowed: BTreeSet<String> =
            allowed.split(',').map(str::to_owned).filter(|method| method != "HEAD").collect();
        assert_eq!(&allowed, methods, "{path}");
    }
    for method in METHODS {
        let answer = world.call(method, "/v1/jobs/hello/x/y", &[], "").await;
        assert_eq!(answer.status, 404, "{method}");
    }
    world.end().await;
}

#[tokio::test]
async fn the_description_holds_together() {
    let api: Value = serde_json::to_value(wasmill_ingest::openapi()).unwrap();
    let mut references = Vec::new();
    collect(&api, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(api.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}");
            let named = operation["parameters"].as_array().cloned().unwrap_or_default();
            for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                assert!(
                    named.iter().any(|p| p["name"] == name && p["in"] == "path"),
                    "{method} {path} {name}"
                );
            }
        }
    }
}

#[test]
fn where_no_job_comes_in_the_same_is_said_of_one_job_and_nothing_else() {
    let api: Value = serde_json::to_value(wasmill_ingest::openapi()).unwrap();
    let of_one: Value = serde_json::to_value(wasmill_ingest::openapi_of_one()).unwrap();
    let paths = of_one["paths"].as_object().unwrap();
    let of_a_job = ["/v1/jobs/{type}/{id}", "/v1/jobs/{type}/{id}/payload"];
    assert_eq!(paths.keys().collect::<Vec<_>>(), of_a_job);
    for path in of_a_job {
        assert_eq!(paths[path], api["paths"][path], "{path}");
    }
    let mut references = Vec::new();
    collect(&of_one, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        assert!(of_one.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference} leads nowhere");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect(member, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}
