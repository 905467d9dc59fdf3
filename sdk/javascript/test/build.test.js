// Handlers become components that import what they use, and mistakes are told.
import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { build } from "../src/build.js";

async function source(text, name = "app.js") {
  const path = join(await mkdtemp(join(tmpdir(), "wasmill-test-")), name);
  await writeFile(path, text);
  return path;
}

/** The interfaces that a component imports: the names in its sections of number 10. */
function imported(component) {
  const names = [];
  for (let at = 8; at < component.length; ) {
    const section = component[at];
    let length = 0;
    let shift = 0;
    do {
      at += 1;
      length |= (component[at] & 0x7f) << shift;
      shift += 7;
    } while (component[at] & 0x80);
    at += 1;
    const body = component.subarray(at, at + length).toString("latin1");
    if (section === 10) names.push(...(body.match(/[a-z]+:[a-z]+\/[a-z-]+@[0-9]+\.[0-9]+\.[0-9]+/g) ?? []));
    at += length;
  }
  return names.sort();
}

test("a component imports what its handler uses", async () => {
  const text = `import { handler, http, log } from "@wasmill/sdk";
    export default handler((job: { url: string }) => { log.info(job.url); return http.get(job.url).status; });`;
  const { component, interfaces } = await build(await source(text, "app.ts"));
  assert.deepEqual(interfaces, ["http", "log"]);
  assert.equal(component.subarray(0, 8).toString("hex"), "0061736d0d000100");
  const names = ["failures", "http", "log", "secrets"].map((name) => `wasmill:job/${name}@1.0.0`);
  assert.deepEqual(imported(component), names);
  assert.ok(component.length < 2 << 20, `${component.length} bytes`);
});

test("mistakes are told", async () => {
  const mistakes = [
    ["export default (job) => job;", /default export is no handler/],
    ['import { handler } from "@wasmill/sdk"; export default handler(async () => 1);', /no async function/],
    ['import { nothing } from "@wasmill/sdk/testing"; export default nothing;', /its tests do/],
    ["export default {", /app.js:1|Unexpected end of file/],
  ];
  for (const [text, expected] of mistakes) await assert.rejects(build(await source(text)), expected, text);
});
