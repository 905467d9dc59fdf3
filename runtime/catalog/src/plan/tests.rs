//! Unit tests of `plan`.

#![allow(clippy::unwrap_used)]
use std::time::Duration;

use proptest::prelude::*;
use wasmill_job::{Backoff, Generation, Grants, Limits, Path, Percent, Rate, RetriedExits, RetryPolicy};

use super::*;
use crate::{ChangeKind, Flow, GenerationSpec, RedisNames, RouteMode, Subject, Weight};

const WHOLE: &str = include_str!("golden/whole.toml");
const WRONG: &str = include_str!("golden/wrong.toml");
const WRONG_SAYS: &str = include_str!("golden/wrong.says");

fn modules() -> BTreeMap<ModuleTag, ModuleDigest> {
    let tags = ["hello@1.0.0", "welcome@1.4.2"];
    tags.into_iter().map(|tag| (tag.parse().unwrap(), ModuleDigest::of(tag.as_bytes()))).collect()
}

fn plan_of(current: &Catalog, texts: &[&str]) -> Result<Plan, Mistakes> {
    plan_for(Backing::Log, current, texts)
}

fn plan_for(backing: Backing, current: &Catalog, texts: &[&str]) -> Result<Plan, Mistakes> {
    let name = |index: usize| format!("mill/{}.toml", char::from(b'a' + u8::try_from(index).unwrap()));
    let files: Vec<_> =
        texts.iter().enumerate().map(|(index, text)| SourceFile::new(name(index), *text)).collect();
    plan(current, &files, &modules(), backing)
}

fn applied(texts: &[&str]) -> Catalog {
    plan_of(&Catalog::default(), texts).unwrap().next
}

/// The mistakes of `texts`, a line each.
fn mistakes_of(current: &Catalog, texts: &[&str]) -> String {
    plan_of(current, texts).unwrap_err().to_string()
}

#[test]
fn a_file_with_every_key_becomes_a_revision() {
    let catalog = applied(&[WHOLE]);
    assert_eq!(catalog.revision, Revision(1));
    let mail = &catalog.queues[&"mail".parse().unwrap()];
    assert_eq!((mail.current.partitions.get(), mail.current.generation), (16, Generation(1)));
    let expected = TypeSpec {
        owner: Some("growth".into()),
        queue: "mail".parse().unwrap(),
        path: Path::Log,
        mode: RouteMode::Paused,
        handlers: Handlers::one("welcome@1.4.2".parse().unwrap(), ModuleDigest::of(b"welcome@1.4.2")),
        limits: Limits {
            memory_bytes: 32 << 20,
            timeout: Duration::from_secs(60),
            fuel: 1_000_000,
            payload_bytes: 64 << 10,
            output_bytes: 1 << 10,
            log_bytes: 0,
            host_calls: 10_000,
            http_calls: 5,
            http_bytes: 1 << 20,
            children: 10,
        },
        retry: RetryPolicy {
            attempts: 3,
            backoff: Backoff::new(Duration::from_millis(500), 3.0, Duration::from_secs(3600), 0.5).unwrap(),
            exits: RetriedExits::All,
        },
        flow: Flow {
            concurrency: Some(64),
            rate: Some(Rate { jobs: NonZeroU32::new(500).unwrap(), per: Duration::from_secs(1) }),
            weight: NonZeroU32::new(3).unwrap(),
            max_pending: None,
        },
        grants: Grants {
            http: vec!["POST https://api.example.com".into()],
            secrets: ["SMTP_TOKEN".parse().unwrap()].into(),
            config: [("region".into(), "eu".into())].into(),
            emit: vec!["email.*".parse().unwrap()],
            clock: true,
            random: true,
        },
        keep_result: Duration::from_secs(1800),
        dedup_window: Duration::from_secs(3600),
    };
    assert_eq!(catalog.types[&"email.welcome".parse().unwrap()], expected);
}

#[test]
fn what_a_file_leaves_out_has_its_default() {
    let catalog = applied(&["[type.hello]\nhandlers = [{ module = 'hello@1.0.0' }]"]);
    let hello = &catalog.types[&"hello".parse().unwrap()];
    assert_eq!(hello.queue.as_str(), DEFAULT_QUEUE);
    assert_eq!((hello.limits, hello.retry, hello.flow), Default::default());
    assert_eq!((hello.path, hello.mode, hello.owner.as_ref()), (Path::Log, RouteMode::Live, None));
    assert_eq!((hello.keep_result.as_secs(), hello.dedup_window.as_secs()), (3600, 600));
    assert_eq!(catalog.queues[&DEFAULT_QUEUE.parse().unwrap()].current.partitions.get(), 4);
}

