// A mill of several processes with one wasmill.toml, between a real Kafka and a real Redis, that asks for tokens.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startKafka } from "./kafka.js";
import { Mill, folder, wasmill } from "./mill.js";
import { startRedis } from "./redis.js";
import { ready, role } from "./role.js";

const ROLES = ["enqueue", "deploy", "operate", "read"];

const configuration = ({ at, kafka, redis, sha256 }) => `
[data]
dir = "${join(at, "data")}"
[gateway]
listen = "127.0.0.1:0"
[relay]
listen = "127.0.0.1:0"
[worker]
listen = "127.0.0.1:0"
[log]
kind = "kafka"
[kafka]
brokers = ["${kafka.bootstrap}"]
replication = 1
min_insync = 1
[queue]
kind = "redis"
url = "${redis.url}"
[[auth.tokens]]
name = "admin"
roles = ${JSON.stringify(ROLES)}
sha256 = "${sha256}"
`;

export const startCluster = async () => {
  const at = await folder();
  const [kafka, redis] = await Promise.all([startKafka(), startRedis(join(at, "redis"))]);
  const made = ["token", "new", "--name", "admin", ...ROLES.flatMap((name) => ["--role", name]), "--json"];
  const { token, sha256 } = JSON.parse(await wasmill(made));
  const config = ["--config", join(at, "wasmill.toml")];
  await writeFile(config[1], configuration({ at, kafka, redis, sha256 }));
  await wasmill(["topics", "apply", ...config]);
  const [gateway, relay, worker] = await Promise.all(["gateway", "relay", "worker"].map((name) => role([name, ...config])));
  await Promise.all([gateway, relay, worker].map(({ origin }) => ready(origin)));
  const parts = [worker, relay, gateway, redis, kafka].map((part) => part.process);
  return new Mill({ origin: gateway.origin, token, at, parts, profile: "cluster" });
};
