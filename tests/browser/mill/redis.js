// A real Redis with an append-only file in a folder of its own.
import { mkdir } from "node:fs/promises";
import { Process } from "./process.js";

/** Below the range from which the kernel gives ports to outgoing connections. */
const [PORT_FIRST, PORT_LAST] = [10_000, 32_000];

/** Redis cannot be told to take a free port, so ports are tried until one is. */
export const startRedis = async (at) => {
  await mkdir(at, { recursive: true });
  for (;;) {
    const port = String(PORT_FIRST + Math.floor(Math.random() * (PORT_LAST - PORT_FIRST)));
    const options = ["--bind", "127.0.0.1", "--appendonly", "yes", "--save", "", "--maxmemory", "256mb"];
    const redis = new Process("redis-server", ["--port", port, "--dir", at, ...options]);
    const [said] = await redis.says(/Ready to accept connections|Address already in use/);
    if (said.startsWith("Ready")) return { process: redis, url: `redis://127.0.0.1:${port}` };
    await redis.ended;
  }
};
