// Lines for the job's log. Every handler may write some.

import * as host from "#host/log";

export const debug = (...parts) => host.write("debug", line(parts));
export const info = (...parts) => host.write("info", line(parts));
export const warn = (...parts) => host.write("warn", line(parts));
export const error = (...parts) => host.write("error", line(parts));

/** One line of several parts, as `console.log` would join them. */
function line(parts) {
  return parts.map(shown).join(" ");
}

function shown(part) {
  if (typeof part === "string") return part;
  if (part instanceof Error) return part.stack ? `${part}\n${part.stack}` : String(part);
  try {
    return JSON.stringify(part) ?? String(part);
  } catch {
    return String(part);
  }
}