#[test]
fn jobs_take_the_path_that_the_mill_has_and_can_be_limited_on_both() {
    let says = "[type.hello]\nhandlers = [{ module = 'hello@1.0.0' }]\nflow = { max_pending = 100_000 }";
    let expected =
        [(Backing::Nothing, Path::Queue), (Backing::Log, Path::Log), (Backing::LogAndQueue, Path::Log)];
    for (backing, path) in expected {
        let catalog = plan_for(backing, &Catalog::default(), &[says]).unwrap().next;
        let hello = &catalog.types[&"hello".parse().unwrap()];
        assert_eq!((hello.path, hello.flow.max_pending), (path, Some(100_000)));
    }
}

#[test]
fn a_path_that_the_mill_does_not_have_is_a_mistake() {
    let of = |path| format!("[type.hello]\npath = '{path}'\nhandlers = [{{ module = 'hello@1.0.0' }}]");
    for path in ["queue", "both"] {
        let says = plan_for(Backing::Log, &Catalog::default(), &[&of(path)]).unwrap_err().to_string();
        assert!(says.starts_with("mill/a.toml:2:8: `path` of job type `hello`: "), "{says}");
        assert!(says.ends_with("or leave it out, or give the mill a Redis"), "{says}");
    }
    for path in ["log", "both"] {
        let says = plan_for(Backing::Nothing, &Catalog::default(), &[&of(path)]).unwrap_err().to_string();
        let without = "mill/a.toml:2:8: `path` of job type `hello`: this mill has no log; write \"queue\" or leave it out";
        assert_eq!(says, without);
    }
    for (path, expected) in [("queue", Path::Queue), ("both", Path::Both), ("log", Path::Log)] {
        let catalog = plan_for(Backing::LogAndQueue, &Catalog::default(), &[&of(path)]).unwrap().next;
        assert_eq!(catalog.types[&"hello".parse().unwrap()].path, expected);
    }
}

#[test]
fn several_handlers_share_the_jobs() {
    let says = "[type.hello]\nhandlers = [{ module = 'hello@1.0.0', weight = 95 }, { module = 'welcome@1.4.2', weight = 5 }]";
    let handlers = applied(&[says]).types[&"hello".parse().unwrap()].handlers.clone();
    let shares: Vec<_> = handlers.iter().map(|handler| (handler.module.as_str(), handler.weight)).collect();
    let weight = |number| Weight::new(number).unwrap();
    assert_eq!(shares, [("hello@1.0.0", weight(95)), ("welcome@1.4.2", weight(5))]);
}

#[test]
fn a_mode_is_a_word_or_a_share() {
    let five = RouteMode::Part(Percent::new(5).unwrap());
    let modes = [("'off'", RouteMode::Off), ("'shadow'", RouteMode::Shadow), ("{ live = '5%' }", five)];
    for (text, expected) in modes {
        let says = format!("[type.hello]\nmode = {text}\nhandlers = [{{ module = 'hello@1.0.0' }}]");
        assert_eq!(applied(&[&says]).types[&"hello".parse().unwrap()].mode, expected);
    }
}

#[test]
fn the_default_queue_can_be_defined() {
    let catalog = applied(&[
        "[queue.default]\npartitions = 2",
        "[type.hello]\nhandlers = [{ module = 'hello@1.0.0' }]",
    ]);
    assert_eq!(catalog.queues[&DEFAULT_QUEUE.parse().unwrap()].current.partitions.get(), 2);
}

#[test]
fn all_mistakes_come_at_once() {
    let says = mistakes_of(&Catalog::default(), &[WRONG]);
    assert_eq!(says, WRONG_SAYS.trim_end(), "\n--- found:\n{says}\n");
}

