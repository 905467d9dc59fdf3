// The stand-in for `wasmill:job/http`: the job's `http` answers.

import { hostError } from "../host-error.js";
import { current } from "../running.js";

/** The contract's default. */
const TIMEOUT_MS = 30_000;

export class Request {
  constructor(method, url) {
    this.sent = { method, url, headers: {}, body: new Uint8Array(), timeoutMs: TIMEOUT_MS };
  }

  header(name, value) {
    this.sent.headers[name.toLowerCase()] = value;
  }

  secretHeader(name, prefix, secret) {
    this.header(name, prefix + secret.reveal());
  }

  body(bytes) {
    this.sent.body = Uint8Array.from(bytes);
  }

  timeoutMs(milliseconds) {
    this.sent.timeoutMs = milliseconds;
  }
}

export function send({ sent }) {
  current().requests.push(sent);
  const { http } = current().job;
  if (http === undefined) throw hostError("denied", `${sent.url}: the test's job has no \`http\` that answers`);
  const { status, headers, body } = http(sent);
  return {
    status: () => status,
    header: (name) => headers.find(([known]) => known === name.toLowerCase())?.[1] ?? null,
    headers: () => headers,
    body: () => body,
  };
}
