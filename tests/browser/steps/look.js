// Every page, looked at in every way that a picture of it can differ: in light, in dark, on a narrow screen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isAccessible } from "../page/accessible.js";
import { TROUBLES, everyPage } from "../page/every.js";
import { picture as taken } from "../page/picture.js";

const WIDE = { width: 1280, height: 800 };
/** A small telephone. */
const NARROW = { width: 390, height: 844 };

/** Pages of which there is a picture on a narrow screen, too. */
const NARROW_ONES = ["overview", "types", "type", "job-dead", "dead"];

/** What moves, for whoever wants that nothing does. */
const moving = ({ page }) =>
  page.evaluate(() =>
    [...document.querySelectorAll("*")]
      .filter((element) => {
        const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(element);
        return animationName !== "none" || !/^0s(, 0s)*$/.test(transitionDuration) || scrollBehavior === "smooth";
      })
      .map((element) => element.outerHTML.slice(0, 80)),
  );

/** `come` answers a new visitor, who may do everything; `seen` is filled when the tests run; pictures are taken on request. */
export const looking = (come, seen, { withPictures }) => {
  const picture = (person, name) => withPictures && taken(person, name);

  test("every page, in light, in dark and narrow", async (t) => {
    const person = await come();
    const { page } = person;
    for (const [name, path, status] of [...everyPage(seen), ...TROUBLES]) {
      await t.test(`${name}: ${path.replace(/[0-9a-f-]{36}/, "ID")}`, async () => {
        await page.setViewportSize(WIDE);
        await page.emulateMedia({ colorScheme: "light" });
        await person.goes(path, status);
        await isAccessible(person, path);
        assert.deepEqual(await moving(person), []);
        await picture(person, `${name}-light`);

        await page.emulateMedia({ colorScheme: "dark" });
        await isAccessible(person, `${path} in dark`, "cat.color");
        await picture(person, `${name}-dark`);

        await page.setViewportSize(NARROW);
        const width = await page.evaluate(() => document.scrollingElement.scrollWidth);
        assert.ok(width <= NARROW.width, `on a screen of ${NARROW.width} it is ${width} wide`);
        if (NARROW_ONES.includes(name)) await picture(person, `${name}-narrow`);
        person.faults.none();
      });
    }
    await person.leaves();
  });
};
