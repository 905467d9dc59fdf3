// What the handler answers, and what it rejects.

import assert from "node:assert/strict";
import { test } from "node:test";

import { run } from "@wasmill/sdk/testing";

import welcome from "./app.js";

test("an address is welcomed", () => {
  const { output, log } = run(welcome, { email: "ada@example.org" });
  assert.deepEqual(output, { subject: "Welcome, ada!" });
  assert.equal(log[0].message, "writing to ada@example.org");
});

test("what is no address is rejected", () => {
  assert.deepEqual(run(welcome, { email: "nobody" }).failure, { kind: "reject", message: "`nobody` is no address" });
});
