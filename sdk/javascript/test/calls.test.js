// HTTP requests and child jobs: as they go out, and what their errors mean.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Retry, emit, handler, http, secrets } from "@wasmill/sdk";
import { hostError, response, run } from "@wasmill/sdk/testing";

const ask = handler(() => http.get("https://a.example/x").errorForStatus().json());
const answered = (answer) => run(ask, null, { http: answer });

test("a request goes out as it was built", () => {
  const post = handler(() => {
    const options = { headers: { "X-N": 1 }, secretHeaders: { Authorization: ["Bearer ", secrets.get("T")] }, timeoutMs: 1500 };
    http.post("https://a.example/x", { ...options, json: { n: 1 } });
    http.put("https://a.example/y", { body: "é" });
    http.del("https://a.example/z");
  });
  const { failure, requests } = run(post, null, { secrets: { T: "abc" }, http: () => response(204) });
  assert.equal(failure, undefined);
  const [first, second, third] = requests;
  assert.deepEqual([first.method, first.url, first.timeoutMs], ["POST", "https://a.example/x", 1500]);
  assert.deepEqual(first.headers, { "x-n": "1", authorization: "Bearer abc", "content-type": "application/json" });
  assert.equal(Buffer.from(first.body).toString(), '{"n":1}');
  assert.deepEqual([...second.body], [0xc3, 0xa9]);
  assert.deepEqual([third.method, third.timeoutMs], ["DELETE", 30000]);
});

test("a response tells all of itself", () => {
  const look = handler(() => {
    const got = http.get("https://a.example");
    return [got.status, got.ok, got.header("X-A"), got.headers(), got.text()];
  });
  const { output } = run(look, null, { http: () => response(302, "hi", { "X-A": "1" }) });
  assert.deepEqual(output, [302, false, "1", [["x-a", "1"]], "hi"]);
});

test("errors become the failures that fit", () => {
  for (const kind of ["denied", "invalid", "too-large"]) {
    assert.equal(answered(() => { throw hostError(kind, "w"); }).failure.kind, "reject", kind);
  }
  for (const kind of ["timeout", "failed", "other"]) {
    assert.equal(answered(() => { throw hostError(kind, "w"); }).failure.kind, "retry", kind);
  }
  assert.equal(answered(() => { throw hostError("timeout", "w"); }).failure.message, "no answer in time: w");
  assert.equal(run(ask).failure.kind, "reject");
});

test("an error can be caught by its kind", () => {
  const patient = handler(() => {
    try {
      http.get("https://a.example");
    } catch (error) {
      if (error.kind === "timeout") throw new Retry("slow", { afterMs: 5 });
      throw error;
    }
  });
  const { failure } = run(patient, null, { http: () => { throw hostError("timeout", "w"); } });
  assert.deepEqual(failure, { kind: "retry", message: "slow", afterMs: 5 });
});

test("a status becomes the failure that fits", () => {
  assert.deepEqual(answered(() => response(200, { a: 1 })).output, { a: 1 });
  for (const status of [301, 404, 422]) assert.equal(answered(() => response(status)).failure.kind, "reject");
  for (const status of [408, 429, 500, 503]) {
    assert.deepEqual(answered(() => response(status, "", { "Retry-After": 7 })).failure, {
      kind: "retry",
      message: `the service answered with status ${status}`,
      afterMs: 7000,
    });
  }
  assert.equal(answered(() => response(503, "", { "retry-after": "Fri, 31 Dec 1999 23:59:59 GMT" })).failure.afterMs, undefined);
  assert.match(answered(() => response(200, "<html>")).failure.message, /does not decode/);
});

test("children are taken along, and a failure has none", () => {
  const parent = handler((fail) => {
    const ids = [emit.child("t", { n: 1 }, { key: "a", delayMs: 5 }), emit.child("t", Uint8Array.of(255))];
    if (fail) throw new Retry("no");
    return ids;
  });
  const { output, children } = run(parent, false);
  assert.deepEqual(children.map(({ id }) => id), output);
  const [first, second] = children;
  assert.deepEqual([first.jobType, first.key, first.delayMs, Buffer.from(first.payload).toString()], ["t", "a", 5, '{"n":1}']);
  assert.deepEqual([second.key, second.delayMs, [...second.payload]], [undefined, 0, [255]]);
  assert.deepEqual(run(parent, true).children, []);
  assert.deepEqual(run(parent, false).output, output);
});

test("a refused child is a reject", () => {
  const parent = handler((keys) => keys.map((key) => emit.child("t", null, { key })));
  assert.match(run(parent, ["a", "a"]).failure.message, /two children of `t` have the key `a`/);
  const kind = (name) => run(parent, [null], { emit: () => { throw hostError(name, "w"); } }).failure.kind;
  assert.deepEqual(["denied", "invalid", "too-many", "other"].map(kind), ["reject", "reject", "reject", "retry"]);
});
