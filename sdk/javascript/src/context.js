// What a handler may ask about the job it was given. Every handler may.

import * as host from "#host/context";

/** The job's id. The same at each attempt: a good key for whatever must happen once. */
export const jobId = () => host.jobId();
/** The job's type, such as `email.welcome`. */
export const jobType = () => host.jobType();
/** Which attempt this is. The first is 1. */
export const attempt = () => host.attempt();
/** How many attempts the job may make in all. */
export const maxAttempts = () => host.maxAttempts();
/** When the job was accepted. */
export const acceptedAt = () => new Date(host.acceptedAtMs());
/** The milliseconds left until the handler is stopped. */
export const deadlineLeftMs = () => host.deadlineLeftMs();
/** The idempotency key the caller gave, if any. */
export const idempotencyKey = () => host.idempotencyKey() ?? undefined;
/** The caller's W3C `traceparent`, if any. */
export const traceparent = () => host.traceparent() ?? undefined;
