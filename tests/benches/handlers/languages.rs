//! The template of each language, as `wasmill new` writes it and its README builds it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use wasmill_sandbox::{ArtifactStore, CheckLimits, Sandbox, SandboxConfig, check};
use wasmill_tests::{World, binary, installed, until, wasmill};

use crate::fresh::spread;

const PAYLOAD: &str = r#"{"email": "ada@example.com", "name": "Ada"}"#;

/// Prints a row for each language.
pub(crate) fn measure() {
    let folder = tempfile::tempdir().unwrap();
    println!(
        "handlers of `wasmill new`, one thread; the way to the first job on `wasmill dev` with embedded stores\n"
    );
    println!(
        "{:<12} {:>9} {:>9} {:>11} {:>10} {:>10} {:>10} {:>14}",
        "", "module", "code", "compile", "map, load", "fresh p50", "p99", "to first job"
    );
    for language in ["rust", "javascript", "python"] {
        let module = build(&folder, language);
        let seen: Value = serde_json::from_str(
            &wasmill(&["modules", "inspect", module.to_str().unwrap(), "--json"]).unwrap(),
        )
        .unwrap();
        let bytes = std::fs::read(&module).unwrap();
        let config = SandboxConfig { instances: 1, memory_bytes_max: 256 << 20, ..SandboxConfig::default() };
        let sandbox = Sandbox::new(config).unwrap();
        let component = check(&bytes, &CheckLimits::default()).unwrap();
        let store = ArtifactStore::open(folder.path().join(format!("{language}.compiled"))).unwrap();
        store.compile(&sandbox, &component).unwrap();
        let map = || {
            let started = Instant::now();
            let artifact = store.find(&sandbox, component.digest()).unwrap().unwrap();
            sandbox.load(&artifact).unwrap();
            started.elapsed()
        };
        let mapped = (0..20).map(|_| map()).min().unwrap();
        let handler = sandbox.load(&store.find(&sandbox, component.digest()).unwrap().unwrap()).unwrap();
        let jobs = if language == "python" { 300 } else { 3_000 };
        let fresh = spread(&sandbox, &handler, PAYLOAD, jobs, 5);
        println!(
            "{language:<12} {:>6} KB {:>6} KB {:>8} ms {:>10} {:>10} {:>10} {:>14}",
            bytes.len() / 1_000,
            seen["code_bytes"].as_u64().unwrap() / 1_000,
            seen["compile_ms"],
            short(mapped),
            short(fresh.p50),
            short(fresh.p99),
            short(to_first_job(bytes)),
        );
    }
    println!();
}

/// From the first byte of the upload until the first job is completed, with a server that has nothing yet.
fn to_first_job(module: Vec<u8>) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let world = World::start().await;
        let started = Instant::now();
        world.deploy_as("first@1.0.0", module).await;
        world
            .apply(
                "[type.first]\nhandlers = [{ module = \"first@1.0.0\" }]\nlimits = { memory = \"256MiB\" }\n",
            )
            .await;
        let payload: Value = serde_json::from_str(PAYLOAD).unwrap();
        let job = world.enqueue("first", &json!(payload)).await;
        until("the first job is completed", wasmill_tests::DEADLINE, || async {
            world.job(&job).await.filter(|view| view["state"] == "completed")
        })
        .await;
        started.elapsed()
    })
}

/// Builds the template of a language.
fn build(folder: &TempDir, language: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let project = folder.path().join(language);
    let new = ["new", language, "--lang", language, "--sdk", root.to_str().unwrap()];
    run(Command::new(binary()).args(new), folder.path());
    match language {
        "rust" => {
            let target = installed().join("templates");
            let mut build = Command::new(root.join("plugins/build"));
            run(build.arg("--project").arg(&project).env("CARGO_TARGET_DIR", &target), &project);
            target.join("wasm32-unknown-unknown/release/rust.wasm")
        }
        "python" => {
            let python = installed().join("python/bin/python");
            run(
                Command::new(python).args(["-m", "wasmill_sdk", "build", "app.py", "-o", "python.wasm"]),
                &project,
            );
            project.join("python.wasm")
        }
        _ => {
            let npm = |arguments: &[&str]| {
                run(
                    Command::new("npm").args(arguments).env("npm_config_cache", installed().join("npm")),
                    &project,
                );
            };
            npm(&["install", "--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts"]);
            npm(&["run", "build"]);
            project.join(format!("{language}.wasm"))
        }
    }
}

fn run(command: &mut Command, folder: &Path) {
    let output = command.current_dir(folder).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} ends with {}:\n{said}", output.status);
}

fn short(time: Duration) -> String {
    match time.as_micros() {
        micros if micros < 1_000 => format!("{:.1} µs", time.as_secs_f64() * 1e6),
        micros if micros < 1_000_000 => format!("{:.2} ms", time.as_secs_f64() * 1e3),
        _ => format!("{:.2} s", time.as_secs_f64()),
    }
}
