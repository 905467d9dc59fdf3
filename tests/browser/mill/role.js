// Starting a role of the binary at a free port: port 0, and the address that it announces.
import { Process } from "./process.js";
import { until } from "./until.js";

/** The process of `wasmill ROLE …`, and the address that it listens at. */
export const role = async (args, settings) => {
  const process_ = new Process(process.env.WASMILL, args, settings);
  const [, origin] = await process_.says(/listen(?:s|ing) on (http:\/\/[^\s]+)/);
  return { process: process_, origin };
};

/** Waits until it says that work may be sent to it. */
export const ready = (origin) => until(`${origin} is ready`, async () => (await fetch(`${origin}/readyz`)).ok);
