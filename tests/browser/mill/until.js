// Waiting for a condition: it is looked at again and again, and only that nothing comes for very long is a failure.
import { setTimeout as pause } from "node:timers/promises";

/** No condition takes longer on a machine that is not broken. */
export const DEADLINE_MS = 60_000;
const BETWEEN_MS = 50;

/** What `look` answers, once that is something. Until then an error of it is only remembered. */
export const until = async (what, look) => {
  const end = Date.now() + DEADLINE_MS;
  let last;
  while (Date.now() < end) {
    try {
      const found = await look();
      if (found) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await pause(BETWEEN_MS);
  }
  throw new Error(`not in time: ${what}`, { cause: last });
};
