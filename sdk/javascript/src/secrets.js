// Secrets of the job type (`grants.secrets` names them).

import * as host from "#host/secrets";
import { HostError, text } from "./failure.js";

/** A secret. Opaque: `http` takes it as it is, and it shows in no output. */
export class Secret {
  #secret;

  constructor(secret) {
    this.#secret = secret;
  }

  /** The value. From here on it is the handler's to guard. */
  reveal() {
    return this.#secret.reveal();
  }

  /** What the host's calls take. Not part of the interface. */
  static handle(secret) {
    return secret.#secret;
  }

  toString() {
    return "Secret(…)";
  }

  toJSON() {
    return "Secret(…)";
  }
}

/** The secret of this name; the job is rejected if its type has no grant for it. */
export function get(name) {
  text(name, "a secret's name");
  let secret;
  try {
    secret = host.get(name);
  } catch {
    const message = `the job type has no grant for a secret \`${name}\`; its route names them in \`grants.secrets\``;
    throw new HostError("SecretError", "denied", message, ["denied"]);
  }
  return new Secret(secret);
}
