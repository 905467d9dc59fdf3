//! Documents stay true: every path they name in backticks, and every file they link to, exists.

use crate::tree::{files, report, root};

/// A path in backticks counts when it begins with one of these.
const TOPS: [&str; 9] =
    ["runtime/", "gateway/", "relay/", "plugins/", "sdk/", "tests/", "docs/", "deploy/", ".ci/"];

#[test]
fn paths_named_in_documents_exist() {
    let mut mistakes = Vec::new();
    for file in files(&[".md"]) {
        let folder = root().join(&file.path).parent().unwrap().to_owned();
        for (number, line) in file.text.lines().enumerate() {
            for named in in_backticks(line) {
                if !root().join(named).exists() {
                    mistakes.push(format!("{}:{}: `{named}` does not exist", file.path, number + 1));
                }
            }
            for linked in linked(line) {
                if !folder.join(linked).exists() {
                    mistakes.push(format!(
                        "{}:{}: the link to {linked} leads nowhere",
                        file.path,
                        number + 1
                    ));
                }
            }
        }
    }
    report("documents name files that are not there", &mistakes);
}

fn in_backticks(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2).filter(|word| {
        let plain = !word.contains(['*', '{', '<', ' ', '…', '$']) && !word.contains("NAME");
        plain && TOPS.iter().any(|top| word.starts_with(top)) && !word.starts_with("plugins/target")
    })
}

fn linked(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target)).filter_map(
        |target| {
            let target = target.split('#').next().unwrap_or_default();
            (!target.is_empty() && !target.contains("://")).then_some(target)
        },
    )
}
