//! What is watched under which name, and what becomes of the routing table.

use super::*;

fn digest(of: &str) -> ModuleDigest {
    ModuleDigest::of(of.as_bytes())
}

fn table(text: &str, modules: &[&str]) -> Catalog {
    let modules = modules.iter().map(|tag| (tag.parse().unwrap(), digest(tag))).collect();
    plan(&Catalog::default(), &[SourceFile::new("t", text)], &modules, Backing::Log).unwrap().next
}

#[test]
fn a_name_follows_from_the_file_or_stands_before_it() {
    let watched = |text: &str| text.parse::<Watched>().map(|Watched { name, file }| (name.to_string(), file));
    assert_eq!(
        watched("target/release/to_ada.wasm").unwrap(),
        ("to-ada".into(), "target/release/to_ada.wasm".into())
    );
    assert_eq!(watched("mail.send=a.wasm").unwrap(), ("mail.send".into(), "a.wasm".into()));
    assert!(watched("no name=a.wasm").unwrap_err().contains("NAME=FILE.wasm"));
}

#[test]
fn whatever_runs_a_version_of_it_runs_this_one_and_nothing_else_changes() {
    let text = "[type.one]\nhandlers = [{ module = 'hello@1.0.0' }]\nlimits = { memory = '32MiB' }\n\
                [type.two]\nhandlers = [{ module = 'other@1.0.0' }]\n";
    let current = table(text, &["hello@1.0.0", "other@1.0.0"]);
    let tag: ModuleTag = "hello@dev-1".parse().unwrap();
    let name = "hello".parse().unwrap();
    let (plan, is_new) = onto(&current, &name, &tag, digest("new"), Backing::Log).unwrap();
    assert!(!is_new);
    assert_eq!(runners(&plan.next, &tag), ["one".parse().unwrap()]);
    let changed = &plan.next.types[&"one".parse().unwrap()];
    assert_eq!(changed.limits, current.types[&"one".parse().unwrap()].limits);
    assert_eq!(plan.next.types[&"two".parse().unwrap()], current.types[&"two".parse().unwrap()]);
    let (again, _) = onto(&plan.next, &name, &tag, digest("new"), Backing::Log).unwrap();
    assert!(again.changes.is_empty(), "the same build changes nothing");
}

#[test]
fn a_module_that_nothing_runs_gets_a_type_of_its_name() {
    let tag: ModuleTag = "hello@dev-1".parse().unwrap();
    let name = "hello".parse().unwrap();
    let (plan, is_new) = onto(&Catalog::default(), &name, &tag, digest("new"), Backing::Log).unwrap();
    assert!(is_new);
    assert_eq!(runners(&plan.next, &tag), [name]);
    let taken = table("[type.hello]\nhandlers = [{ module = 'other@1.0.0' }]\n", &["other@1.0.0"]);
    let refused = onto(&taken, &"hello".parse().unwrap(), &tag, digest("new"), Backing::Log).unwrap_err();
    assert!(refused.contains("runs another module"), "{refused}");
}
