//! What is said of grants that are missing, and of those too many.

use super::*;
use crate::{Catalog, plan};

const FILE: &str = "\
[type.bare]
handlers = [{ module = 'calls@1.0.0' }]
[type.right]
handlers = [{ module = 'calls@1.0.0' }]
grants = { http = ['https://api.example.com'], secrets = ['TOKEN'] }
[type.wide]
handlers = [{ module = 'quiet@1.0.0' }]
grants = { emit = ['a.*'], clock = true }
[type.mixed]
handlers = [{ module = 'quiet@1.0.0', weight = 90 }, { module = 'calls@1.0.0', weight = 10 }]
grants = { http = ['https://api.example.com'], secrets = ['TOKEN'] }
[type.unknown]
handlers = [{ module = 'old@1.0.0' }]
grants = { emit = ['a.*'] }
";

fn digest(tag: &str) -> ModuleDigest {
    ModuleDigest::of(tag.as_bytes())
}

#[test]
fn each_mistake_has_its_place_and_says_what_to_do() {
    let tags = ["calls@1.0.0", "quiet@1.0.0", "old@1.0.0"];
    let modules = tags.iter().map(|tag| (tag.parse().unwrap(), digest(tag))).collect();
    let files = [SourceFile::new("mill.toml", FILE)];
    let plan = plan(&Catalog::default(), &files, &modules, Backing::Log).unwrap();
    let calls = BTreeSet::from([Import::Http, Import::Secrets]);
    let asked = AskedOf::from([
        (digest("calls@1.0.0"), Asked { needs: calls.clone(), uses: calls }),
        // A module of WASI: it has a clock, whether it looks at it or not.
        (digest("quiet@1.0.0"), Asked { needs: BTreeSet::new(), uses: [Import::Clock].into() }),
    ]);
    let mistakes = judge_grants(&plan, &files, Backing::Log, &asked).unwrap_err();
    assert_eq!(
        mistakes.to_string(),
        "mill.toml:2:24: calls@1.0.0 imports secrets, which job type `bare` does not grant: add grants.secrets = \
         [\"NAME\"], or deploy a module that does without\n\
         mill.toml:2:24: calls@1.0.0 imports http, which job type `bare` does not grant: add grants.http = \
         [\"https://api.example.com\"], or deploy a module that does without\n\
         mill.toml:6:7: job type `wide` grants emit, and none of its modules asks for it: take it out"
    );
}
