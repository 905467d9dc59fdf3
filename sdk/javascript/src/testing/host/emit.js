// The stand-in for `wasmill:job/emit`. Ids follow from the parent's id and the key, or the number among its type's
// children; they are not those that a host would give.

import { hostError } from "../host-error.js";
import { current } from "../running.js";

export class Child {
  constructor(jobType, payload) {
    this.emitted = { id: "", jobType, payload: Uint8Array.from(payload), key: undefined, delayMs: 0 };
  }

  key(key) {
    this.emitted.key = key;
  }

  delayMs(milliseconds) {
    this.emitted.delayMs = milliseconds;
  }
}

export function submit({ emitted }) {
  const { job, children } = current();
  job.emit(emitted);
  const ofType = children.filter(({ jobType }) => jobType === emitted.jobType);
  if (emitted.key !== undefined && ofType.some(({ key }) => key === emitted.key)) {
    throw hostError("invalid", `two children of \`${emitted.jobType}\` have the key \`${emitted.key}\``);
  }
  const number = ofType.filter(({ key }) => key === undefined).length;
  emitted.id = `${job.jobId}/${emitted.jobType}/${emitted.key === undefined ? number : `key ${emitted.key}`}`;
  children.push(emitted);
  return emitted.id;
}
