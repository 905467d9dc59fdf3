// Bytes of strangers: payloads, outputs and errors that would like to be markup, to run, or to hide what they say.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FLAG } from "../page/faults.js";
import { DEADLINE_MS } from "../mill/until.js";
import { picture } from "../page/picture.js";

const RUNS = `window.${FLAG}=true`;
const MARKUP = `<script>${RUNS};alert(1)</script><img src=x onerror="${RUNS}"><svg onload="${RUNS}"></svg></pre></bdi><h1>pwned</h1>`;
/** Characters that turn the direction of text, or are not seen, or move a terminal's cursor. */
const DIRECTIONS = "photo\u202Egpj.exe \u2066isolated\u2069 zero\u200Bwidth";
const CONTROLS = "bell\u0007 escape\u001B[31m null\u0000 backspace\b\b\b";
const HOSTILE = `${MARKUP} ${DIRECTIONS} ${CONTROLS}`;
const HIDDEN = /[\u0000-\u0008\u000B-\u001F\u007F\u200B\u202A-\u202E\u2066-\u2069]/;

const CATALOG = (payload) => `
[type.stranger]
handlers = [{ module = "reject@1.0.0" }]
limits = { payload = "${payload}" }
[type.echo]
handlers = [{ module = "hello@1.0.0" }]
`;

/** What stands on the page is text, nothing of it ran, and nothing of it is hidden. */
const isHarmless = async (person, what) => {
  await person.sawNothingRun();
  const text = await person.page.locator("body").evaluate((body) => body.innerText);
  assert.doesNotMatch(text, HIDDEN, what);
  const made = await person.page.locator("main script, main img, main svg[onload], main h1:text-is('pwned')").count();
  assert.equal(made, 0, what);
  return text;
};

/** `payload` is what the profile takes: its limit as the catalog has it, and so many bytes that are sent. */
export const hostile = (mill, come, payload) => {
  test("hostile payloads, errors and outputs are text, on every page that shows them", async () => {
    await mill.deploy("reject");
    await mill.deploy("hello");
    await mill.apply(CATALOG(payload.limit), `${MARKUP} ${DIRECTIONS}`);
    const dead = await mill.enqueue("stranger", JSON.stringify({ message: HOSTILE, more: HOSTILE }));
    const echoed = await mill.enqueue("echo", JSON.stringify({ name: HOSTILE }));
    await mill.reaches("stranger", dead, "dead");
    await mill.reaches("echo", echoed, "completed");
    const person = await come();

    await person.goes(`/console/jobs/stranger/${dead}`);
    const shown = await isHarmless(person, "the page of the dead job");
    assert.ok(shown.includes("<script>"), "the error is shown as it is");
    await picture(person, "hostile-job");
    await person.goes(`/console/jobs/echo/${echoed}`);
    assert.ok((await isHarmless(person, "the page of the completed job")).includes("<script>"));
    for (const path of ["/console/dead", "/console/dead?type=stranger&code=rejected", "/console", "/console/history", "/console/history/1"]) {
      await person.goes(path);
      await isHarmless(person, path);
    }
    await person.goes("/console/dead");
    await picture(person, "hostile-dead");
    await person.follows("Redrive …");
    await isHarmless(person, "the preview");
    const asked = new URLSearchParams({ type: MARKUP, code: MARKUP, error: HOSTILE, name: MARKUP, id: MARKUP, state: MARKUP, look: MARKUP });
    for (const [path, status] of [["types", 200], ["dead", 400], ["jobs", 400], ["modules", 200]]) {
      await person.goes(`/console/${path}?${asked}`, status);
      await isHarmless(person, `${path} with a hostile question`);
    }
    await person.leaves();
  });

  test(`a payload of ${payload.bytes} bytes is cut, and the page stays light`, async () => {
    const many = MARKUP.replaceAll('"', "'");
    const text = JSON.stringify({ message: "large", text: many.repeat(payload.bytes / many.length) });
    const dead = await mill.enqueue("stranger", text);
    await mill.reaches("stranger", dead, "dead");
    const person = await come();
    await person.goes(`/console/jobs/stranger/${dead}`);
    assert.match(await isHarmless(person, "the page of a large payload"), /Only the beginning is shown\./);
    const [download] = await Promise.all([
      person.page.waitForEvent("download"),
      person.page.locator("section", { hasText: "Payload" }).getByRole("link", { name: "Download the whole" }).click(),
    ]);
    const whole = await (await person.context.request.get(download.url(), { timeout: DEADLINE_MS })).body();
    assert.equal(whole.toString(), text);
    await person.leaves();
  });
};
