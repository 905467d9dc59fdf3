// Settings of the job type, as its route says (`grants.config`). They are no secrets: they stand in the catalog.

import * as host from "#host/config";
import { Reject, text } from "./failure.js";

/** The value of a setting; undefined if the route has no such setting. */
export const get = (name) => host.get(text(name, "a setting's name")) ?? undefined;

/** The value of a setting; the job is rejected if the route has no such setting. */
export function require(name) {
  const value = get(name);
  if (value === undefined) throw new Reject(`the route has no setting \`${name}\``);
  return value;
}

/** The names of all settings, in order. */
export const names = () => host.names();
