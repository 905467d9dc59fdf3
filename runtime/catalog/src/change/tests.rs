//! Unit tests of `change`.

#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;

use super::*;
use crate::{Backing, ChangeKind, SourceFile, plan};

const FILE: &str = "
[queue.mail]
partitions = 2
[queue.idle]
partitions = 8
[type.hello]
queue = 'mail'
handlers = [{ module = 'hello@1.0.0' }]
";

fn put_over(current: &Catalog, text: &str) -> Catalog {
    let modules = BTreeMap::from([("hello@1.0.0".parse().unwrap(), ModuleDigest::of(b"hello"))]);
    plan(current, &[SourceFile::new("a.toml", text)], &modules, Backing::Log).unwrap().next
}

fn first() -> Catalog {
    put_over(&Catalog::default(), FILE)
}

fn stored() -> BTreeSet<ModuleDigest> {
    BTreeSet::from([ModuleDigest::of(b"hello")])
}

#[test]
fn a_type_goes_and_its_queue_stays() {
    let plan = without_type(&first(), &"hello".parse().unwrap()).unwrap();
    assert!(plan.next.types.is_empty() && plan.next.queues.len() == 2);
    assert_eq!((plan.next.revision, plan.changes.len()), (Revision(2), 1));
    assert_eq!(plan.changes[0].kind, ChangeKind::Removed);
    let unknown = without_type(&first(), &"helo".parse().unwrap()).unwrap_err();
    assert_eq!(unknown.to_string(), "there is no job type `helo` in the catalog");
}

#[test]
fn a_queue_in_use_names_who_uses_it() {
    let refusal = without_queue(&first(), &"mail".parse().unwrap()).unwrap_err();
    assert_eq!(refusal.to_string(), "queue `mail` is in use by job type `hello`; delete what uses it first");
}

#[test]
fn a_deleted_queue_comes_again_where_it_was_or_in_a_new_generation() {
    let idle: QueueName = "idle".parse().unwrap();
    let without = without_queue(&first(), &idle).unwrap().next;
    assert!(!without.queues.contains_key(&idle));
    let same = put_over(&without, "[queue.idle]\npartitions = 8");
    let other = put_over(&without, "[queue.idle]\npartitions = 16");
    assert_eq!((same.queues[&idle].generation.0, other.queues[&idle].generation.0), (1, 2));
    assert!(same.retired.is_empty() && other.retired.is_empty());
}

#[test]
fn a_rollback_says_what_the_old_revision_said() {
    let old = first();
    let current = put_over(
        &old,
        "[type.hello]\nqueue = 'mail'\nmode = 'paused'\nhandlers = [{ module = 'hello@1.0.0' }]\n[queue.new]",
    );
    let plan = rollback(&current, &old, &stored()).unwrap();
    assert_eq!((&plan.next.types, &plan.next.queues), (&old.types, &old.queues));
    assert_eq!(plan.next.revision, Revision(3));
    // Its topic may be there by now.
    assert!(plan.next.retired.contains_key(&"new".parse().unwrap()));
    assert_eq!(rollback(&old, &old, &stored()).unwrap().changes, []);
}

#[test]
fn a_rollback_to_modules_that_are_gone_is_refused() {
    let refusal = rollback(&first(), &first(), &BTreeSet::new()).unwrap_err();
    let expected = "revision 1 needs module `hello@1.0.0` that the artifact store does not have any more; deploy the same \
                    files again under these versions, then repeat";
    assert_eq!(refusal.to_string(), expected);
}

#[test]
fn a_rollback_moves_no_type_to_another_queue() {
    let old = first();
    let without = without_type(&old, &"hello".parse().unwrap()).unwrap().next;
    let current = put_over(
        &without,
        "[type.hello]\nqueue = 'idle'\nhandlers = [{ module = 'hello@1.0.0' }]\n[queue.idle]\npartitions = 8",
    );
    let refusal = rollback(&current, &old, &stored()).unwrap_err();
    assert!(matches!(refusal, Refusal::Moved { .. }), "{refusal}");
}
