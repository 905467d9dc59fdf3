// The stand-in for `wasmill:job/secrets`.

import { hostError } from "../host-error.js";
import { current } from "../running.js";

export function get(name) {
  const value = current().job.secrets[name];
  if (value === undefined) throw hostError("denied", name);
  return { reveal: () => value };
}
