// The stand-in for `wasmill:job/config`.

import { current } from "../running.js";

export const get = (name) => current().job.config[name] ?? null;
export const names = () => Object.keys(current().job.config).sort();
