// What must not happen on any page: errors in the browser's console, among them violations of the policy for content,
// scripts that fail, dialogs, requests to others, and hostile bytes that get to run.
import assert from "node:assert/strict";

/** What hostile bytes would set if they ran. */
export const FLAG = "strangerRan";

export class Faults {
  #found = [];
  #status = 200;

  constructor(context, page, origin) {
    page.on("console", (message) => {
      if (message.type() !== "error" && message.type() !== "warning") return;
      // A browser calls each answer of 4xx an error, also those that are meant.
      const isMeant = this.#status >= 400 && message.text().includes(`status of ${this.#status}`);
      if (!isMeant) this.#add(page, `console: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.#add(page, `script: ${error}`));
    page.on("dialog", (dialog) => {
      this.#add(page, `dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on("popup", (other) => this.#add(page, `window: ${other.url()}`));
    context.on("request", (request) => {
      const { origin: to, protocol } = new URL(request.url());
      if (to !== origin && protocol !== "data:") this.#add(page, `request to another origin: ${request.url()}`);
    });
  }

  #add(page, what) {
    this.#found.push(`${page.url()}: ${what}`);
  }

  /** The status with which the next pages answer. */
  expect(status) {
    this.#status = status;
  }

  /** What was found until now, which then is forgotten. */
  take() {
    return this.#found.splice(0);
  }

  none() {
    assert.deepEqual(this.take(), []);
  }
}
