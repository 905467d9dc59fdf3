// The stand-in for `wasmill:job/clock`: it stands still.

import { current } from "../running.js";

export const nowMs = () => current().job.now.getTime();
export const monotonicUs = () => 0;
