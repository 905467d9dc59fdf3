//! The routing table from the command line: looking at it, its history, going back, and rolling out.

use std::fs;

use tempfile::TempDir;

use crate::mill::Mill;
use crate::wasmill::prebuilt;

/// A mill with a module in two versions, and a file to be applied.
struct Desk {
    folder: TempDir,
    mill: Mill,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mill = Mill::start(&folder.path().join("data"));
        for version in ["hello@1.0.0", "hello@1.1.0"] {
            mill.wasmill(["deploy", &prebuilt("hello"), "--name", version]).ok();
        }
        Self { folder, mill }
    }

    /// Applies `greeting` with these lines, waits until they are in force, and answers what was printed.
    fn apply(&self, lines: &str, more: &[&str]) -> String {
        let file = self.folder.path().join("greeting.toml");
        fs::write(&file, format!("[type.greeting]\n{lines}\n")).unwrap();
        let args = ["apply", file.to_str().unwrap()].into_iter().chain(more.iter().copied());
        let said = self.mill.wasmill(args).ok().stdout;
        self.mill.followed();
        said
    }

    /// Enqueues a job and answers it when it is done.
    fn job(&self) -> serde_json::Value {
        let said = self
            .mill
            .wasmill_reading(["enqueue", "greeting", "--payload", "-", "--json"], r#"{"name":"Ada"}"#);
        let id = said.ok().json()["id"].as_str().unwrap().to_owned();
        let show = ["job", "show", "greeting", &id, "--json"];
        self.mill.until(show, |job| job["state"] == "completed")
    }
}

const FIRST: &str = "handlers = [{ module = \"hello@1.0.0\" }]";

#[test]
fn a_type_goes_from_off_over_shadow_to_live_and_tells_which_version_ran() {
    let desk = Desk::new();
    desk.apply(&format!("mode = \"off\"\n{FIRST}"), &["--yes"]);
    let refused = desk.mill.wasmill(["enqueue", "greeting"]).code(1).stderr;
    assert!(refused.contains("switched off"), "{refused}");
    desk.apply(&format!("mode = \"shadow\"\n{FIRST}"), &["--yes"]);
    let shadow = desk.job();
    assert_eq!((&shadow["mode"], shadow["module"].is_null()), (&"shadow".into(), true), "{shadow}");
    desk.apply(FIRST, &["--yes"]);
    assert_eq!(desk.job()["module"], "hello@1.0.0");
    let both =
        "handlers = [{ module = \"hello@1.0.0\", weight = 50 }, { module = \"hello@1.1.0\", weight = 50 }]";
    let shown = desk.apply(both, &["--dry-run"]);
    assert!(shown.contains("hello@1.1.0") && shown.contains("50%"), "{shown}");
    assert!(!shown.contains("applied"), "{shown}");
    desk.apply("handlers = [{ module = \"hello@1.1.0\" }]", &["--yes"]);
    assert_eq!(desk.job()["module"], "hello@1.1.0");
    let types = desk.mill.wasmill(["types", "list"]).ok().stdout;
    assert!(types.lines().nth(1).unwrap().starts_with("greeting"), "{types}");
    assert_eq!(desk.mill.wasmill(["types", "show", "greeting", "--json"]).ok().json()["mode"], "live");
}

#[test]
fn the_history_is_shown_compared_and_gone_back_to() {
    let desk = Desk::new();
    desk.apply(FIRST, &["--yes", "--message", "the first"]);
    desk.apply(&format!("mode = \"paused\"\n{FIRST}"), &["--yes"]);
    let history = desk.mill.wasmill(["history"]).ok().stdout;
    assert!(history.lines().nth(2).unwrap().contains("the first"), "{history}");
    let diff = desk.mill.wasmill(["diff", "1", "2"]).ok().stdout;
    assert_eq!(diff, "~ type greeting\n    mode: live → paused\n");
    let asked = desk.mill.wasmill(["rollback", "1"]).code(1);
    assert!(
        asked.stdout.contains("mode: paused → live") && asked.stderr.contains("--yes"),
        "{}",
        asked.stderr
    );
    assert!(desk.mill.wasmill(["rollback", "1", "--yes"]).ok().stdout.ends_with("applied revision 3\n"));
    assert!(desk.mill.wasmill(["rollback", "1", "--yes"]).ok().stdout.contains("nothing to change"));
    assert!(desk.mill.wasmill(["diff", "1", "3"]).ok().stdout.contains("say the same"));
    desk.mill.wasmill(["rollback", "9", "--yes"]).code(1);
    // What is exported is a folder of catalog files like any other.
    let exported = desk.mill.wasmill(["export"]).ok().stdout;
    let folder = desk.folder.path().join("mill");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("all.toml"), exported).unwrap();
    let again = desk.mill.wasmill(["apply", folder.to_str().unwrap()]).ok().stdout;
    assert!(again.contains("nothing to change"), "{again}");
}

#[test]
fn what_is_in_use_is_not_deleted() {
    let desk = Desk::new();
    desk.apply(FIRST, &["--yes"]);
    let modules = desk.mill.wasmill(["modules", "list"]).ok().stdout;
    assert!(modules.contains("hello@1.0.0, hello@1.1.0") && modules.contains("greeting"), "{modules}");
    for (command, user) in [
        (["queues", "delete", "default", "--yes"], "job type `greeting`"),
        (["modules", "prune", "hello@1.0.0", "--yes"], "job type `greeting`"),
        (["types", "delete", "greeting", "--yes"], "mode = \"off\""),
    ] {
        let said = desk.mill.wasmill(command).code(1).stderr;
        assert!(said.contains("in use") && said.contains(user), "{said}");
    }
    desk.apply(&format!("mode = \"off\"\n{FIRST}"), &["--yes"]);
    desk.mill.wasmill(["types", "delete", "greeting", "--yes"]).ok();
    desk.mill.wasmill(["queues", "delete", "default", "--yes"]).ok();
    let unknown = desk.mill.wasmill(["types", "show", "greeting"]).code(1).stderr;
    assert!(unknown.contains("wasmill types list"), "{unknown}");
    assert!(desk.mill.wasmill(["types", "list"]).ok().stdout.contains("no job types yet"));
    let kept = desk.mill.wasmill(["modules", "prune", "--yes"]).ok().stdout;
    assert!(kept.contains("nothing to prune"), "{kept}");
    let deleted = desk.mill.wasmill(["modules", "prune", "hello@1.1.0", "--yes"]).ok().stdout;
    assert!(deleted.ends_with("deleted 1 module\n"), "{deleted}");
    let gone = desk.mill.wasmill(["rollback", "1", "--yes"]).code(1).stderr;
    assert!(gone.contains("`hello@1.0.0`") && gone.contains("deploy"), "{gone}");
}
