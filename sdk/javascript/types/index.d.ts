// The types of `@wasmill/sdk`; what each thing does stands in `src/`, and in README.md.

/** A handler, as a module exports it by default. Still an ordinary function: tests call it. */
export interface Handler<Job, Output> {
  (job: Job): Output;
}

/** Makes a handler: the payload is read as JSON, and the answer written as JSON. */
export function handler<Job = unknown, Output = unknown>(handle: (job: Job) => Output): Handler<Job, Output>;
export namespace handler {
  /** Makes a handler that takes and answers bytes as they are. */
  function raw(handle: (payload: Uint8Array) => Uint8Array | void): Handler<Uint8Array, Uint8Array | void>;
}

/** The job may succeed at a later attempt. */
export class Retry extends Error {
  constructor(message: string, options?: { afterMs?: number; cause?: unknown });
  readonly afterMs: number | undefined;
}

/** The job can never succeed: it becomes a dead letter at once. */
export class Reject extends Error {
  constructor(message: string, options?: { cause?: unknown });
}

/** About the job. */
export namespace context {
  function jobId(): string;
  function jobType(): string;
  function attempt(): number;
  function maxAttempts(): number;
  function acceptedAt(): Date;
  function deadlineLeftMs(): number;
  function idempotencyKey(): string | undefined;
  function traceparent(): string | undefined;
}

/** Lines for the job's log, joined as `console.log` joins them. */
export namespace log {
  function debug(...parts: unknown[]): void;
  function info(...parts: unknown[]): void;
  function warn(...parts: unknown[]): void;
  function error(...parts: unknown[]): void;
}

/** Settings of the job type (`grants.config`). */
export namespace config {
  function get(name: string): string | undefined;
  /** Rejects the job if there is no such setting. */
  function require(name: string): string;
  function names(): string[];
}

/** Secrets of the job type (`grants.secrets`). */
export namespace secrets {
  class Secret {
    private constructor();
    reveal(): string;
  }
  /** Rejects the job if there is no grant for it. */
  function get(name: string): Secret;
}

/** Calls to HTTP services (`grants.http`). */
export namespace http {
  interface Options {
    headers?: Record<string, string | number>;
    /** Header to prefix and secret: `{ authorization: ["Bearer ", token] }`. */
    secretHeaders?: Record<string, [prefix: string, secret: secrets.Secret]>;
    body?: string | Uint8Array;
    /** The body as JSON, with its `content-type`. */
    json?: unknown;
    /** Default 30,000. */
    timeoutMs?: number;
  }
  class Response {
    private constructor();
    readonly status: number;
    /** Whether the status is 2xx. */
    readonly ok: boolean;
    header(name: string): string | undefined;
    headers(): [name: string, value: string][];
    bytes(): Uint8Array;
    text(): string;
    json<T = any>(): T;
    /** This if its status is 2xx; else a Retry (5xx, 408, 429) or a Reject is thrown. */
    errorForStatus(): Response;
  }
  /** What is thrown when there is no response. Uncaught, `denied`, `invalid` and `too-large` reject the job. */
  interface HttpError extends Error {
    readonly kind: "denied" | "invalid" | "timeout" | "failed" | "too-large" | "other";
  }
  function send(method: string, url: string, options?: Options): Response;
  function get(url: string, options?: Options): Response;
  function post(url: string, options?: Options): Response;
  function put(url: string, options?: Options): Response;
  function patch(url: string, options?: Options): Response;
  function del(url: string, options?: Options): Response;
}

/** Child jobs (`grants.emit`). */
export namespace emit {
  interface Options {
    /** Makes the child's id follow from this instead of its number among its type's children. */
    key?: string;
    /** Not before so many milliseconds after this job completed. */
    delayMs?: number;
  }
  /** What is thrown when a child is not taken. Uncaught, all but `other` reject the job. */
  interface EmitError extends Error {
    readonly kind: "denied" | "invalid" | "too-many" | "other";
  }
  /** Answers the id that the child will have. */
  function child(jobType: string, payload: unknown, options?: Options): string;
}

/** The time (`grants.clock`). */
export namespace clock {
  function now(): Date;
  function monotonicMs(): number;
}

/** Random numbers (`grants.random`). */
export namespace random {
  function bytes(count: number): Uint8Array;
  /** From 0 up to, but not, 1. */
  function number(): number;
  function uuid(): string;
}
