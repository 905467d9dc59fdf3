// The walk would see it: each kind of fault, made on purpose on a page of a real mill, is found. And a person would: the page of
// workers follows what runs.
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

/** It runs until it is cancelled. */
const ENDLESS = `
[type.endless]
handlers = [{ module = "spin@1.0.0" }]
limits = { timeout = "10m", fuel = 1_000_000_000_000_000 }
`;

for (const [what, [breaks, told]] of Object.entries(BREAKS)) {
  test(what, async () => {
    const person = await Visitor.come(browser, mill);
    await person.goes("/console");
    await person.page.evaluate(breaks);
    const found = [];
    await until(what, () => found.push(...person.faults.take()) > 0 && told.test(found.join("\n")));
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

test("what begins to run, and for how long, is seen on the page of workers without a reload", async () => {
  await mill.deploy("spin");
  await mill.apply(ENDLESS);
  const person = await Visitor.come(browser, mill);
  const { page } = person;
  await person.goes("/console/workers");
  await person.sees("[data-fresh=running]", "Nothing.");
  await page.evaluate(() => (window.isSame = true));

  const id = await mill.enqueue("endless", "null");
  const row = page.locator("[data-fresh=running] tbody tr", { hasText: id });
  await row.waitFor();
  const span = row.locator("td").last();
  const first = await span.textContent();
  await until("the time that it has run goes on", async () => (await span.textContent()) !== first);

  // Whoever is about to follow a link keeps it, while the other parts go on.
  const link = row.getByRole("link", { name: id });
  await link.focus();
  const asOf = page.locator("[data-fresh=workers] time").first();
  const focused = await asOf.textContent();
  await until("the part beside it goes on", async () => (await asOf.textContent()) !== focused);
  assert.ok(await link.evaluate((element) => element === document.activeElement), "the focus stays where it was");

  await link.evaluate((element) => element.blur());
  await mill.tell(["job", "cancel", "endless", id]);
  await row.waitFor({ state: "detached" });
  assert.ok(await page.evaluate(() => window.isSame), "it is the page that was opened");
  await person.leaves();
});
