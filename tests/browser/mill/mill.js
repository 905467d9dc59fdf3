// A mill that is spoken to as its operators do: by the commands of the binary.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.js";

const BINARY = process.env.WASMILL;
const GUESTS = process.env.WASMILL_GUESTS;

/** A folder for a mill's data; whoever made it removes it. */
export const folder = () => mkdtemp(join(tmpdir(), "wasmill-walk-"));

/** Runs the binary, with `input` on its standard input, and answers what it printed. */
export const wasmill = (args, { settings = {}, input = "" } = {}) =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, ...settings };
    const child = execFile(BINARY, args, { env, maxBuffer: 64 << 20 }, (error, said, complained) => {
      if (error) reject(new Error(`wasmill ${args.join(" ")}: ${complained || error}`));
      else resolve(said);
    });
    // A command that refuses does not read all of it.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });

export class Mill {
  /** `parts` are its processes in the order in which they end; `token` is one that may do everything. */
  constructor({ origin, token, at, parts, profile }) {
    Object.assign(this, { origin, token, at, parts, profile });
  }

  /** A command to this mill. */
  tell(args, input) {
    const settings = { WASMILL_SERVER: this.origin, ...(this.token && { WASMILL_TOKEN: this.token }) };
    return wasmill(args, { settings, input });
  }

  /** Deploys a guest as `name@1.0.0`. */
  deploy(name) {
    return this.tell(["deploy", join(GUESTS, `${name}.wasm`), "--name", `${name}@1.0.0`]);
  }

  /** Applies a catalog file with this text, and waits until it is in force. */
  async apply(text, message) {
    const file = join(this.at, "mill.toml");
    await writeFile(file, text);
    await this.tell(["apply", file, "--yes", ...(message ? ["--message", message] : [])]);
    await this.followed();
  }

  /** Waits until every worker obeys the routing table as it is now: until then some run what the one before says. */
  followed() {
    return until("the workers follow", async () => {
      const { revision } = JSON.parse(await this.tell(["status", "--json"]));
      const { workers } = JSON.parse(await this.tell(["workers", "--json"]));
      return workers.length > 0 && workers.every((worker) => worker.revision >= revision);
    });
  }

  /** Enqueues one job, and answers its id. */
  async enqueue(type, payload) {
    const said = await this.tell(["enqueue", type, "--payload", "-", "--json"], payload);
    return JSON.parse(said).id;
  }

  /** Enqueues a job for each payload. */
  async enqueueAll(type, payloads) {
    await this.tell(["enqueue", type, "--batch", "-"], payloads.map((payload) => JSON.stringify(payload)).join("\n"));
  }

  /** Makes a token that may less, and answers it. */
  async tokenFor(name, roles, types = []) {
    const args = [...roles.flatMap((role) => ["--role", role]), ...types.flatMap((type) => ["--type", type])];
    return JSON.parse(await this.tell(["token", "create", name, ...args, "--json"])).token;
  }

  /** Waits until a job is in this state. */
  reaches(type, id, state) {
    return until(`job ${id} is ${state}`, async () => {
      const job = JSON.parse(await this.tell(["job", "show", type, id, "--json"]));
      return job.state === state && job;
    });
  }

  async end() {
    for (const part of this.parts) await part.end();
    await rm(this.at, { recursive: true, force: true });
  }
}
