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
fn a_mode_changes_and_nothing_else() {
    let hello: JobType = "hello".parse().unwrap();
    let paused = with_mode(&first(), &hello, RouteMode::Paused).unwrap();
    assert_eq!(paused.next.types[&hello].mode, RouteMode::Paused);
    let changed: Vec<_> =
        paused.changes.iter().flat_map(|change| &change.fields).map(|field| field.path).collect();
    assert_eq!(changed, ["mode"]);
    assert!(with_mode(&paused.next, &hello, RouteMode::Paused).unwrap().changes.is_empty());
    with_mode(&first(), &"helo".parse().unwrap(), RouteMode::Off).unwrap_err();
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
    assert_eq!((numbers(&same.queues[&idle]), numbers(&other.queues[&idle])), (vec![1], vec![1, 2]));
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
fn a_rollback_makes_a_generation_of_the_old_layout() {
    let old = first();
    let mail: QueueName = "mail".parse().unwrap();
    let current = put_over(&old, "[queue.mail]\npartitions = 4");
    let back = |current: &Catalog| rollback(current, &old, &stored()).unwrap().next.queues[&mail].clone();
    // While the old generation drains, it is the same one again.
    assert_eq!(numbers(&back(&current)), [2, 1]);
    let drained = without_generation(&current, &mail, Generation(1)).unwrap().next;
    let queue = back(&drained);
    assert_eq!((numbers(&queue), queue.current.partitions.get()), (vec![2, 3], 2));
    // Nor does a number come again of a queue that was deleted meanwhile.
    let without = without_type(&drained, &"hello".parse().unwrap()).unwrap().next;
    let without = without_queue(&without, &mail).unwrap().next;
    assert_eq!(numbers(&back(&without)), [2, 3]);
}

#[test]
fn a_generation_goes_when_it_is_not_the_current_one() {
    let mail: QueueName = "mail".parse().unwrap();
    let catalog = put_over(&first(), "[queue.mail]\npartitions = 4");
    let plan = without_generation(&catalog, &mail, Generation(1)).unwrap();
    let says = "~ queue mail\n    draining: 1 (2 partitions) → (none)";
    assert_eq!((plan.changes.len(), plan.changes[0].to_string().as_str()), (1, says));
    assert_eq!(plan.next.queues[&mail].spent, [Generation(1)].into());
    let refused = |name: &str, number| {
        let name = name.parse().unwrap();
        without_generation(&catalog, &name, Generation(number)).unwrap_err().to_string()
    };
    assert_eq!(refused("mali", 1), "there is no queue `mali` in the catalog");
    assert_eq!(refused("mail", 3), "queue `mail` has no generation 3; it has generations `1`, `2`");
    assert!(
        refused("mail", 2).starts_with("generation 2 of queue `mail` is the one that its new jobs go to")
    );
}

/// Its generations, the oldest first.
fn numbers(queue: &QueueSpec) -> Vec<u16> {
    queue.generations().map(|of| of.generation.0).collect()
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
