// What a handler throws when it cannot complete a job.

/** The job may succeed at a later attempt; not before `afterMs` milliseconds, if given. */
export class Retry extends Error {
  constructor(message, { afterMs, cause } = {}) {
    super(message, { cause });
    this.name = "Retry";
    this.afterMs = afterMs;
  }
}

/** The job can never succeed: it becomes a dead letter at once. */
export class Reject extends Error {
  constructor(message, { cause } = {}) {
    super(message, { cause });
    this.name = "Reject";
  }
}

/** A mistake that a host function told of. `kind` is the contract's name of it; some kinds reject the job, all others retry it. */
export class HostError extends Error {
  constructor(name, kind, message, rejects) {
    super(message);
    this.name = name;
    this.kind = kind;
    this.rejects = rejects.includes(kind);
  }
}

/** What the host threw, as an error of this name; `texts` begins its sentence by kind. */
export function fromHost(thrown, name, texts, rejects) {
  if (thrown instanceof HostError) return thrown;
  const { tag, val } = thrown?.payload ?? {};
  if (tag === undefined) return thrown;
  return new HostError(name, tag, texts[tag] ? `${texts[tag]}: ${val}` : val, rejects);
}

/** The failure that an error means for the job: any error but a Reject is a retry, as most of them pass. */
export function failureOf(error) {
  if (error instanceof Reject || (error instanceof HostError && error.rejects)) return { kind: "reject", message: error.message };
  if (error instanceof Retry) return { kind: "retry", message: error.message, afterMs: wholeMs(error.afterMs) };
  return { kind: "retry", message: messageOf(error), afterMs: undefined };
}

function messageOf(error) {
  if (!(error instanceof Error)) return String(error);
  const own = error instanceof HostError ? error.message : `${error.name}: ${error.message}`;
  return error.cause === undefined ? own : `${own}: ${messageOf(error.cause)}`;
}

/** Milliseconds as the contract wants them: whole, and not negative. */
export function wholeMs(ms) {
  if (ms === undefined || ms === null) return undefined;
  if (!Number.isFinite(ms)) throw new TypeError(`${ms} is no number of milliseconds`);
  return Math.max(0, Math.round(ms));
}

/** A text, for a call to the host: a value of another type would stop the module there, without a message. */
export function text(value, what) {
  if (typeof value === "string") return value;
  throw new TypeError(`${what} is a text, not ${value === null ? "null" : typeof value}`);
}
