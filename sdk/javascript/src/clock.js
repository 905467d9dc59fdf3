// The time, for job types that are granted it (`grants.clock`). In a handler that imports this, `Date` works, too.

import * as host from "#host/clock";

/** The time of day. */
export const now = () => new Date(host.nowMs());
/** Milliseconds since some moment, to the microsecond; never goes back. */
export const monotonicMs = () => host.monotonicUs() / 1000;
