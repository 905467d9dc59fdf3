//! Artifacts: compiled once, private, and refused when they are not what was written.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use wasmill_sandbox::{ArtifactStore, Component, Sandbox, SandboxConfig, Tuning};

use super::support::{SANDBOX, component, job, limits, module, output_of};

fn hello() -> Component {
    component(&module("hello"))
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// The machine code in a folder with one artifact.
fn only_file_in(folder: &Path) -> PathBuf {
    let files = code_in(folder);
    assert_eq!(files.len(), 1, "{files:?}");
    files.into_iter().next().unwrap()
}

fn code_in(folder: &Path) -> Vec<PathBuf> {
    files_in(folder).into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "cwasm")).collect()
}

fn seal_of(code: &Path) -> PathBuf {
    code.with_extension("seal")
}

/// Writes over a file as somebody would who may.
fn overwrite(path: &Path, bytes: &[u8]) {
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    fs::write(path, bytes).unwrap();
}

fn greets(sandbox: &Sandbox, artifact: &wasmill_sandbox::Artifact) {
    let handler = sandbox.load(artifact).unwrap();
    let job = job(r#"{"name":"Ada"}"#);
    let call = wasmill_sandbox::Call {
        job: &job,
        attempt: wasmill_job::Attempt(1),
        max_attempts: 1,
        permit: &wasmill_sandbox::Permit::none(),
    };
    let outcome = sandbox.run(&handler, &call, &limits(), &wasmill_sandbox::Interrupt::new());
    assert_eq!(output_of(&outcome), br#"{"greeting":"Hello, Ada!"}"#);
}

#[test]
fn a_module_is_compiled_once() {
    let folder = TempDir::new().unwrap();
    let store = ArtifactStore::open(folder.path().join("deep/artifacts")).unwrap();
    let hello = hello();
    assert!(store.find(&SANDBOX, hello.digest()).unwrap().is_none());
    greets(&SANDBOX, &store.compile(&SANDBOX, &hello).unwrap());
    let file = only_file_in(&folder.path().join("deep/artifacts"));
    let written = fs::metadata(&file).unwrap().modified().unwrap();
    greets(&SANDBOX, &store.compile(&SANDBOX, &hello).unwrap());
    let again = ArtifactStore::open(folder.path().join("deep/artifacts")).unwrap();
    greets(&SANDBOX, &again.find(&SANDBOX, hello.digest()).unwrap().unwrap());
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), written);
}

#[test]
fn the_folder_and_what_is_in_it_are_private() {
    let folder = TempDir::new().unwrap();
    let shared = folder.path().join("artifacts");
    fs::create_dir(&shared).unwrap();
    fs::set_permissions(&shared, Permissions::from_mode(0o777)).unwrap();
    let store = ArtifactStore::open(&shared).unwrap();
    store.compile(&SANDBOX, &hello()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&shared), 0o700);
    for file in files_in(&shared) {
        assert_eq!(mode(&file), 0o400, "{}", file.display());
    }
}

#[test]
fn a_changed_artifact_is_compiled_again() {
    let folder = TempDir::new().unwrap();
    let store = ArtifactStore::open(folder.path()).unwrap();
    let hello = hello();
    store.compile(&SANDBOX, &hello).unwrap();
    let file = only_file_in(folder.path());
    let whole = fs::read(&file).unwrap();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let changes = [
        ("empty", vec![]),
        ("cut off", whole[..whole.len() - 1].to_vec()),
        ("longer", [whole.as_slice(), b"x"].concat()),
        ("the first byte of code", flipped(0)),
        ("a byte of code", flipped(whole.len() / 2)),
        ("the last byte of code", flipped(whole.len() - 1)),
    ];
    for (what, bytes) in changes {
        overwrite(&file, &bytes);
        assert!(store.find(&SANDBOX, hello.digest()).unwrap().is_none(), "{what}");
        greets(&SANDBOX, &store.compile(&SANDBOX, &hello).unwrap());
        assert!(store.find(&SANDBOX, hello.digest()).unwrap().is_some(), "{what}: compiled, and kept");
    }
}

#[test]
fn an_artifact_under_another_name_is_not_that_module() {
    let folder = TempDir::new().unwrap();
    let store = ArtifactStore::open(folder.path()).unwrap();
    let (hello, trap) = (hello(), component(&module("trap")));
    store.compile(&SANDBOX, &trap).unwrap();
    let of_trap = only_file_in(folder.path());
    let name = of_trap.file_name().unwrap().to_str().unwrap();
    let of_hello =
        of_trap.with_file_name(name.replace(&trap.digest().to_string(), &hello.digest().to_string()));
    fs::rename(seal_of(&of_trap), seal_of(&of_hello)).unwrap();
    fs::rename(&of_trap, &of_hello).unwrap();
    assert!(store.find(&SANDBOX, hello.digest()).unwrap().is_none());
}

