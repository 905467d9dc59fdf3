// The walk would see it: each kind of fault, made on purpose on a page of a real mill, is found.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startEmbedded } from "../mill/embedded.js";
import { isAccessible } from "../page/accessible.js";
import { FLAG } from "../page/faults.js";
import { Visitor, openBrowser } from "../page/visitor.js";
import { until } from "../mill/until.js";

const [mill, browser] = await Promise.all([startEmbedded(), openBrowser()]);
after(() => Promise.all([mill.end(), browser.close()]));

const BREAKS = {
  "an inline script is refused by the policy, and that is told": [
    () => document.body.append(Object.assign(document.createElement("script"), { textContent: "alert(1)" })),
    /Content Security Policy/,
  ],
  "an image from elsewhere is refused by the policy, and that is told": [
    () => document.body.append(Object.assign(new Image(), { src: "https://stranger.example/x.png" })),
    /Content Security Policy/,
  ],
  "a link to elsewhere is a request to another origin": [
    () => document.location.assign("http://127.0.0.1:9/elsewhere"),
    /request to another origin/,
  ],
  "a dialog is told": [() => alert("stranger"), /dialog: stranger/],
  "an error of a script is told": [() => void setTimeout(() => missing.thing), /script: .*missing/],
};

for (const [what, [breaks, told]] of Object.entries(BREAKS)) {
  test(what, async () => {
    const person = await Visitor.come(browser, mill);
    await person.goes("/console");
    await person.page.evaluate(breaks);
    const found = [];
    await until(what, () => found.push(...person.faults.take()) > 0);
    assert.match(found.join("\n"), told);
    await person.context.close();
  });
}

test("hostile markup that ran would be seen by its flag", async () => {
  const person = await Visitor.come(browser, mill);
  await person.goes("/console");
  await person.page.evaluate((flag) => (window[flag] = true), FLAG);
  await assert.rejects(person.sawNothingRun());
  await person.leaves();
});

test("text that is hard to read is a violation", async () => {
  const person = await Visitor.come(browser, mill);
  await person.goes("/console");
  await person.page.evaluate(() => document.querySelector("h1").style.setProperty("color", "#cccccc"));
  await assert.rejects(isAccessible(person, "a grey heading"), /color-contrast/);
  await person.leaves();
});