#[test]
fn entries_not_named_stay_as_they_are() {
    let current = applied(&[WHOLE]);
    let plan = plan_of(&current, &["[type.hello]\nhandlers = [{ module = 'welcome@1.4.2' }]"]).unwrap();
    assert_eq!(plan.next.revision, Revision(2));
    assert_eq!(plan.next.types.len(), 2);
    let [change] = plan.changes.as_slice() else { panic!("{:?}", plan.changes) };
    assert_eq!(
        (&change.subject, change.kind),
        (&Subject::Type("hello".parse().unwrap()), ChangeKind::Changed)
    );
    assert_eq!(change.fields.len(), 1);
    assert_eq!(change.fields[0].path, "handlers");
}

#[test]
fn applying_again_changes_nothing() {
    let plan = plan_of(&applied(&[WHOLE]), &[WHOLE]).unwrap();
    assert_eq!(plan.changes, []);
}

#[test]
fn a_name_comes_once_over_all_files() {
    let says = mistakes_of(
        &Catalog::default(),
        &[WHOLE, "[queue.mail]\n\n[type.hello]\nhandlers = [{ module = 'hello@1.0.0' }]"],
    );
    let expected = "mill/b.toml:1:8: queue `mail` is already defined at mill/a.toml:2; keep one of the two\n\
                    mill/b.toml:3:7: job type `hello` is already defined at mill/a.toml:19; keep one of the two";
    assert_eq!(says, expected);
}

#[test]
fn a_name_that_comes_twice_in_one_file_is_a_mistake() {
    let says = mistakes_of(&Catalog::default(), &["[queue.a]\n[queue.a]"]);
    assert!(says.starts_with("mill/a.toml:2:"), "{says}");
}

#[test]
fn other_partitions_make_a_new_generation_and_the_old_one_drains() {
    let plan = plan_of(&applied(&[WHOLE]), &["[queue.mail]\npartitions = 8\ndurability = 'leader'"]).unwrap();
    let mail = &plan.next.queues[&"mail".parse().unwrap()];
    assert_eq!(shown(mail), "2 (8 main) after 1 (16 main)");
    assert_eq!(mail.durability, Durability::Leader);
    let [change] = plan.changes.as_slice() else { panic!("{:?}", plan.changes) };
    let says = "~ queue mail\n    partitions: 16 → 8\n    generation: 1 → 2\n    draining: 1 (16 partitions)\n    \
                durability: quorum → leader";
    assert_eq!(change.to_string(), says);
}

#[test]
fn another_redis_makes_a_new_generation_of_its_own_numbers() {
    let mill = || Stores {
        backing: Backing::LogAndQueue,
        redis: RedisNames::Known(["main", "big"].map(RedisName::from).into()),
    };
    let put =
        |current: &Catalog, text: &str| plan(current, &[SourceFile::new("a.toml", text)], &modules(), mill());
    let of = |catalog: &Catalog| shown(&catalog.queues[&"mail".parse().unwrap()]);
    let first = put(&Catalog::default(), "[queue.mail]").unwrap().next;
    let big = put(&first, "[queue.mail]\nredis = 'big'").unwrap();
    assert_eq!(of(&big.next), "65 (4 big) after 1 (4 main)");
    let says = "~ queue mail\n    redis: main → big\n    generation: 1 → 65\n    draining: 1 (4 partitions)";
    assert_eq!(big.changes[0].to_string(), says);
    // Back to what still drains: the same generation, and no number is used up.
    assert_eq!(of(&put(&big.next, "[queue.mail]").unwrap().next), "1 (4 main) after 65 (4 big)");
    let more = put(&big.next, "[queue.mail]\nredis = 'big'\npartitions = 8").unwrap().next;
    assert_eq!(of(&more), "66 (8 big) after 1 (4 main), 65 (4 big)");
    let says = put(&first, "[queue.mail]\nredis = 'bigg'").unwrap_err().to_string();
    let expected = "a.toml:2:9: `redis` of queue `mail`: the processes' configuration has no Redis \"bigg\"; it has \
                    \"main\", \"big\"; did you mean `big`?";
    assert_eq!(says, expected);
}

