// Payloads in, outputs and failures out, and what a handler may ask.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Reject, Retry, clock, config, context, handler, log, random, secrets } from "@wasmill/sdk";
import { run } from "@wasmill/sdk/testing";

const echo = handler((job) => job);

test("a payload passes through as JSON", () => {
  const job = { name: "Zoë 🦀", n: [1, null, true] };
  assert.deepEqual(run(echo, job).output, job);
  assert.equal(run(echo, new Uint8Array()).output, null);
  assert.equal(Buffer.from(run(handler(() => undefined)).bytes).toString(), "null");
});

test("a handler is still a function", () => {
  assert.deepEqual(echo({ a: 1 }), { a: 1 });
});

test("raw bytes pass as they are", () => {
  const reverse = handler.raw((payload) => payload.reverse());
  assert.deepEqual([...run(reverse, Uint8Array.of(1, 255)).bytes], [255, 1]);
  assert.deepEqual([...run(handler.raw(() => {})).bytes], []);
  assert.equal(run(handler.raw(() => "text")).failure.kind, "reject");
});

test("a payload that does not decode is a reject", () => {
  for (const bytes of [Uint8Array.of(0x7b), Uint8Array.of(0x22, 0xff, 0x22)]) {
    const { failure } = run(echo, bytes);
    assert.equal(failure.kind, "reject");
    assert.match(failure.message, /^the payload does not decode: /);
  }
});

test("errors become the failures that fit", () => {
  const failing = (error) => run(handler(() => { throw error; })).failure;
  assert.deepEqual(failing(new Reject("never")), { kind: "reject", message: "never" });
  assert.deepEqual(failing(new Retry("later")), { kind: "retry", message: "later", afterMs: undefined });
  assert.deepEqual(failing(new Retry("later", { afterMs: 1.6 })), { kind: "retry", message: "later", afterMs: 2 });
  const cause = new RangeError("inner");
  assert.equal(failing(new TypeError("outer", { cause })).message, "TypeError: outer: RangeError: inner");
  assert.equal(failing("text").message, "text");
});

test("promises are refused, not lost", () => {
  assert.throws(() => handler(async () => 1), /no async function/);
  const { failure } = run(handler(() => Promise.resolve(1)));
  assert.equal(failure.kind, "reject");
  assert.match(failure.message, /answered a promise/);
});

test("the context tells of the job that runs", () => {
  const all = handler(() => Object.values(context).map((get) => get() ?? null));
  const job = { jobId: "j", jobType: "t", attempt: 2, maxAttempts: 5, deadlineLeftMs: 7, idempotencyKey: "k", traceparent: "p" };
  const { output } = run(all, null, { ...job, acceptedAt: new Date(1234) });
  assert.deepEqual(new Set(output), new Set(["j", "t", 2, 5, 7, "k", "p", new Date(1234).toJSON()]));
});

test("the log is kept in order", () => {
  const noisy = handler(() => {
    log.debug("a", 1, { b: 2 });
    log.info("i");
    log.warn([1]);
    log.error("e");
  });
  const lines = run(noisy).log.map(({ level, message }) => `${level} ${message}`);
  assert.deepEqual(lines, ["debug a 1 {\"b\":2}", "info i", "warn [1]", "error e"]);
});

test("settings and secrets are those of the job", () => {
  const look = handler(() => [config.names(), config.get("a"), config.get("x") ?? null, String(secrets.get("KEY")), secrets.get("KEY").reveal()]);
  const job = { config: { b: "2", a: "1" }, secrets: { KEY: "s" } };
  assert.deepEqual(run(look, null, job).output, [["a", "b"], "1", null, "Secret(…)", "s"]);
  assert.match(run(look).failure.message, /no grant for a secret `KEY`/);
  assert.equal(run(look).failure.kind, "reject");
  assert.deepEqual(run(handler(() => config.require("x"))).failure, { kind: "reject", message: "the route has no setting `x`" });
});

test("the clock stands still, and random numbers follow from the seed", () => {
  const sample = handler(() => [clock.now().getTime(), clock.monotonicMs(), random.number(), random.uuid(), random.bytes(70000).length]);
  const [now, monotonic, number, uuid, length] = run(sample, null, { now: new Date(5), seed: 1 }).output;
  assert.deepEqual([now, monotonic, length], [5, 0, 70000]);
  assert.ok(number >= 0 && number < 1);
  assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const again = (seed) => run(sample, null, { seed }).output.slice(2, 4);
  assert.deepEqual(again(1), again(1));
  assert.notDeepEqual(again(1), again(2));
});

test("a job has no fields that nobody reads", () => {
  assert.throws(() => run(echo, null, { secret: {} }), /has no `secret`/);
});
