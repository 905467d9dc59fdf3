// The rules of axe-core over the page that is shown.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";

const source = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * Fails with each serious or critical violation of the page. `rules` is a tag of axe-core for some of the rules: of the
 * same page in other colours only `cat.color` can differ.
 */
export const isAccessible = async ({ page }, what, rules) => {
  // By the protocol of the debugger: the page's own policy for scripts stays in force, and is not asked.
  const debug = await page.context().newCDPSession(page);
  const run = async (expression) => {
    const answer = await debug.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    assert.equal(answer.exceptionDetails, undefined, JSON.stringify(answer.exceptionDetails));
    return answer.result.value;
  };
  const options = { resultTypes: ["violations"], ...(rules && { runOnly: [rules] }) };
  if (!(await run("typeof axe === 'object'"))) await run(`${source}; undefined`);
  const violations = await run(`axe.run(document, ${JSON.stringify(options)}).then(({ violations, passes }) => ({
    passed: passes.length,
    bad: violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => id + ": " + nodes.map(({ html, failureSummary }) => html + " " + failureSummary).join("; ")),
  }))`);
  await debug.detach();
  assert.ok(violations.passed > 0, `${what}: axe looked at the page`);
  assert.deepEqual(violations.bad, [], what);
};
