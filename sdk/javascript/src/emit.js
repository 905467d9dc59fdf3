// Child jobs, of the types that the job type is granted (`grants.emit`). They are published in the step that completes
// this job, and only then; their ids follow from this job's id, so a repeated attempt makes no second child.

import * as host from "#host/emit";
import { fromHost, text, wholeMs } from "./failure.js";
import { encode } from "./text.js";

const TEXTS = { denied: "the child is not allowed", invalid: "the child is not valid", "too-many": "too many children" };
const REJECTS = ["denied", "invalid", "too-many"];

/** Takes a child along: a job of this type, with this payload as JSON, or its bytes if it is a Uint8Array. Answers the
 *  id it will have. */
export function child(jobType, payload, { key, delayMs } = {}) {
  const bytes = payload instanceof Uint8Array ? payload : encode(JSON.stringify(payload ?? null));
  try {
    const child = new host.Child(text(jobType, "a job type"), bytes);
    if (key !== undefined && key !== null) child.key(text(key, "a key"));
    if (delayMs !== undefined) child.delayMs(wholeMs(delayMs));
    return host.submit(child);
  } catch (error) {
    throw fromHost(error, "EmitError", TEXTS, REJECTS);
  }
}
