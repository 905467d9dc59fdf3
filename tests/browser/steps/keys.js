// By keyboard alone: everything is reached, what has the focus is seen, and the keys do what the help says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { everyPage } from "../page/every.js";

/** Everything that the keyboard should reach. */
const STOPS = 'a[href], button, input:not([type="hidden"]), select, textarea, summary, [tabindex="0"]';

/** A field for a moment has stops of its own within: one for each of its parts, and one for the calendar. */
const MOMENT_STOPS = 8;

/** Notes each element that gets the focus, and whether one sees that it has it. Answers how many stops there are at most. */
const noteFocus = ({ page }) =>
  page.evaluate(([stops, momentStops]) => {
    window.unseen = [];
    window.reached = new Set();
    document.addEventListener("focusin", ({ target }) => {
      window.reached.add(target);
      const { outlineStyle, outlineWidth, visibility } = getComputedStyle(target);
      const { top, left, bottom, right, width, height } = target.getBoundingClientRect();
      const isOnScreen = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth && width > 0 && height > 0;
      const isMarked = visibility === "visible" && outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
      if (!isOnScreen || !isMarked) window.unseen.push(target.outerHTML.slice(0, 120));
    });
    window.stops = [...document.querySelectorAll(stops)].filter((element) => element.checkVisibility());
    return window.stops.length + momentStops * document.querySelectorAll('input[type="datetime-local"]').length;
  }, [STOPS, MOMENT_STOPS]);

const result = ({ page }) =>
  page.evaluate(() => ({
    unseen: window.unseen,
    unreached: window.stops.filter((element) => !window.reached.has(element)).map((element) => element.outerHTML.slice(0, 120)),
  }));

export const byKeyboard = (come, seen) => {
  test("the tab key reaches everything, and what has the focus is seen", async () => {
    const person = await come();
    for (const [, path] of everyPage(seen)) {
      await person.goes(path);
      const stops = await noteFocus(person);
      assert.ok(stops > 10, `${path}: ${stops} stops`);
      // They are sent without waiting for each: a browser handles them one by one.
      await Promise.all(Array.from({ length: stops }, () => person.page.keyboard.press("Tab")));
      assert.deepEqual(await result(person), { unseen: [], unreached: [] }, path);
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
    const places = { t: "types", q: "queues", w: "workers", j: "jobs", d: "dead", m: "modules", h: "history" };
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
