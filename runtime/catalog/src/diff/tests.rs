//! Unit tests of `diff`.

#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;

use super::*;
use crate::{Backing, SourceFile, plan};

const BEFORE: &str = "
[queue.mail]
[type.kept]
handlers = [{ module = 'hello@1.0.0' }]
[type.tuned]
owner = 'growth'
queue = 'mail'
handlers = [{ module = 'hello@1.0.0' }]
[type.gone]
handlers = [{ module = 'hello@1.0.0' }]
";

const AFTER: &str = "
[type.tuned]
queue = 'mail'
mode = 'paused'
handlers = [{ module = 'hello@1.1.0' }]
limits = { memory = '128MiB', timeout = '90s' }
retry = { backoff = { factor = 1.5, max = '1h' } }
flow = { concurrency = 8, rate = '90/m', weight = 2 }
[type.new]
queue = 'bulk'
handlers = [{ module = 'hello@1.0.0' }]
[queue.bulk]
partitions = 2
";

fn put_over(current: &Catalog, text: &str) -> Catalog {
    let digest = |byte: u8| String::from_utf8(vec![byte; 64]).unwrap().parse().unwrap();
    let modules = BTreeMap::from([
        ("hello@1.0.0".parse().unwrap(), digest(b'a')),
        ("hello@1.1.0".parse().unwrap(), digest(b'b')),
    ]);
    plan(current, &[SourceFile::new("a.toml", text)], &modules, Backing::Log).unwrap().next
}

#[test]
fn a_diff_shows_what_is_added_changed_and_removed() {
    let before = put_over(&Catalog::default(), BEFORE);
    let mut after = put_over(&before, AFTER);
    after.types.remove(&"gone".parse().unwrap());
    let lines: Vec<_> = diff(&before, &after).iter().map(ToString::to_string).collect();
    let shown = lines.join("\n");
    assert_eq!(shown, include_str!("golden/changes.txt").trim_end(), "\n--- found:\n{shown}\n");
}

#[test]
fn the_same_catalog_has_no_diff() {
    let catalog = put_over(&Catalog::default(), BEFORE);
    assert_eq!(diff(&catalog, &catalog), []);
}
