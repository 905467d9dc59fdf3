// The types of `@wasmill/sdk/testing`.

import type { Handler } from "./index.js";

/** A job under test; every field has a default. */
export interface Job {
  jobId?: string;
  jobType?: string;
  attempt?: number;
  maxAttempts?: number;
  acceptedAt?: Date;
  deadlineLeftMs?: number;
  idempotencyKey?: string;
  traceparent?: string;
  config?: Record<string, string>;
  secrets?: Record<string, string>;
  /** Answers HTTP requests with a `response(…)`, or throws a `hostError(…)`. */
  http?: (request: Request) => Response;
  /** Looks at each child; throws a `hostError(…)` to refuse it. */
  emit?: (child: Child) => void;
  /** What the clock shows all the time. */
  now?: Date;
  /** What the random numbers follow from. */
  seed?: number;
}

/** A request as it would go over the wire: names of headers in small letters, secrets filled in. */
export interface Request {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: Uint8Array;
  timeoutMs: number;
}

export interface Response {
  status: number;
  headers: [name: string, value: string][];
  body: Uint8Array;
}

export interface Child {
  id: string;
  jobType: string;
  payload: Uint8Array;
  key: string | undefined;
  delayMs: number;
}

/** What became of a job. */
export interface Run<Output> {
  /** The output read as JSON; undefined after a failure. */
  output: Output | undefined;
  bytes: Uint8Array | undefined;
  failure: { kind: "retry" | "reject"; message: string; afterMs?: number } | undefined;
  log: { level: "debug" | "info" | "warn" | "error"; message: string }[];
  requests: Request[];
  /** None after a failure. */
  children: Child[];
}

export function run<Input, Output>(handler: Handler<Input, Output>, payload?: unknown, job?: Job): Run<Output>;
/** A body that is no string and no bytes becomes JSON. */
export function response(status: number, body?: unknown, headers?: Record<string, string | number>): Response;
export function hostError(kind: string, message: string): Error;
