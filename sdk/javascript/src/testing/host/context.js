// The stand-in for `wasmill:job/context`.

import { current } from "../running.js";

export const jobId = () => current().job.jobId;
export const jobType = () => current().job.jobType;
export const attempt = () => current().job.attempt;
export const maxAttempts = () => current().job.maxAttempts;
export const acceptedAtMs = () => current().job.acceptedAt.getTime();
export const deadlineLeftMs = () => current().job.deadlineLeftMs;
export const idempotencyKey = () => current().job.idempotencyKey ?? null;
export const traceparent = () => current().job.traceparent ?? null;
