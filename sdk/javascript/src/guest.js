// What a module exports, in a guest: bytes to bytes, with every error as the failure it means. `src/build.js` bundles
// this with the handler.

import { failureOf } from "./failure.js";
import { ON_BYTES } from "./handler.js";
import * as log from "./log.js";

/** The exported interface `wasmill:job/handler` of a module's default export. */
export function exported(main) {
  const run = main?.[ON_BYTES];
  if (run === undefined) throw new TypeError("the module's default export is no handler: `export default handler((job) => …)`");
  return {
    handle(payload) {
      try {
        return run(payload);
      } catch (error) {
        const { kind, message, afterMs } = failureOf(error);
        if (kind === "reject") throw { tag: "reject", val: message };
        // Where in the handler it was: the failure's message has no room for that.
        if (error instanceof Error && error.name !== "Retry" && error.stack) log.error(`${message}\n${error.stack}`);
        throw { tag: "retry", val: { message, afterMs: afterMs ?? null } };
      }
    },
  };
}

/** `console`, which the engine lacks, writes to the job's log. */
globalThis.console ??= { debug: log.debug, log: log.info, info: log.info, warn: log.warn, error: log.error };