/// Whoever restores a backup has other files with the same bytes: they are verified once, and written anew.
#[test]
fn a_copy_of_an_artifact_is_verified_and_then_mapped_as_any_other() {
    let folder = TempDir::new().unwrap();
    let store = ArtifactStore::open(folder.path()).unwrap();
    let hello = hello();
    store.compile(&SANDBOX, &hello).unwrap();
    let file = only_file_in(folder.path());
    let (bytes, seal) = (fs::read(&file).unwrap(), fs::read(seal_of(&file)).unwrap());
    overwrite(&file, &bytes);
    greets(&SANDBOX, &store.find(&SANDBOX, hello.digest()).unwrap().unwrap());
    assert_ne!(fs::read(seal_of(&file)).unwrap(), seal, "sealed anew");
    greets(&SANDBOX, &store.find(&SANDBOX, hello.digest()).unwrap().unwrap());
}

#[test]
fn a_broken_seal_and_a_foreign_one_are_no_seals() {
    let [ours, theirs] = [(); 2].map(|()| TempDir::new().unwrap());
    let [store, foreign] = [&ours, &theirs].map(|folder| ArtifactStore::open(folder.path()).unwrap());
    let hello = hello();
    for store in [&store, &foreign] {
        store.compile(&SANDBOX, &hello).unwrap();
    }
    let [our_seal, their_seal] = [&ours, &theirs].map(|folder| seal_of(&only_file_in(folder.path())));
    let whole = fs::read(&our_seal).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let seals = [("empty", vec![]), ("cut off", whole[1..].to_vec()), ("changed", flipped)];
    for (what, seal) in seals.into_iter().chain([("foreign", fs::read(their_seal).unwrap())]) {
        overwrite(&our_seal, &seal);
        assert!(store.find(&SANDBOX, hello.digest()).unwrap().is_none(), "{what}");
        greets(&SANDBOX, &store.compile(&SANDBOX, &hello).unwrap());
    }
}

#[test]
fn a_link_is_no_artifact() {
    let folder = TempDir::new().unwrap();
    let store = ArtifactStore::open(folder.path()).unwrap();
    let hello = hello();
    store.compile(&SANDBOX, &hello).unwrap();
    let file = only_file_in(folder.path());
    let elsewhere = folder.path().join("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    assert!(store.find(&SANDBOX, hello.digest()).unwrap().is_none());
}

#[test]
fn engines_with_other_settings_keep_their_own() {
    let folder = TempDir::new().unwrap();
    let store = ArtifactStore::open(folder.path()).unwrap();
    let tuning = Tuning { fuel: false, ..Tuning::default() };
    let other = Sandbox::new(SandboxConfig { instances: 1, tuning, ..SandboxConfig::default() }).unwrap();
    let hello = hello();
    let ours = store.compile(&SANDBOX, &hello).unwrap();
    assert!(store.find(&other, hello.digest()).unwrap().is_none());
    greets(&other, &store.compile(&other, &hello).unwrap());
    assert_eq!(code_in(folder.path()).len(), 2);
    let refused = other.load(&ours).unwrap_err().to_string();
    assert!(refused.contains("not usable by this build") && refused.contains("fuel"), "{refused}");
}

/// Another process that shares the folder may be writing, also one with the same process id, in a container of its own.
#[test]
fn what_is_unfinished_is_no_artifact_and_left_alone_until_it_is_old() {
    let folder = TempDir::new().unwrap();
    let store = ArtifactStore::open(folder.path()).unwrap();
    let names = (0..1_000).map(|turn| format!(".unfinished-{}-{turn}", std::process::id()));
    let left: Vec<_> = names.map(|name| folder.path().join(name)).collect();
    for file in &left {
        fs::write(file, b"half").unwrap();
    }
    greets(&SANDBOX, &store.compile(&SANDBOX, &hello()).unwrap());
    let whole = |file: &std::path::PathBuf| fs::read(file).is_ok_and(|bytes| bytes == b"half");
    assert!(left.iter().all(whole), "somebody else's file was touched");

    fs::File::open(&left[0]).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    ArtifactStore::open(folder.path()).unwrap();
    assert!(!left[0].exists() && left[1..].iter().all(whole));
}

#[test]
fn a_folder_that_cannot_be_is_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let refused = ArtifactStore::open(file.join("artifacts")).unwrap_err().to_string();
    assert!(refused.starts_with("cannot make ") && refused.contains("file/artifacts"), "{refused}");
}

/// Only root can give a folder away; for anybody else the open fails earlier, since rights are the owner's to change.
#[test]
fn a_folder_of_somebody_else_is_refused() {
    let folder = TempDir::new().unwrap();
    let theirs = folder.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    if std::os::unix::fs::chown(&theirs, Some(65_534), None).is_ok() {
        let refused = ArtifactStore::open(&theirs).unwrap_err().to_string();
        assert!(refused.contains("belongs to another user (uid 65534)"), "{refused}");
    }
}
