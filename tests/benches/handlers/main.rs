//! What handlers cost a mill: a fresh instance in each language, mapping a compiled module, the way from a deploy to the first
//! job, and the memory of a worker with a thousand modules. Prints tables; never fails on a slow machine.
//! `cargo bench --workspace --bench handlers -- languages` runs one part.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod fresh;
mod languages;
mod memory;

/// The parts, in the order in which they run.
const PARTS: [&str; 2] = ["languages", "memory"];

fn main() {
    // Cargo adds `--bench`.
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [part, folder] = asked.as_slice()
        && part == memory::WORKER
    {
        return memory::be_worker(folder.as_ref());
    }
    assert!(asked.iter().all(|part| PARTS.contains(&part.as_str())), "the parts are {PARTS:?}");
    let wanted = |part: &str| asked.is_empty() || asked.iter().any(|one| one == part);
    if wanted("languages") {
        languages::measure();
    }
    if wanted("memory") {
        memory::measure();
    }
}
