//! Unit tests of `export`.

#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;

use wasmill_job::{ModuleDigest, ModuleTag};

use super::*;
use crate::{Backing, Plan, RedisName, RedisNames, SourceFile, Stores, plan};

const WHOLE: &str = include_str!("../plan/golden/whole.toml");
const MORE: &str = r#"
[type.split]
owner = 'the "A\B" team'
mode = { live = "5%" }
path = "both"
handlers = [{ module = "hello@1.0.0", weight = 95 }, { module = "welcome@1.4.2", weight = 5 }]
limits = { memory = "65537B", timeout = "1500ms" }
retry = { backoff = { factor = 1.1, jitter = 0 } }
flow = { rate = "200/100ms", max_pending = 9 }

[type.off]
mode = "off"
path = "queue"
handlers = [{ module = "hello@1.0.0" }]
grants = { http = ["GET https://*.example.com:8443"], emit = ["off"], config = { "a key" = "two\nlines, \"a\\b\"\u0007" } }
"#;

fn put_over(current: &Catalog, texts: &[&str]) -> Plan {
    let tags = ["hello@1.0.0", "welcome@1.4.2"];
    let modules: BTreeMap<ModuleTag, ModuleDigest> =
        tags.into_iter().map(|tag| (tag.parse().unwrap(), ModuleDigest::of(tag.as_bytes()))).collect();
    let files: Vec<_> = texts.iter().map(|text| SourceFile::new("a.toml", *text)).collect();
    plan(current, &files, &modules, Backing::LogAndQueue).unwrap()
}

#[test]
fn an_export_is_written_as_the_golden_file_has_it() {
    let text = export(&put_over(&Catalog::default(), &[WHOLE, MORE]).next);
    assert_eq!(text, include_str!("golden/export.toml"), "\n--- found:\n{text}\n");
}

#[test]
fn applying_an_export_changes_nothing() {
    let catalog = put_over(&Catalog::default(), &[WHOLE, MORE]).next;
    let again = put_over(&catalog, &[&export(&catalog)]);
    assert_eq!(again.changes, []);
    let elsewhere = put_over(&Catalog::default(), &[&export(&catalog)]).next;
    assert_eq!((elsewhere.queues, elsewhere.types), (catalog.queues, catalog.types));
}

#[test]
fn a_redis_of_its_own_is_written_out() {
    let names = RedisNames::Known(["main", "big"].map(RedisName::from).into());
    let mill = || Stores { backing: Backing::LogAndQueue, redis: names.clone() };
    let put = |current: &Catalog, text: &str| {
        plan(current, &[SourceFile::new("a.toml", text)], &BTreeMap::new(), mill()).unwrap().next
    };
    let catalog = put(&put(&Catalog::default(), "[queue.mail]"), "[queue.mail]\nredis = 'big'");
    let text = export(&catalog);
    let says = "\n[queue.mail]\npartitions = 4\nredis = \"big\"\ndurability = \"quorum\"\n";
    assert!(text.ends_with(says), "{text}");
    assert_eq!(put(&catalog, &text).queues, catalog.queues);
}
