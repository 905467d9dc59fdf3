// A process of a walk's own: what it says, the moment when it says something, and its end with the walk's.
import { spawn } from "node:child_process";
import { DEADLINE_MS } from "./until.js";

/** Lines of a process that are told when it fails. */
const TOLD = 30;

const running = new Set();

// However the walk ends, nothing is left behind.
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(130));

export class Process {
  #child;
  #said = "";
  #listeners = new Set();

  /** Starts it. `settings` are further variables of its environment. */
  constructor(command, args, settings = {}) {
    this.name = [command, ...args].join(" ");
    this.#child = spawn(command, args, { env: { ...process.env, ...settings }, stdio: ["ignore", "pipe", "pipe"] });
    running.add(this.#child);
    this.ended = new Promise((resolve) => this.#child.once("close", resolve)).then(() => running.delete(this.#child));
    this.#child.once("error", (error) => this.#hear(String(error)));
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream.on("data", (data) => this.#hear(String(data)));
  }

  #hear(text) {
    this.#said += text;
    this.#listeners.forEach((listener) => listener());
  }

  /** The first match of `pattern` in what it says. Fails when it ends before, or says nothing like that in time. */
  says(pattern) {
    return new Promise((resolve, reject) => {
      const fail = (why) => {
        const told = this.#said.split("\n").slice(-TOLD).join("\n");
        done(reject, new Error(`${this.name} ${why} before it said ${pattern}:\n${told}`));
      };
      const late = setTimeout(() => fail("took too long"), DEADLINE_MS);
      const done = (settle, value) => {
        clearTimeout(late);
        this.#listeners.delete(look);
        settle(value);
      };
      const look = () => {
        const found = this.#said.match(pattern);
        if (found) done(resolve, found);
      };
      this.#listeners.add(look);
      this.ended.then(() => fail("ended"));
      look();
    });
  }

  /** SIGTERM, and waits until it has ended. */
  async end() {
    this.#child.kill("SIGTERM");
    await this.ended;
  }
}