#[test]
fn a_redis_that_the_mill_does_not_have_is_a_mistake() {
    let says = |backing| {
        let files = ["[queue.mail]\nredis = 'big'"];
        plan_for(backing, &Catalog::default(), &files).unwrap_err().to_string()
    };
    let embedded = "mill/a.toml:2:9: `redis` of queue `mail`: the queue of this mill is embedded, which is one place; write \
                    \"main\" or leave it out";
    assert_eq!(says(Backing::Log), embedded);
    for backing in [Backing::LogAndQueue, Backing::Nothing] {
        assert!(says(backing).ends_with("give the mill another set of servers with [[queue.more]]"));
    }
    let unknown = Stores { backing: Backing::LogAndQueue, redis: RedisNames::Unknown };
    let file = SourceFile::new("a.toml", "[queue.mail]\nredis = 'big'");
    assert!(plan(&Catalog::default(), &[file], &modules(), unknown).is_ok());
}

#[test]
fn a_queue_has_no_more_than_eight_generations_that_drain() {
    let mut catalog = applied(&["[queue.mail]"]);
    for partitions in 5..13 {
        catalog = plan_of(&catalog, &[&format!("[queue.mail]\npartitions = {partitions}")]).unwrap().next;
    }
    let says = mistakes_of(&catalog, &["[queue.mail]\npartitions = 13"]);
    let expected = "mill/a.toml:2:14: queue `mail` has 8 generations that still drain (1, 2, 3, 4, 5, 6, 7, 8), and can have \
                    no more: take out those that are drained, with `wasmill queues retire mail GENERATION`, then repeat";
    assert_eq!(says, expected);
    assert!(plan_of(&catalog, &["[queue.mail]"]).is_ok(), "to one of them, it can go back");
}

/// Such as `2 (8 main) after 1 (16 main)`.
fn shown(queue: &QueueSpec) -> String {
    let one = |of: &GenerationSpec| format!("{} ({} {})", of.generation, of.partitions, of.redis);
    let draining: Vec<_> = queue.draining.iter().map(one).collect();
    format!("{} after {}", one(&queue.current), draining.join(", "))
}

#[test]
fn a_job_type_does_not_move_to_another_queue() {
    let moved = "[type.hello]\nqueue = 'mail'\nhandlers = [{ module = 'hello@1.0.0' }]";
    let says = mistakes_of(&applied(&[WHOLE]), &[moved]);
    assert!(says.starts_with("mill/a.toml:2:9: job type `hello` is in queue `default`"), "{says}");
}

#[test]
fn references_are_not_judged_while_a_file_cannot_be_read() {
    let broken = "[queue.mail\npartitions = 4";
    let says = mistakes_of(
        &Catalog::default(),
        &[broken, "[type.hello]\nqueue = 'mail'\nhandlers = [{ module = 'hello@1.0.0' }]"],
    );
    assert!(says.lines().all(|line| line.starts_with("mill/a.toml:1:")), "{says}");
}

#[test]
fn a_plan_is_dated_when_it_becomes_a_revision() {
    let plan = plan_of(&Catalog::default(), &[WHOLE]).unwrap();
    let revision = plan.into_revision(UnixMs(17), Some("ops".into()), "first routes");
    assert_eq!((revision.created_at, revision.message.as_str()), (UnixMs(17), "first routes"));
    assert_eq!(revision.author.as_deref(), Some("ops"));
}

proptest! {
    #[test]
    fn garbage_is_a_mistake_with_a_place_or_a_plan(text in "[\\PC\n\t\"\\[\\]{}=.,#]{0,200}") {
        check_places(&text);
    }

    #[test]
    fn a_damaged_file_is_a_mistake_with_a_place_or_a_plan(
        at in any::<prop::sample::Index>(),
        length in 0..20_usize,
        put in "[\\PC\n]{0,8}",
        base in prop::sample::select(vec![WHOLE, WRONG]),
    ) {
        let boundaries: Vec<_> = base.char_indices().map(|(index, _)| index).collect();
        let start = at.index(boundaries.len());
        let end = (start + length).min(boundaries.len() - 1);
        let (start, end) = (boundaries[start], boundaries[end].max(boundaries[start]));
        check_places(&format!("{}{put}{}", &base[..start], &base[end..]));
    }
}

fn check_places(text: &str) {
    if let Err(Mistakes(mistakes)) = plan_of(&Catalog::default(), &[text]) {
        assert!(!mistakes.is_empty());
        let lines = text.split('\n').count();
        for mistake in mistakes {
            assert!((1..=lines).contains(&mistake.line) && mistake.column >= 1, "{mistake}");
        }
    }
}
