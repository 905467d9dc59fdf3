//! Unit tests of `route`.

#![allow(clippy::unwrap_used)]
use std::collections::BTreeSet;

use wasmill_catalog::{Backing, SourceFile, plan};

use super::*;

#[test]
fn paused_types_are_named_in_the_offer() {
    let says = "[type.still]\nmode = 'paused'\nhandlers = [{ module = 'hello@1.0.0' }]\n\
                [type.unloaded]\nhandlers = [{ module = 'hello@1.0.0' }]";
    let modules = BTreeMap::from([("hello@1.0.0".parse().unwrap(), ModuleDigest::of(b"hello"))]);
    let files = [SourceFile::new("a.toml", says)];
    let catalog = plan(&Catalog::default(), &files, &modules, Backing::Log).unwrap().next;
    let secret: FindSecret = Arc::new(|_| Err("there is none".to_owned()));
    let routes = Routes::of(&Arc::new(catalog), &HashMap::new(), &secret, &Routes::default());
    let expected = Offer {
        revision: Revision(1),
        types: BTreeMap::new(),
        paused: BTreeSet::from(["still".parse().unwrap()]),
    };
    assert_eq!(*routes.offer, expected);
}

#[test]
fn a_child_is_no_larger_than_any_log_takes() {
    let says = "[type.small]\nlimits.payload = '1KiB'\nhandlers = [{ module = 'hello@1.0.0' }]\n\
                [type.large]\nlimits.payload = '16MiB'\nhandlers = [{ module = 'hello@1.0.0' }]";
    let modules = BTreeMap::from([("hello@1.0.0".parse().unwrap(), ModuleDigest::of(b"hello"))]);
    let catalog = plan(&Catalog::default(), &[SourceFile::new("a.toml", says)], &modules, Backing::Log);
    let catalog = catalog.unwrap().next;
    let most = |name: &str| destination(&catalog, &name.parse().unwrap()).unwrap().payload_bytes_max;
    assert_eq!((most("small"), most("large")), (1_024, CHILD_BYTES_MAX));
}
