// The stand-in for `wasmill:job/log`.

import { current } from "../running.js";

export const write = (level, message) => current().log.push({ level, message });
