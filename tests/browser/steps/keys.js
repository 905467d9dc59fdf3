// By keyboard alone: everything is reached, what has the focus is seen, and the keys do what the help says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { everyPage } from "../page/every.js";

/** More stops than any page has. */
const STOPS_MAX = 400;

/** Tells the element that has the focus, and whether one sees that it has. Nothing when the page has it. */
const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const { outlineStyle, outlineWidth, visibility } = getComputedStyle(element);
    const { top, left, bottom, right, width, height } = element.getBoundingClientRect();
    const isOnScreen = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth && width > 0 && height > 0;
    const isSeen = isOnScreen && visibility === "visible" && outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
    element.dataset.reached = "";
    return { isSeen, html: element.outerHTML.slice(0, 120), outline: `${outlineStyle} ${outlineWidth}`, top, left };
  });

const unreached = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('a[href], button, input:not([type="hidden"]), select, textarea, [tabindex="0"]')]
      .filter((element) => !("reached" in element.dataset) && element.checkVisibility())
      .map((element) => element.outerHTML.slice(0, 120)),
  );

export const byKeyboard = (come, seen) => {
  test("the tab key reaches everything, and what has the focus is seen", async () => {
    const person = await come();
    for (const [, path] of everyPage(seen)) {
      await person.goes(path);
      let stops = 0;
      for (let at; stops < STOPS_MAX; stops += 1) {
        await person.page.keyboard.press("Tab");
        at = await focused(person.page);
        if (!at) break;
        assert.ok(at.isSeen, `${path}: the focus is not seen: ${JSON.stringify(at)}`);
      }
      assert.ok(stops > 0 && stops < STOPS_MAX, `${path}: ${stops} stops`);
      assert.deepEqual(await unreached(person.page), [], path);
    }
    await person.leaves();
  });

  test("the first stop leads past the navigation", async () => {
    const person = await come();
    await person.goes("/console/jobs");
    await person.page.keyboard.press("Tab");
    await person.page.keyboard.press("Enter");
    await person.page.keyboard.press("Tab");
    const isInMain = await person.page.evaluate(() => document.activeElement.closest("main") !== null);
    assert.ok(isInMain);
    await person.leaves();
  });

  test("g and a letter go to a page, ? tells the keys, / goes to the search", async () => {
    const person = await come();
    const { page } = person;
    await person.goes("/console");
    const places = { t: "types", q: "queues", j: "jobs", d: "dead", m: "modules", h: "history" };
    for (const [key, place] of [...Object.entries(places), ["o", ""]]) {
      await page.keyboard.press("g");
      await Promise.all([page.waitForURL(`**/console${place && `/${place}`}`), page.keyboard.press(key)]);
      await page.waitForLoadState("load");
    }
    const help = page.getByRole("dialog", { name: "Keys" });
    await page.keyboard.press("?");
    await help.waitFor();
    assert.match(await help.innerText(), /g t\s+job types/);
    await page.keyboard.press("Escape");
    await help.waitFor({ state: "hidden" });
    await page.keyboard.press("/");
    // What is typed there is no key.
    await page.keyboard.type("gt?p");
    assert.equal(await page.getByLabel("Job id").inputValue(), "gt?p");
    assert.equal(await help.isVisible(), false);
    await person.leaves();
  });
};
