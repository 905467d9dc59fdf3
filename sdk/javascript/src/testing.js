// Handlers under test, without a host: a job with all that a handler may reach.

import { failureOf } from "./failure.js";
import { ON_BYTES } from "./handler.js";
import { decode, encode } from "./text.js";
import { whileRunning } from "./testing/running.js";

export { hostError } from "./testing/host-error.js";

/** Runs a handler on a payload (JSON unless it is a Uint8Array) as this job. Errors become failures, as in a guest. */
export function run(handler, payload, job = {}) {
  const onBytes = handler?.[ON_BYTES];
  if (onBytes === undefined) throw new TypeError("`run` takes what `handler(…)` made");
  const bytes = payload instanceof Uint8Array ? payload : encode(JSON.stringify(payload ?? null));
  const { result, failure, running } = whileRunning(job, () => {
    try {
      return { result: onBytes(bytes) };
    } catch (error) {
      // A test's own mistake, such as an assertion in its `http`, is no failure of the job.
      if (error?.code === "ERR_ASSERTION") throw error;
      return { failure: failureOf(error) };
    }
  });
  const { log, requests, children } = running;
  return { output: parsed(result), bytes: result, failure, log, requests, children: failure ? [] : children };
}

function parsed(bytes) {
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(decode(bytes));
  } catch {
    return undefined; // The output is no JSON.
  }
}

/** A response for `job.http` to answer. A body that is no string and no bytes becomes JSON. */
export function response(status, body = "", headers = {}) {
  const plain = typeof body === "string" || body instanceof Uint8Array;
  const all = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]);
  if (!plain) all.unshift(["content-type", "application/json"]);
  const bytes = body instanceof Uint8Array ? body : encode(plain ? body : JSON.stringify(body));
  return { status, headers: all, body: bytes };
}
