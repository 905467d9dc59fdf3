// Errors as the host throws them.

/** What `job.http` or `job.emit` of a test throws: `kind` is the contract's name of the error. */
export function hostError(kind, message) {
  return Object.assign(new Error(message), { payload: { tag: kind, val: message } });
}
