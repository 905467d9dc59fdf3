// A function as a handler: what makes the payload its argument, and its answer the output.

import { Reject } from "./failure.js";
import { decode, encode } from "./text.js";

/** The name of what `handler` leaves on a function: takes the payload's bytes, and answers those of the output. */
export const ON_BYTES = Symbol.for("wasmill.handler");

/** Makes a handler: the payload is read as JSON, and the answer written as JSON. An empty payload reads as null. */
export function handler(handle) {
  return onBytes(handle, (payload) => jsonBytes(handle(parsed(payload))));
}

/** Makes a handler that takes and answers bytes as they are. */
handler.raw = (handle) =>
  onBytes(handle, (payload) => {
    const output = handle(payload) ?? new Uint8Array();
    if (output instanceof Uint8Array) return output;
    throw new Reject("the output is no Uint8Array, which `handler.raw` answers");
  });

function onBytes(handle, run) {
  if (typeof handle !== "function") throw new TypeError("`handler` takes the function that does the job");
  if (handle.constructor.name === "AsyncFunction") {
    throw new TypeError("a handler is no async function: every call to the host answers at once, so that nothing has to be awaited");
  }
  const handler = (job) => handle(job);
  return Object.defineProperty(handler, ON_BYTES, { value: run });
}

function parsed(payload) {
  if (payload.length === 0) return null;
  try {
    return JSON.parse(decode(payload));
  } catch (error) {
    throw new Reject(`the payload does not decode: ${error.message}`);
  }
}

function jsonBytes(output) {
  if (typeof output?.then === "function") {
    throw new Reject("the handler answered a promise, and nothing waits for it; answer the value itself");
  }
  try {
    return encode(JSON.stringify(output ?? null) ?? "null");
  } catch (error) {
    throw new Reject(`the output does not encode: ${error.message}`);
  }
}
