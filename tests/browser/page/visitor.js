// Somebody at a browser: one context of Chromium, and whatever goes wrong in it.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { DEADLINE_MS } from "../mill/until.js";
import { FLAG, Faults } from "./faults.js";
import { Weight } from "./weight.js";

/** Chromium refuses to run as root with its own sandbox, and containers of tests run as root; it only opens our pages. */
const AS_ROOT = process.getuid() === 0 ? ["--no-sandbox"] : [];

/** The browser of the machine: none is downloaded. */
export const openBrowser = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: AS_ROOT, timeout: DEADLINE_MS });

export class Visitor {
  /** `options` are those of a context of Playwright: `colorScheme`, `viewport`, `javaScriptEnabled`, … */
  static async come(browser, mill, options = {}) {
    const context = await browser.newContext({
      baseURL: mill.origin,
      viewport: { width: 1280, height: 800 },
      reducedMotion: "reduce",
      ...options,
    });
    context.setDefaultTimeout(DEADLINE_MS);
    const page = await context.newPage();
    return Object.assign(new Visitor(), {
      context,
      page,
      mill,
      faults: new Faults(context, page, mill.origin),
      weight: new Weight(page, options.javaScriptEnabled !== false),
    });
  }

  /** Opens a page, which answers with this status, and is not heavy. */
  async goes(path, status = 200) {
    this.faults.expect(status);
    const response = await this.page.goto(path, { waitUntil: "load" });
    assert.equal(response.status(), status, `${path} as ${this.page.url()}`);
    await this.weight.check(path);
    return response;
  }

  /** Presses a button or follows a link, and waits for the page that comes. */
  async presses(name, { within = this.page, role = "button" } = {}) {
    await Promise.all([
      this.page.waitForEvent("framenavigated"),
      within.getByRole(role, { name, exact: typeof name === "string" }).first().click(),
    ]);
    await this.page.waitForLoadState("load");
  }

  follows(name, within) {
    return this.presses(name, { within, role: "link" });
  }

  /** What the page says about the last action. */
  flash() {
    return this.page.locator(".flash").textContent();
  }

  /** All that the page says. */
  text() {
    return this.page.locator("main").innerText();
  }

  /** Waits until an element shows this, without a reload. */
  async sees(selector, text) {
    await this.page.locator(selector).filter({ hasText: text }).first().waitFor();
  }

  /** Nothing that hostile bytes would run has run. */
  async sawNothingRun() {
    assert.equal(await this.page.evaluate((flag) => window[flag], FLAG), undefined, `${this.page.url()}: it ran`);
  }

  /** Signs in through the form. */
  async signsIn(token, status = 200) {
    await this.page.goto("/console/sign-in");
    await this.page.getByLabel("Token").fill(token);
    this.faults.expect(status);
    await this.presses("Sign in");
  }

  /** Goes away; what went wrong meanwhile fails the walk. */
  async leaves() {
    await this.context.close();
    this.faults.none();
  }
}
