// How much a page costs: its bytes with those of its style and script, before any compression.
import assert from "node:assert/strict";

/** A page with all that it needs is smaller than this. */
const PAGE_BYTES_MAX = 150_000;

export class Weight {
  /** Sizes by address. Style and script have a hash in their names, so that an address has one size for ever. */
  #assets = new Map();
  #documents = new Map();
  #page;
  /** What a page names of them; without scripts a browser asks for none. */
  #named;

  constructor(page, runsScripts) {
    this.#page = page;
    this.#named = runsScripts ? 'link[rel="stylesheet"], script[src]' : 'link[rel="stylesheet"]';
    page.on("response", (response) => {
      const kind = response.request().resourceType();
      const sizes = kind === "document" ? this.#documents : this.#assets;
      if (kind === "eventsource" || (response.status() >= 300 && response.status() < 400)) return;
      // Kept as it comes: while the page is left, there is nobody to ask any more.
      sizes.set(response.url(), response.body().then((body) => body.length, () => 0));
    });
  }

  /** Fails when the page that is shown is too heavy. */
  async check(path) {
    const document = (await this.#documents.get(this.#page.url())) ?? 0;
    const named = await this.#page.locator(this.#named).evaluateAll((all) => all.map((one) => one.href || one.src));
    const assets = await Promise.all(named.map((address) => this.#assets.get(address) ?? 0));
    assert.ok(document > 0 && assets.every((size) => size > 0), `${path}: the sizes of the page, its style and script are known`);
    const bytes = assets.reduce((sum, size) => sum + size, document);
    assert.ok(bytes < PAGE_BYTES_MAX, `${path} weighs ${bytes} bytes`);
  }
}
