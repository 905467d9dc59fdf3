//! Guests written by hand, so that these tests need no compiler for them: each does one thing only.

use wit_component::StringEncoding;
use wit_parser::Resolve;

/// Answers nothing, at once.
pub(crate) const NOOP: Guest = Guest { body: "", answer: "" };
/// Never answers.
pub(crate) const SPIN: Guest = Guest { body: "(loop $again (br $again))", answer: "" };
/// Asks to try again, and leaves the pause to the policy.
pub(crate) const RETRY: Guest = Guest { body: "", answer: r"\01" };
/// Asks to try again, until its third attempt.
pub(crate) const FLAKY: Guest =
    Guest { body: "(i32.store8 (i32.const 1024) (i32.lt_u (call $attempt) (i32.const 3)))", answer: "" };
/// Says that the job can never succeed.
pub(crate) const REJECT: Guest = Guest { body: "", answer: r"\01\00\00\00\00\00\00\00\01" };
/// Asks for the time, which a route has to grant.
pub(crate) const TIME: Guest = Guest { body: "(drop (call $now))", answer: "" };
/// Traps.
pub(crate) const TRAP: Guest = Guest { body: "(unreachable)", answer: "" };
/// Counts to a hundred million, then answers nothing: a tenth of a second, or a few.
pub(crate) const BUSY: Guest = Guest {
    body: "(local $left i64) (local.set $left (i64.const 100000000))
        (loop $again (local.set $left (i64.sub (local.get $left) (i64.const 1)))
            (br_if $again (i64.ne (local.get $left) (i64.const 0))))",
    answer: "",
};

/// A core module of the world `wasmill:job/handler`, by what it does and what it then answers.
#[derive(Clone, Copy)]
pub(crate) struct Guest {
    body: &'static str,
    /// The first bytes of the `result<list<u8>, failure>`, as the canonical ABI lays it out: one byte for ok or error;
    /// for an error at offset 8 one byte for retry or reject. The rest is zero: no bytes, no message, no pause.
    answer: &'static str,
}

impl Guest {
    /// The module's bytes, as somebody would upload them.
    pub(crate) fn bytes(self) -> Vec<u8> {
        let clock = r#"(import "wasmill:job/clock@1.0.0" "now-ms" (func $now (result i64)))"#;
        let clock = if self.body.contains("$now") { clock } else { "" };
        let text = format!(
            r#"(module
                (import "wasmill:job/context@1.0.0" "attempt" (func $attempt (result i32)))
                {clock}
                (memory (export "memory") 1)
                (data (i32.const 1024) "{}")
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 2048))
                (func (export "wasmill:job/handler@1.0.0#handle") (param i32 i32) (result i32) {} (i32.const 1024)))"#,
            self.answer, self.body
        );
        let mut module = wat::parse_str(text).unwrap();
        let mut resolve = Resolve::default();
        let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk/wit");
        let (package, _) = resolve.push_dir(wit).unwrap();
        let world = resolve.select_world(&[package], Some("job-handler")).unwrap();
        wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
            .unwrap();
        module
    }
}
