//! Command programs that nobody here wrote are handlers as they are: what `tests/programs/build` made of the C sources of
//! cmark and brotli gives the very bytes that the same sources give as programs of this machine.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use wasmill_tests::{World, installed};

/// What the program gives on this machine, without Wasm.
fn natively(program: &str, input: &[u8]) -> Vec<u8> {
    let path = installed().join("programs").join(program);
    let mut command = Command::new(&path);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; run tests/programs/build first", path.display()));
    let mut to = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writing = std::thread::spawn(move || to.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(output.status.success(), "{program}: {}", output.status);
    output.stdout
}

/// Deploys the program and routes a type of its name to it.
async fn route(world: &World, program: &str) {
    let module = installed().join("programs").join(format!("{program}.wasm"));
    world.deploy_as(&format!("{program}@1.0.0"), std::fs::read(module).unwrap()).await;
    world.apply(&format!("[type.{program}]\nhandlers = [{{ module = \"{program}@1.0.0\" }}]\n")).await;
}

async fn output(world: &World, program: &str, payload: &[u8]) -> Vec<u8> {
    let job = world.enqueue_bytes(program, payload.to_owned(), "one").await;
    let done = world.reaches(&job, "completed").await;
    let Value::String(output) = &done["output_base64"] else { panic!("no output: {done}") };
    STANDARD.decode(output).unwrap()
}

/// Real Markdown: what this repository says about itself.
fn page() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap()
}

#[tokio::test]
async fn markdown_becomes_the_html_that_cmark_makes() {
    let world = World::start().await;
    route(&world, "cmark").await;
    let html = output(&world, "cmark", &page()).await;
    assert_eq!(html, natively("cmark", &page()));
    assert!(html.starts_with(b"<h1>"), "{}", String::from_utf8_lossy(&html));
}

#[tokio::test]
async fn bytes_are_compressed_as_brotli_does() {
    let world = World::start().await;
    route(&world, "brotli").await;
    let compressed = output(&world, "brotli", &page()).await;
    assert_eq!(compressed, natively("brotli", &page()));
    assert!(compressed.len() < page().len() / 2);
}
