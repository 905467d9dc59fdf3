// Calls to HTTP services, to the addresses that the job type is granted (`grants.http`). They answer at once, with the
// whole response; redirects are not followed.

import * as host from "#host/http";
import { Reject, Retry, fromHost, text, wholeMs } from "./failure.js";
import { Secret } from "./secrets.js";
import { bytesOf, decode, encode } from "./text.js";

const TEXTS = {
  denied: "the request is not allowed",
  invalid: "the request is not valid",
  timeout: "no answer in time",
  failed: "the request failed",
  "too-large": "the answer is too large",
};
const REJECTS = ["denied", "invalid", "too-large"];
const REQUEST_TIMEOUT = 408;
const TOO_MANY_REQUESTS = 429;

/** Sends a request and waits for the response, whatever its status. */
export function send(method, url, { headers = {}, secretHeaders = {}, body, json, timeoutMs } = {}) {
  try {
    const request = new host.Request(text(method, "a method"), text(url, "an address"));
    for (const [name, value] of Object.entries(headers)) request.header(name, String(value));
    for (const [name, [prefix, secret]] of Object.entries(secretHeaders)) request.secretHeader(name, text(prefix, "a prefix"), Secret.handle(secret));
    if (json !== undefined) {
      request.header("content-type", "application/json");
      request.body(encode(JSON.stringify(json)));
    } else if (body !== undefined) {
      request.body(bytesOf(body));
    }
    if (timeoutMs !== undefined) request.timeoutMs(wholeMs(timeoutMs));
    return new Response(host.send(request));
  } catch (error) {
    throw fromHost(error, "HttpError", TEXTS, REJECTS);
  }
}

export const get = (url, options) => send("GET", url, options);
export const post = (url, options) => send("POST", url, options);
export const put = (url, options) => send("PUT", url, options);
export const patch = (url, options) => send("PATCH", url, options);
// Not `delete`, which is no name in JavaScript.
export const del = (url, options) => send("DELETE", url, options);

/** What came back. */
export class Response {
  #response;

  constructor(response) {
    this.#response = response;
  }

  get status() {
    return this.#response.status();
  }

  /** Whether the status is 2xx. */
  get ok() {
    return this.status >= 200 && this.status < 300;
  }

  /** The first header of this name, in any case of letters. */
  header(name) {
    return this.#response.header(text(name, "a header's name")) ?? undefined;
  }

  /** All headers in the order they came, as pairs, names in small letters. */
  headers() {
    return this.#response.headers();
  }

  /** The body's bytes. */
  bytes() {
    return Uint8Array.from(this.#response.body());
  }

  text() {
    return decode(this.bytes());
  }

  /** The body read as JSON. One that does not decode is a retry: services answer HTML while they are in trouble. */
  json() {
    try {
      return JSON.parse(this.text());
    } catch (error) {
      throw new Retry(`the service's answer does not decode: ${error.message}`);
    }
  }

  /** This response if its status is 2xx. Else 5xx, 408 and 429 are retries, not before what `retry-after` says in seconds,
   *  and everything else is a reject. */
  errorForStatus() {
    const { status } = this;
    if (this.ok) return this;
    const message = `the service answered with status ${status}`;
    if (status < 500 && status !== REQUEST_TIMEOUT && status !== TOO_MANY_REQUESTS) throw new Reject(message);
    const after = this.header("retry-after")?.trim() ?? "";
    throw new Retry(message, { afterMs: /^\d+$/.test(after) ? Number(after) * 1000 : undefined });
  }
}
